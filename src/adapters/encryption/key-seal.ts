/** Seals with AES-256-GCM. One cipher a secret, so that its nonces are counted and none is used twice. */
import { createSecretKey } from 'node:crypto'
import { keySealsMax } from '../../core/limits/key-limits.ts'
import type { KeySeal } from '../../ports/key-service.ts'
import type { Random } from '../../ports/random.ts'
import { ValueCipher } from './value-cipher.ts'

export class AesKeySeal implements KeySeal {
  readonly #random: Pick<Random, 'bytes'>
  readonly #ciphers = new Map<string, ValueCipher>()

  constructor(random: Pick<Random, 'bytes'>) {
    this.#random = random
  }

  seal(secret: Buffer, place: Buffer, plain: Buffer): Buffer {
    return this.#cipherOf(secret).encrypt(place, plain)
  }

  open(secret: Buffer, place: Buffer, sealed: Buffer): Buffer | undefined {
    return this.#cipherOf(secret).decrypt(place, sealed)
  }

  #cipherOf(secret: Buffer): ValueCipher {
    const name = secret.toString('base64')
    const known = this.#ciphers.get(name)
    if (known !== undefined) return known
    const cipher = ValueCipher.of(createSecretKey(secret), this.#random)
    if (this.#ciphers.size >= keySealsMax) this.#ciphers.clear()
    this.#ciphers.set(name, cipher)
    return cipher
  }
}
