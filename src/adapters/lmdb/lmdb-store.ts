/**
 * The store on disk: one LMDB environment in a folder of its own, written by this process alone.
 *
 * `overlappingSync: false` makes commit and durable one moment (with lmdb-js' default, data is seen before it is on
 * disk), and each batch is one explicit LMDB transaction. Pages of 8 KB take keys of 4,026 bytes. Everything handed out
 * is a copy: LMDB's own memory is only valid until the next write.
 */
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import {
  type Edit,
  type Entry,
  type Range,
  type Store,
  StoreDamaged,
  StoreFailed,
  StoreFull,
  StoreUnusable,
} from '../../ports/store.ts'
import { checkFile, type CheckOptions } from './lmdb-file.ts'
import { Reserve } from './lmdb-reserve.ts'
import { LmdbScrub } from './lmdb-scrub.ts'
import { Views } from './views.ts'
import { claimFolder, type FolderClaim } from './store-folder.ts'

export const databaseName = 'data.mdb'
export const pageSizeBytes = 8192
/** Address space, not memory or disk; LMDB doubles it when it is used up. */
const mapSizeBytes = 64 * 1024 ** 3
const readersMax = 126
/** With less than this left, a write that failed has failed for want of room, whatever the error says. */
const roomBytesMin = 8 * 1024 * 1024

type Bytes = Uint8Array
type LmdbDatabase = RootDatabase<Bytes, Bytes>

type Parts = {
  readonly folder: string
  readonly claim: FolderClaim
  readonly database: LmdbDatabase
  readonly room: Reserve
  readonly whole: boolean
}

export class LmdbStore implements Store {
  readonly #folder: string
  readonly #claim: FolderClaim
  readonly #database: LmdbDatabase
  readonly #reserve: Reserve
  #last: Promise<void> = Promise.resolve()
  #underWay = 0
  #closed = false

  /** Whether the whole file was checked when it was opened. */
  readonly wasWhole: boolean

  constructor({ folder, claim, database, room, whole }: Parts) {
    this.#folder = folder
    this.#claim = claim
    this.#database = database
    this.#reserve = room
    this.wasWhole = whole
  }

  get(key: Uint8Array): Buffer | undefined {
    this.#mustBeOpen()
    const bytes = this.#database.getBinaryFast(key)
    return bytes === undefined ? undefined : copyOf(bytes, 0, bytes.length)
  }

  look(key: Uint8Array): Buffer | undefined {
    this.#mustBeOpen()
    const bytes = this.#database.getBinaryFast(key)
    // It is one buffer for all values, with a length put over its own, in which not all of Node's functions believe.
    return bytes?.subarray(0, bytes.length)
  }

  entries(range: Range): Iterable<Entry> {
    this.#mustBeOpen()
    if (range.limit === 0 || Buffer.compare(range.from, range.to) >= 0) return []
    return entriesOf(this.#database, range)
  }

  keys(range: Range): Iterable<Buffer> {
    this.#mustBeOpen()
    if (range.limit === 0 || Buffer.compare(range.from, range.to) >= 0) return []
    return this.#database.getKeys(lmdbRange(range)) as Iterable<Buffer>
  }

  /** Batches never share a transaction, so that one that fails fails alone; the engine writes one at a time anyway. */
  write(batch: readonly Edit[]): Promise<void> {
    this.#mustBeOpen()
    const written = this.#underWay === 0 ? this.#commit(batch) : this.#commitAfter(this.#last, batch)
    this.#underWay++
    const finished = (): void => void this.#underWay--
    this.#last = written.then(finished, finished)
    return written
  }

  /** Checks pages while they are in use; closed by the caller, before the store. */
  scrub(): LmdbScrub {
    this.#mustBeOpen()
    const pin = (): (() => void) => {
      const reading = this.#database.useReadTransaction()
      return () => reading.done()
    }
    // A process that was killed while it read the store, such as a backup, would keep free pages from being used again.
    const onRound = (): void => void this.#database.readerCheck()
    return new LmdbScrub({ path: join(this.#folder, databaseName), pageSizeBytes, pin, onRound })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#last
    await this.#database.close()
    this.#reserve.close()
    await this.#claim.release()
  }

  async #commitAfter(previous: Promise<void>, batch: readonly Edit[]): Promise<void> {
    const edits = batch.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }))
    await previous
    await this.#commit(edits)
  }

  async #commit(batch: readonly Edit[]): Promise<void> {
    if (batch.length === 0) return
    this.#reserve.make(batch)
    try {
      await this.#database.batch(() => this.#put(batch))
    } catch (error) {
      throw await this.#failure(error, batch)
    }
  }

  #put(batch: readonly Edit[]): void {
    for (const { key, value } of batch) {
      if (value === undefined) void this.#database.remove(key)
      else void this.#database.put(key, value)
    }
  }

  async #failure(error: unknown, batch: readonly Edit[]): Promise<Error> {
    const cause = await causeOf(error)
    const message = `the batch of ${batch.length} edits was not stored: ${cause.message}`
    return noRoomCodes.includes(cause.code) || !this.#hasRoom()
      ? new StoreFull(message, { cause })
      : new StoreFailed(message, { cause })
  }

  /** LMDB reports a write that was cut short by a full disk as an I/O error. */
  #hasRoom(): boolean {
    try {
      const { bavail, bsize } = statfsSync(this.#folder)
      return bavail * bsize >= roomBytesMin
    } catch {
      return true
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreFailed('the store is closed')
  }
}

