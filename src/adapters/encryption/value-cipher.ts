/**
 * Encrypts values with AES-256-GCM, each bound to its place:
 *
 *   marker u8 (0xe9) · number of the key u16 · nonce, 12 bytes · encrypted bytes · tag, 16 bytes
 *
 * The place (a key of the store, a name) goes into the tag and does not travel: a value that was moved to another place is refused. A nonce is six random
 * bytes of this object and a count of six bytes, so that none is used twice however many values there are. Small values are encrypted and decrypted
 * together (gcm-batch.ts), larger ones by Node's own cipher; the bytes are the same.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { gcmKeysMax } from '../../core/limits/key-limits.ts'
import type { Random } from '../../ports/random.ts'
import { gcmBatch as batch, GcmKey, headSizeBytes, nonceSizeBytes, suitsBatch, tagSizeBytes } from './gcm-batch.ts'

const marker = 0xe9
const algorithm = 'aes-256-gcm'
const nonceAt = headSizeBytes - nonceSizeBytes
const prefixSizeBytes = 6
const countMax = 2 ** 48 - 1

const overheadBytes = headSizeBytes + tagSizeBytes
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

export type Placed = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }

export class ValueCipher {
  readonly #keys: CipherKeys
  readonly #head: Buffer
  readonly #gcmKeys = new Map<number, GcmKey>()
  #count = 0

  constructor(keys: CipherKeys, random: Pick<Random, 'bytes'>) {
    this.#keys = keys
    this.#keyOf(keys.current)
    this.#head = Buffer.alloc(headSizeBytes)
    this.#head[0] = marker
    random.bytes(prefixSizeBytes).copy(this.#head, nonceAt)
  }

  /** Of one key alone. */
  static of(key: KeyObject, random: Pick<Random, 'bytes'>): ValueCipher {
    return new ValueCipher({ keys: new Map([[1, key]]), current: 1 }, random)
  }

  encrypt(place: Uint8Array, value: Uint8Array): Buffer {
    const number = this.currentAt(place)
    if (!suitsBatch(place, value.length)) return this.#encryptLarge(number, place, value)
    const key = this.#gcmKeyOf(number, this.#keyOf(number))
    batch.begin()
    batch.addPlain(place, this.#nextHead(number), value)
    return batch.seal(key)[0] as Buffer
  }

  /** Each for its place; those without a value, and values of no bytes, have none. */
  encryptAll(placed: readonly Placed[]): readonly (Buffer | undefined)[] {
    const encrypted: (Buffer | undefined)[] = []
    let batched: number[] = []
    let batchNumber = 0
    const seal = (): void => {
      if (batched.length === 0) return
      const values = batch.seal(this.#gcmKeyOf(batchNumber, this.#keyOf(batchNumber)))
      for (let n = 0; n < values.length; n++) encrypted[batched[n] as number] = values[n]
      batched = []
    }
    batch.begin()
    for (const { key, value } of placed) {
      const at = encrypted.push(undefined) - 1
      if (value === undefined || value.length === 0) continue
      const number = this.currentAt(key)
      if (!suitsBatch(key, value.length)) {
        encrypted[at] = this.#encryptLarge(number, key, value)
        continue
      }
      if (number !== batchNumber || !batch.fits(key, value.length)) seal()
      batchNumber = number
      batch.addPlain(key, this.#nextHead(number), value)
      batched.push(at)
    }
    seal()
    return encrypted
  }

  #encryptLarge(number: number, place: Uint8Array, value: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(value.length + overheadBytes)
    this.#nextHead(number).copy(bytes)
    const cipher = createCipheriv(algorithm, this.#keyOf(number), bytes.subarray(nonceAt, headSizeBytes))
    cipher.setAAD(place)
    cipher.update(value).copy(bytes, headSizeBytes)
    cipher.final()
    cipher.getAuthTag().copy(bytes, headSizeBytes + value.length)
    return bytes
  }

  /** Undefined for what was not encrypted for this place by one of the keys. */
  decrypt(place: Uint8Array, bytes: Uint8Array): Buffer | undefined {
    if (!isEncrypted(bytes)) return undefined
    const number = keyNumberOf(bytes)
    const key = this.#keys.keys.get(number)
    if (key === undefined) {
      this.#gcmKeys.delete(number)
      this.#keys.onMissing?.(number)
      return undefined
    }
    if (!suitsBatch(place, bytes.length - overheadBytes)) return decryptLarge(key, place, bytes)
    batch.begin()
    batch.addSealed(place, bytes)
    return batch.openOne(this.#gcmKeyOf(number, key))
  }

  /** Decrypts small values under one key together. To be filled and opened within one turn, with nothing else between. */
  together(): Together {
    let [number, taken] = [0, 0]
    return {
      take: (place, bytes) => {
        if (!isEncrypted(bytes)) return false
        const [itsNumber, sizeBytes] = [keyNumberOf(bytes), bytes.length - overheadBytes]
        if (!suitsBatch(place, sizeBytes) || !this.#keys.keys.has(itsNumber)) return false
        if (taken === 0) batch.begin()
        else if (itsNumber !== number || !batch.fits(place, sizeBytes)) return false
        number = itsNumber
        taken++
        batch.addSealed(place, bytes)
        return true
      },
      open: () => {
        if (taken === 0) return []
        if (taken !== batch.size) throw new Error('a batch was used by two at a time')
        taken = 0
        return batch.open(this.#gcmKeyOf(number, this.#keyOf(number)))
      },
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

  #gcmKeyOf(number: number, key: KeyObject): GcmKey {
    const known = this.#gcmKeys.get(number)
    if (known?.key === key) return known
    const made = new GcmKey(key)
    for (const other of this.#gcmKeys.keys())
      if (this.#gcmKeys.size >= gcmKeysMax || !this.#keys.keys.has(other)) this.#gcmKeys.delete(other)
    this.#gcmKeys.set(number, made)
    return made
  }

  /** With the next nonce. Gone at the next call. */
  #nextHead(number: number): Buffer {
    if (this.#count >= countMax) throw new Error('no nonce is left under this data key')
    this.#head.writeUInt16BE(number, 1)
    this.#head.writeUIntBE(++this.#count, nonceAt + prefixSizeBytes, nonceSizeBytes - prefixSizeBytes)
    return this.#head
  }
}

export type Together = {
  /** False for what is to be decrypted by itself. */
  readonly take: (place: Uint8Array, bytes: Uint8Array) => boolean
  /** What was taken, in that order; undefined as of `decrypt`. */
  readonly open: () => readonly (Buffer | undefined)[]
}

function decryptLarge(key: KeyObject, place: Uint8Array, bytes: Uint8Array): Buffer | undefined {
  const end = bytes.length - tagSizeBytes
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(nonceAt, headSizeBytes), {
    authTagLength: tagSizeBytes,
  })
  decipher.setAAD(place)
  decipher.setAuthTag(bytes.subarray(end))
  const value = decipher.update(bytes.subarray(headSizeBytes, end))
  try {
    decipher.final()
    return value
  } catch {
    return undefined
  }
}

/** Of what is encrypted. */
export const keyNumberOf = (bytes: Uint8Array): number => ((bytes[1] as number) << 8) | (bytes[2] as number)

/** Whether it looks as if it were: no record, message or blob begins so. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return bytes[0] === marker && bytes.length >= overheadBytes
}
