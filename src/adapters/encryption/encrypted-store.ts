/**
 * Encrypts the values that are written to another store. Keys stay as they are, because the store is read in their order; values of
 * no bytes stay too. What does not decrypt is given as bytes that no record begins with, so the engine, which decodes it, finds a damaged record.
 */
import type { Edit, Entry, Range, Store } from '../../ports/store.ts'
import type { ValueCipher } from './value-cipher.ts'

const undecipherable = 0xff

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

  *entries(range: Range): Generator<Entry> {
    for (const { key, value } of this.#inner.entries(range)) yield { key, value: decrypted(this.#cipher, key, value) }
  }
}

export class EncryptedStore extends DecryptingReader implements Store {
  readonly #inner: Store
  readonly #cipher: ValueCipher

  constructor(inner: Store, cipher: ValueCipher) {
    super(inner, cipher)
    this.#inner = inner
    this.#cipher = cipher
  }

  look(key: Uint8Array): Buffer | undefined {
    const value = this.#inner.look(key)
    return value && decrypted(this.#cipher, key, value)
  }

  keys(range: Range): Iterable<Buffer> {
    return this.#inner.keys(range)
  }

  write(batch: readonly Edit[]): Promise<void> {
    return this.#inner.write(batch.map(({ key, value }) => ({ key, value: value && this.#encrypted(key, value) })))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #encrypted(key: Uint8Array, value: Uint8Array): Uint8Array {
    return value.length === 0 ? value : this.#cipher.encrypt(key, value)
  }
}

function decrypted(cipher: ValueCipher, key: Uint8Array, value: Buffer): Buffer {
  return value.length === 0 ? value : (cipher.decrypt(key, value) ?? Buffer.of(undecipherable))
}
