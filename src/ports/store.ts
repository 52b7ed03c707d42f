/**
 * The disk, as an ordered map of bytes to bytes. One process writes it.
 *
 * `write` is all or nothing and resolves when the batch is durable; `get` and `entries` see exactly the batches
 * that have resolved, never a part of one, and never one that a crash could still take back. Batches become
 * durable in the order in which they were written. Reads are synchronous and hold nothing open across an await.
 */
export type Edit = {
  readonly key: Uint8Array
  /** undefined removes the key. */
  readonly value: Uint8Array | undefined
}

export type Entry = { readonly key: Buffer; readonly value: Buffer }

export type Range = {
  /** Inclusive. */
  readonly from: Uint8Array
  /** Exclusive. */
  readonly to: Uint8Array
  /** From the end of the range backwards; the bounds keep their meaning. */
  readonly reverse?: boolean
  readonly limit?: number
  /** So many entries are most likely taken, unless the range ends before: as many are made ready together. */
  readonly expected?: number
  /** Keys and values may be lent: not to be changed, and gone at the next step, or once anything else is asked of the store. */
  readonly lent?: boolean
}

export interface Store {
  /** The value is a copy of the caller's own. */
  get(key: Uint8Array): Buffer | undefined
  /** The value where it lies, not to be changed, and gone once anything else is asked of the store: to take a part of it. */
  look(key: Uint8Array): Buffer | undefined
  /** To be drained or left within the same turn of the event loop. */
  entries(range: Range): Iterable<Entry>
  /** Only the keys of the same, for who does not need, or cannot believe, the values. */
  keys(range: Range): Iterable<Buffer>
  /** Rejects with a StoreFull or StoreFailed when nothing of the batch, nor of any batch after it, was stored. */
  write(batch: readonly Edit[]): Promise<void>
  close(): Promise<void>
}

/** The disk has no room (ENOSPC, MDB_MAP_FULL): the node stops acknowledging writes until there is some. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull'
}

export class StoreFailed extends Error {
  override readonly name: string = 'StoreFailed'
}

/** Another process writes the store's rows by now, and this one does no more. What was in flight may be stored or not. */
export class StoreLost extends StoreFailed {
  override readonly name = 'StoreLost'
}

/** The folder cannot serve as a store: another process has it, it is not ours, not writable or damaged. Says what to do. */
export class StoreUnusable extends Error {
  override readonly name: string = 'StoreUnusable'
}

/** The file is not as it was written. Nothing was read of it for anybody. */
export class StoreDamaged extends StoreUnusable {
  override readonly name = 'StoreDamaged'
}

/** Another process has the folder: one that is ending may let go of it in a moment. */
export class StoreInUse extends StoreUnusable {
  override readonly name = 'StoreInUse'
}
