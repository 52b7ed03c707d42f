/**
 * Room for what LMDB is about to write, had before it writes. A write of LMDB's own that the disk refuses is not only late to be
 * noticed: the library then overruns a buffer of its own and takes the process with it. So the file is made longer here, by
 * bytes that are really there, wherever the next batch might reach beyond its end, and a disk that says no says it to us.
 *
 * Some file systems need new room even for what they have; therefore a little is always left free as well.
 */
import { closeSync, fstatSync, openSync, statfsSync, writeSync } from 'node:fs'
import { type Edit, StoreFull } from '../../ports/store.ts'

export type ReserveOptions = {
  readonly path: string
  readonly pageSizeBytes: number
  /** The last page that LMDB uses. */
  readonly lastPage: () => number
}

/** Left free on the file system. */
const freeBytesMin = 8 * 1024 * 1024
/** Another program takes no room worth mentioning meanwhile, and asking costs a commit of a single put a twentieth of its time. */
const freeCheckedMs = 50
/** So that a file that grows steadily is not made longer for each batch, nor LMDB asked how far it has come. */
const spareBytes = 4 * 1024 * 1024
/** Page tables, the path to the root, the list of free pages. */
const pagesMin = 64
const zeros = Buffer.alloc(256 * 1024)

export class Reserve {
  readonly #options: ReserveOptions
  readonly #file: number
  #sizeBytes: number
  #usedBytes = 0
  #checkedMs = Number.NEGATIVE_INFINITY
  /** What batches since then may have used, at most. */
  #doubtBytes = Number.POSITIVE_INFINITY

  constructor(options: ReserveOptions) {
    this.#options = options
    this.#file = openSync(options.path, 'r+')
    this.#sizeBytes = fstatSync(this.#file).size
  }

  /** Throws StoreFull when there is none; then nothing has happened. */
  make(batch: readonly Edit[]): void {
    this.#leaveSome()
    const wanted = this.#reach(batch)
    this.#doubtBytes += wanted
    if (this.#usedBytes + this.#doubtBytes <= this.#sizeBytes) return
    this.#usedBytes = (this.#options.lastPage() + 1) * this.#options.pageSizeBytes
    this.#doubtBytes = wanted
    if (this.#usedBytes + wanted <= this.#sizeBytes) return
    // LMDB may have written more than was thought: what it has is never written over.
    this.#sizeBytes = fstatSync(this.#file).size
    this.#extend(this.#usedBytes + wanted)
  }

  close(): void {
    closeSync(this.#file)
  }

  /** How far beyond the pages in use a batch can get: each edit a page of its own, what it brings twice over, long values in pages of their own. */
  #reach(batch: readonly Edit[]): number {
    const { pageSizeBytes } = this.#options
    let bytes = 0
    let long = 0
    for (const { key, value } of batch) {
      const size = key.length + (value?.length ?? 0)
      bytes += size
      if (size > pageSizeBytes / 4) long += 1
    }
    const pages = pagesMin + Math.ceil(1.25 * batch.length) + long + Math.ceil((2 * bytes) / pageSizeBytes)
    return pages * pageSizeBytes
  }

  #leaveSome(): void {
    const nowMs = performance.now()
    if (nowMs - this.#checkedMs < freeCheckedMs) return
    let free: number
    try {
      const { bavail, bsize } = statfsSync(this.#options.path)
      free = bavail * bsize
    } catch {
      return
    }
    this.#checkedMs = free < freeBytesMin ? Number.NEGATIVE_INFINITY : nowMs
    if (free < freeBytesMin) throw new StoreFull(`no room is left: ${free} bytes are free on the file system`)
  }

  #extend(toBytes: number): void {
    const goalBytes = toBytes + spareBytes
    try {
      while (this.#sizeBytes < goalBytes) {
        const length = Math.min(zeros.length, goalBytes - this.#sizeBytes)
        this.#sizeBytes += writeSync(this.#file, zeros, 0, length, this.#sizeBytes)
      }
    } catch (cause) {
      // What is to spare may be missing.
      if (this.#sizeBytes >= toBytes) return
      throw new StoreFull(`no room is left: ${(cause as Error).message}`, { cause })
    }
  }
}
