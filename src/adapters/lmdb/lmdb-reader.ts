/**
 * The reading half of a store that another process writes (lmdb-store.ts). LMDB's readers do not wait for its writer, in
 * whatever process they are, and see a transaction whole, once it is committed and, as ours are, on the disk. lmdb-js keeps one
 * snapshot for a turn of the event loop; a request must not be answered from one that is older than itself, so whoever
 * begins one renews it.
 */
import { join } from 'node:path'
import type { Entry, Range, Store } from '../../ports/store.ts'
import { copyOf, lmdbRange, openDatabase } from './lmdb-store.ts'

export type StoreReader = Pick<Store, 'get' | 'entries' | 'close'> & {
  /** From here on, everything that is durable now is seen. */
  renew(): void
}

export function openLmdbReader(folder: string): StoreReader {
  const database = openDatabase(join(folder, 'data.mdb'), { readOnly: true })
  return {
    get: (key) => {
      const bytes = database.getBinaryFast(key)
      return bytes === undefined ? undefined : copyOf(bytes, 0, bytes.length)
    },
    entries: (range: Range) =>
      range.limit === 0 || Buffer.compare(range.from, range.to) >= 0
        ? []
        : (database.getRange(lmdbRange(range)) as Iterable<Entry>),
    renew: () => database.resetReadTxn(),
    close: async () => await database.close(),
  }
}