export type OpenOptions = {
  /** How long the check of the file may take; no end when left out. What it did not get to, `scrub` reads later. */
  readonly checkMsMax?: number
  /** Told now and then while the file is checked. */
  readonly onProgress?: (pagesRead: number, pages: number) => void
}

/** Throws StoreUnusable, in words for the person who gave the folder; StoreDamaged when the file is not what LMDB left. */
export async function openLmdbStore(folder: string, options: OpenOptions = {}): Promise<LmdbStore> {
  const claim = await claimFolder(folder)
  const path = join(folder, databaseName)
  try {
    const { damage, whole } = await checkFile({ path, pageSizeBytes, ...checkOf(options) })
    if (damage !== undefined) throw new StoreDamaged(`The data in ${folder} is damaged (${damage}).`)
    const database = openDatabase(path)
    const lastPage = (): number => (database.getStats() as { lastPageNumber: number }).lastPageNumber
    return new LmdbStore({ folder, claim, database, room: new Reserve({ path, pageSizeBytes, lastPage }), whole })
  } catch (error) {
    await claim.release()
    if (error instanceof StoreUnusable) throw error
    throw new StoreUnusable(
      `The data in ${folder} cannot be opened (${(error as Error).message}). ` +
        'Give another folder, or move this one away: a region without data is filled again from its peers.',
      { cause: error },
    )
  }
}

function checkOf({ checkMsMax, onProgress }: OpenOptions): Pick<CheckOptions, 'untilMs' | 'pause'> {
  return {
    ...(checkMsMax === undefined ? {} : { untilMs: performance.now() + checkMsMax }),
    pause: async (pagesRead, pages) => {
      onProgress?.(pagesRead, pages)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

export function openDatabase(path: string, more: { readonly readOnly?: true } = {}): LmdbDatabase {
  return open({
    path,
    ...more,
    noSubdir: true,
    pageSize: pageSizeBytes,
    overlappingSync: false,
    eventTurnBatching: false,
    encoding: 'binary',
    encoder: { encode: (value: Bytes) => value, decode: valueOf },
    keyEncoder: { writeKey, readKey: keyOf },
    compression: false,
    mapSize: mapSizeBytes,
    maxReaders: readersMax,
  })
}

/** Whether the step that is made lends what it finds: in lmdb-js' reader, one key and one value lie where the next ones will. */
let lends = false
const lentKeys = new Views()
const lentValues = new Views()

function valueOf(bytes: Bytes, size: number): Bytes {
  return lends ? lentValues.of(bytes, 0, size) : copyOf(bytes, 0, size)
}

function keyOf(bytes: Bytes, start: number, end: number): Bytes {
  return lends ? lentKeys.of(bytes, start, end) : copyOf(bytes, start, end)
}

export function entriesOf(database: LmdbDatabase, range: Range): Iterable<Entry> {
  const entries = database.getRange(lmdbRange(range)) as Iterable<Entry>
  return range.lent === true ? lentEntries(entries) : entries
}

function lentEntries(entries: Iterable<Entry>): Iterable<Entry> {
  return {
    [Symbol.iterator]: () => {
      const steps = entries[Symbol.iterator]()
      return {
        next: () => {
          lends = true
          try {
            return steps.next()
          } finally {
            lends = false
          }
        },
        return: () => steps.return?.() ?? { done: true, value: undefined },
      }
    },
  }
}

/** LMDB walks from `start`, which is the upper end when it walks backwards; ours is always [from, to). */
export function lmdbRange({ from, to, reverse, limit }: Range) {
  const bound = limit === undefined ? {} : { limit }
  if (reverse !== true) return { start: from, end: to, ...bound }
  return { start: to, end: from, reverse: true, exclusiveStart: true, inclusiveEnd: true, ...bound }
}

/** Out of the pool that Node keeps for small buffers: lmdb-js' own copies are an allocation each, which costs more than the reading. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  copy.set(bytes.subarray(start, end))
  return copy
}

function writeKey(key: Bytes, target: Uint8Array, start: number): number {
  target.set(key, start)
  return start + key.length
}

/** MDB_MAP_FULL, ENOSPC, EDQUOT, EFBIG. */
const noRoomCodes = [-30792, 28, 122, 27]

type LmdbError = { readonly message: string; readonly code: number }

/** lmdb-js hides the reason in a promise that rejects with it. */
async function causeOf(error: unknown): Promise<LmdbError> {
  const { message, code, commitError } = error as { message: string; code?: number; commitError?: Promise<never> }
  if (commitError === undefined) return { message, code: code ?? 0 }
  try {
    return await commitError
  } catch (reason) {
    const { message: detail, code: number } = reason as { message: string; code?: number }
    return { message: detail, code: number ?? 0 }
  }
}
