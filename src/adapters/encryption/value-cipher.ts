/**
 * Encrypts values with AES-256-GCM, each bound to its place:
 *
 *   marker u8 (0xe9) · number of the key u16 · nonce, 12 bytes · encrypted bytes · tag, 16 bytes
 *
 * The place (a key of the store, a name) goes into the tag and does not travel: a value that was moved to another place is refused. A nonce is six random
 * bytes of this object and a count of six bytes, so that none is used twice however many values there are.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

const marker = 0xe9
const algorithm = 'aes-256-gcm'
const nonceAt = 3
const nonceSizeBytes = 12
const prefixSizeBytes = 6
const bodyAt = nonceAt + nonceSizeBytes
const tagSizeBytes = 16
const countMax = 2 ** 48 - 1

const cipherOverheadBytes = bodyAt + tagSizeBytes
export const dataKeySizeBytes = 32

export type CipherKeys = {
  /** By their numbers, 1 to 65,535. */
  readonly keys: ReadonlyMap<number, KeyObject>
  /** The one that encrypts. */
  readonly current: number
  /** The one that encrypts at a place, where it is not that one. May throw KeyUnavailable. */
  readonly currentAt?: (place: Uint8Array) => number | undefined
  /** Told of the number of a key that is not among them. May throw KeyUnavailable: then nothing is said of the value. */
  readonly onMissing?: (number: number) => void
}

export class ValueCipher {
  readonly #keys: CipherKeys
  readonly #nonce: Buffer
  #count = 0

  constructor(keys: CipherKeys, random: Pick<Random, 'bytes'>) {
    this.#keys = keys
    this.#keyOf(keys.current)
    this.#nonce = Buffer.concat([random.bytes(prefixSizeBytes), Buffer.alloc(nonceSizeBytes - prefixSizeBytes)])
  }

  /** Of one key alone. */
  static of(key: KeyObject, random: Pick<Random, 'bytes'>): ValueCipher {
    return new ValueCipher({ keys: new Map([[1, key]]), current: 1 }, random)
  }

  encrypt(place: Uint8Array, value: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(value.length + cipherOverheadBytes)
    bytes[0] = marker
    const number = this.currentAt(place)
    bytes.writeUInt16BE(number, 1)
    this.#nextNonce().copy(bytes, nonceAt)
    const cipher = createCipheriv(algorithm, this.#keyOf(number), this.#nonce)
    cipher.setAAD(place)
    cipher.update(value).copy(bytes, bodyAt)
    cipher.final()
    cipher.getAuthTag().copy(bytes, bodyAt + value.length)
    return bytes
  }

  /** Undefined for what was not encrypted for this place by one of the keys. */
  decrypt(place: Uint8Array, bytes: Uint8Array): Buffer | undefined {
    if (!isEncrypted(bytes)) return undefined
    const number = keyNumberOf(bytes)
    const key = this.#keys.keys.get(number)
    if (key === undefined) {
      this.#keys.onMissing?.(number)
      return undefined
    }
    const end = bytes.length - tagSizeBytes
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(nonceAt, bodyAt), { authTagLength: tagSizeBytes })
    decipher.setAAD(place)
    decipher.setAuthTag(bytes.subarray(end))
    const value = decipher.update(bytes.subarray(bodyAt, end))
    try {
      decipher.final()
      return value
    } catch {
      return undefined
    }
  }

  /** Which key encrypts at the place. */
  currentAt(place: Uint8Array): number {
    return this.#keys.currentAt?.(place) ?? this.#keys.current
  }

  #keyOf(number: number): KeyObject {
    const key = this.#keys.keys.get(number)
    if (key === undefined) throw new Error(`there is no data key ${number}`)
    return key
  }

  #nextNonce(): Buffer {
    if (this.#count >= countMax) throw new Error('no nonce is left under this data key')
    this.#nonce.writeUIntBE(++this.#count, prefixSizeBytes, nonceSizeBytes - prefixSizeBytes)
    return this.#nonce
  }
}

/** Of what is encrypted. */
export const keyNumberOf = (bytes: Uint8Array): number => ((bytes[1] as number) << 8) | (bytes[2] as number)

/** Whether it looks as if it were: no record, message or blob begins so. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return bytes[0] === marker && bytes.length >= cipherOverheadBytes
}
