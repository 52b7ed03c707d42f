/**
 * The reading half of a store that another process writes (lmdb-store.ts). LMDB's readers do not wait for its writer, in
 * whatever process they are, and see a transaction whole, once it is committed and, as ours are, on the disk. lmdb-js keeps one
 * snapshot for a turn of the event loop; a request must not be answered from one that is older than itself, so whoever
 * begins one renews it.
 */
import { join } from 'node:path'
import { type Entry, type Range, type Store, StoreDamaged, StoreInUse } from '../../ports/store.ts'
import { checkFile } from './lmdb-file.ts'
import { copyOf, databaseName, entriesOf, lmdbRange, openDatabase, pageSizeBytes } from './lmdb-store.ts'
import { claimFolder } from './store-folder.ts'

export type StoreReader = Pick<Store, 'get' | 'entries' | 'close'> & {
  /** From here on, everything that is durable now is seen. */
  renew(): void
}

export function openLmdbReader(folder: string): StoreReader {
  const database = openDatabase(join(folder, databaseName), { readOnly: true })
  return {
    get: (key) => {
      const bytes = database.getBinaryFast(key)
      return bytes === undefined ? undefined : copyOf(bytes, 0, bytes.length)
    },
    entries: (range: Range) =>
      range.limit === 0 || Buffer.compare(range.from, range.to) >= 0 ? [] : entriesOf(database, range),
    renew: () => database.resetReadTxn(),
    close: async () => await database.close(),
  }
}

export type StoreSnapshot = Pick<Store, 'entries' | 'close'>

/**
 * The store of one durable moment, however long the reading takes and whatever its own process writes meanwhile. Until it is closed, the pages of that
 * moment are kept, so the file grows by what is written. Throws StoreDamaged.
 */
export async function openLmdbSnapshot(folder: string): Promise<StoreSnapshot> {
  await checkUnlessInUse(folder)
  const database = openDatabase(join(folder, databaseName), { readOnly: true })
  const transaction = database.useReadTransaction()
  return {
    entries: (range: Range) => database.getRange({ ...lmdbRange(range), transaction }) as Iterable<Entry>,
    close: async () => {
      transaction.done()
      await database.close()
    },
  }
}

/** A node that runs has checked its file. */
async function checkUnlessInUse(folder: string): Promise<void> {
  try {
    const claim = await claimFolder(folder)
    try {
      const pause = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))
      const { damage } = await checkFile({ path: join(folder, databaseName), pageSizeBytes, pause })
      if (damage !== undefined) throw new StoreDamaged(`The data in ${folder} is damaged (${damage}).`)
    } finally {
      await claim.release()
    }
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error
  }
}
