/**
 * The store with a checksum around each value that has none of its own. Rows, registers and entries of the log carry theirs (core/item/row.ts,
 * core/change/record.ts), the region's identity too; tombstones by age have no value. Of all others the store keeps
 *
 *   seal u8 (0xb5) · checksum u32 over key and value · value
 *
 * Index rows and sizes of item collections may lack it: version 0.1.0 wrote them so, each begins with a zero byte, and they are sealed when they are
 * written next. The upgrade has sealed all the rest (upgrade.ts).
 */
import { checksum } from '../../core/checksum.ts'
import type { Edit, Entry, Range, Store } from '../../ports/store.ts'
import { DamagedRecord } from './damaged-record.ts'
import type { FormerRows } from './former-rows.ts'
import { identityKey, isOfKind, lazilySealedKinds, sealedKinds } from './keys.ts'

/** More than one bit away from the first byte of everything that earlier versions wrote. */
const seal = 0xb5
const sealSizeBytes = 5

export function sealed(key: Uint8Array, value: Uint8Array): Buffer {
  return sealInto(Buffer.allocUnsafe(sealSizeBytes + value.length), key, value)
}

function sealInto(bytes: Buffer, key: Uint8Array, value: Uint8Array): Buffer {
  bytes[0] = seal
  bytes.set(value, sealSizeBytes)
  bytes.writeUInt32BE(checksumOf(key, bytes), 1)
  return bytes
}

export function isSealed(value: Uint8Array): boolean {
  return value[0] === seal
}

/** Whether values under the key have a seal. */
export function isSealedKey(key: Uint8Array): boolean {
  return isOfKind(key, sealedKinds) && Buffer.compare(key, identityKey) !== 0
}

/** The value within; a view. Throws DamagedRecord. */
export function unsealed(key: Uint8Array, value: Buffer): Buffer {
  if (!isSealed(value)) {
    if (isOfKind(key, lazilySealedKinds) && value[0] === 0) return value
    throw new DamagedRecord(key, 'it has no checksum')
  }
  if (value.length < sealSizeBytes || value.readUInt32BE(1) !== checksumOf(key, value))
    throw new DamagedRecord(key, 'its checksum is wrong')
  return value.subarray(sealSizeBytes)
}

function checksumOf(key: Uint8Array, bytes: Buffer): number {
  return checksum(bytes, sealSizeBytes, bytes.length, checksum(key as Buffer, 0, key.length))
}

/** The reading half, which is all that another process has. */
export class SealedReader {
  readonly #inner: Pick<Store, 'get' | 'entries'>

  constructor(inner: Pick<Store, 'get' | 'entries'>) {
    this.#inner = inner
  }

  get(key: Uint8Array): Buffer | undefined {
    const value = this.#inner.get(key)
    return value === undefined || !isSealedKey(key) ? value : unsealed(key, value)
  }

  entries(range: Range): Iterable<Entry> {
    const entries = this.#inner.entries(range)
    return isOfKind(range.from, sealedKinds) ? unsealedEntries(entries, undefined) : entries
  }

  /** The same, with `damaged` in the place of values that cannot be believed. */
  entriesAsFound(range: Range, damaged: Buffer): Iterable<Entry> {
    const entries = this.#inner.entries(range)
    return isOfKind(range.from, sealedKinds) ? unsealedEntries(entries, damaged) : entries
  }
}

function* unsealedEntries(entries: Iterable<Entry>, damaged: Buffer | undefined): Generator<Entry> {
  for (const { key, value } of entries) yield { key, value: isSealedKey(key) ? valueIn(key, value, damaged) : value }
}

function valueIn(key: Buffer, value: Buffer, damaged: Buffer | undefined): Buffer {
  try {
    return unsealed(key, value)
  } catch (error) {
    if (damaged === undefined || !(error instanceof DamagedRecord)) throw error
    return damaged
  }
}

export class SealedStore extends SealedReader implements Store {
  readonly #inner: Store
  readonly former: FormerRows | undefined

  constructor(inner: Store, former?: FormerRows) {
    super(inner)
    this.#inner = inner
    this.former = former
  }

  look(key: Uint8Array): Buffer | undefined {
    const value = this.#inner.look(key)
    return value === undefined || !isSealedKey(key) ? value : unsealed(key, value)
  }

  keys(range: Range): Iterable<Buffer> {
    return this.#inner.keys(range)
  }

  /** One buffer for all that is sealed. */
  write(batch: readonly Edit[]): Promise<void> {
    const sizes = batch.map(({ key, value }) =>
      value === undefined || !isSealedKey(key) ? 0 : sealSizeBytes + value.length,
    )
    const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0))
    let end = 0
    const before = this.former?.before(batch)
    const written = this.#inner.write(
      batch.map((edit, n) => {
        const size = sizes[n] as number
        if (size === 0 || edit.value === undefined) return edit
        const start = end
        end += size
        return { key: edit.key, value: sealInto(bytes.subarray(start, end), edit.key, edit.value) }
      }),
    )
    return before === undefined ? written : written.then(() => this.former?.add(before))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
