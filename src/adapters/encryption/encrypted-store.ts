/**
 * Encrypts the values that are written to another store. Keys stay as they are, because the store is read in their order; values of
 * no bytes stay too. What does not decrypt is given as bytes that no record begins with, so the engine, which decodes it, finds a damaged record.
 */
import type { Edit, Entry, Range, Store } from '../../ports/store.ts'
import {
  decryptedFirst,
  decryptedMax,
  decryptedTimes,
  renewedBytesMax,
  renewedValuesMax,
} from '../../core/limits/key-limits.ts'
import { isEncrypted, keyNumberOf, type ValueCipher } from './value-cipher.ts'

const undecipherable = 0xff
const noBytes = Buffer.alloc(0)

/** Where to go on, and how many values were looked at; none: the range is done. */
export type Renewed = { readonly next: Buffer | undefined; readonly looked: number }

type Renewal = {
  readonly edits: () => readonly Edit[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type Reader = Pick<Store, 'get' | 'entries'>

/** The reading half, which is all that another process has. */
export class DecryptingReader implements Reader {
  readonly #inner: Reader
  readonly #cipher: ValueCipher

  constructor(inner: Reader, cipher: ValueCipher) {
    this.#inner = inner
    this.#cipher = cipher
  }

  get(key: Uint8Array): Buffer | undefined {
    const value = this.#inner.get(key)
    return value && decrypted(this.#cipher, key, value)
  }

  /** What is lent by the other store is copied when it is decrypted. */
  entries(range: Range): Iterable<Entry> {
    const { expected = range.limit } = range
    return decryptedEntries(this.#inner.entries({ ...range, lent: true }), this.#cipher, expected)
  }
}

export class EncryptedStore extends DecryptingReader implements Store {
  readonly #inner: Store
  readonly #cipher: ValueCipher
  #underWay = 0
  #renewal: Renewal | undefined

  constructor(inner: Store, cipher: ValueCipher) {
    super(inner, cipher)
    this.#inner = inner
    this.#cipher = cipher
  }

  /** What the other store has is not copied before it is decrypted. */
  override get(key: Uint8Array): Buffer | undefined {
    return this.look(key)
  }

  /** A copy of the caller's own. */
  look(key: Uint8Array): Buffer | undefined {
    const value = this.#inner.look(key)
    return value && decrypted(this.#cipher, key, value)
  }

  keys(range: Range): Iterable<Buffer> {
    return this.#inner.keys(range)
  }

  async write(batch: readonly Edit[]): Promise<void> {
    const encrypted = this.#encrypted(batch)
    const renewal = this.#underWay === 0 ? this.#renewal : undefined
    if (renewal === undefined) return await this.#write(encrypted)
    this.#renewal = undefined
    // Before the batch, whose values count where both have one.
    const written = this.#write([...renewal.edits(), ...encrypted])
    written.then(renewal.resolve, renewal.reject)
    return await written
  }

  /**
   * Encrypts again, by the keys that encrypt now, a bounded part of the values of a range. It goes with the next batch, or by itself while no batch is
   * in flight, so that nothing newer is ever overwritten. One call at a time.
   */
  renew(range: Range): Promise<Renewed> {
    return new Promise((resolve, reject) => {
      let renewed: Renewed = { next: undefined, looked: 0 }
      this.#renewal = {
        edits: () => {
          const part = this.#renewedPart(range)
          renewed = part
          return part.edits
        },
        resolve: () => resolve(renewed),
        reject,
      }
      if (this.#underWay === 0) this.#renewNow()
    })
  }

  #renewNow(): void {
    if (this.#renewal === undefined) return
    this.write([]).catch(() => undefined)
  }

  #renewedPart(range: Range): Renewed & { readonly edits: readonly Edit[] } {
    const edits: Edit[] = []
    let [looked, sizeBytes] = [0, 0]
    let last: Buffer | undefined
    for (const { key, value } of this.#inner.entries({ ...range, limit: renewedValuesMax })) {
      last = key
      looked++
      sizeBytes += value.length
      const plain = this.#isOld(key, value) ? this.#cipher.decrypt(key, value) : undefined
      if (plain !== undefined) edits.push({ key: Buffer.from(key), value: plain })
      if (sizeBytes >= renewedBytesMax) break
    }
    return {
      edits: this.#encrypted(edits),
      looked,
      next: last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)]),
    }
  }

  #isOld(key: Uint8Array, value: Uint8Array): boolean {
    return isEncrypted(value) && keyNumberOf(value) !== this.#cipher.currentAt(key)
  }

  async #write(batch: readonly Edit[]): Promise<void> {
    this.#underWay++
    try {
      await this.#inner.write(batch)
    } finally {
      this.#underWay--
      // After those that wait for this batch, and may bring the next one.
      if (this.#renewal !== undefined && this.#underWay === 0)
        setImmediate(() => {
          if (this.#underWay === 0) this.#renewNow()
        })
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #encrypted(batch: readonly Edit[]): readonly Edit[] {
    const values = this.#cipher.encryptAll(batch)
    return batch.map((edit, n) => (hasBytes(edit) ? { key: edit.key, value: values[n] } : edit))
  }
}

function hasBytes({ value }: Edit): boolean {
  return value !== undefined && value.length > 0
}

function decrypted(cipher: ValueCipher, key: Uint8Array, value: Buffer): Buffer {
  return value.length === 0 ? noBytes : (cipher.decrypt(key, value) ?? Buffer.of(undecipherable))
}

/**
 * As many together as are expected, and no more. Where nothing is expected, or that many were handed out, a few at first, since many walks end soon, and then
 * more at a time. Flat, because it runs for every row that is read.
 */
function* decryptedEntries(entries: Iterable<Entry>, cipher: ValueCipher, expected = 0): Generator<Entry> {
  const together = cipher.together()
  const keys: Buffer[] = []
  let [left, more] = [expected, decryptedFirst]
  let takenMax = Math.min(left > 0 ? left : more, decryptedMax)
  for (const { key, value } of entries) {
    const alone = together.take(key, value) ? undefined : { key: copyOf(key), value: copyOf(value) }
    if (alone === undefined && keys.push(copyOf(key)) < takenMax) continue
    const values = together.open()
    for (let n = 0; n < values.length; n++)
      yield { key: keys[n] as Buffer, value: values[n] ?? Buffer.of(undecipherable) }
    // It may be large: no more is read before it is handed out.
    if (alone !== undefined) yield { key: alone.key, value: decrypted(cipher, alone.key, alone.value) }
    if (left > 0) left -= keys.length + (alone === undefined ? 0 : 1)
    else more = Math.min(more * decryptedTimes, decryptedMax)
    keys.length = 0
    takenMax = Math.min(left > 0 ? left : more, decryptedMax)
  }
  const values = together.open()
  for (let n = 0; n < values.length; n++)
    yield { key: keys[n] as Buffer, value: values[n] ?? Buffer.of(undecipherable) }
}

/** Out of the pool that Node keeps for small buffers. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafe(bytes.length)
  copy.set(bytes)
  return copy
}
