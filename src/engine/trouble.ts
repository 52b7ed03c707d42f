/**
 * Whether the disk takes writes. From the first batch that it refuses until one of that size is stored again the region is in
 * trouble: it acknowledges nothing that is not stored, says so when it is asked whether it is ready, and goes on reading.
 *
 * A full disk is no clear state: LMDB uses free pages of its file again, so small batches may pass while larger ones fail.
 * Hence the size, and hence the probe: without it a region without writes would never learn that there is room again.
 */
import { errorText } from '../core/error-text.ts'
import { ServiceError } from '../core/errors.ts'
import { probeSizeBytesMax, probeSizeBytesMin } from '../core/limits/limits.ts'
import { StoreFailed, StoreFull, StoreLost } from '../ports/store.ts'

export type Trouble = {
  /** For people. */
  readonly reason: string
  readonly full: boolean
  readonly sinceMs: number
}

export class TroubleWatch {
  #trouble: Trouble | undefined
  #refusedBytes = 0

  get current(): Trouble | undefined {
    return this.#trouble
  }

  /** What a probe should write. */
  get probeSizeBytes(): number {
    return Math.min(Math.max(this.#refusedBytes, probeSizeBytesMin), probeSizeBytesMax)
  }

  /** True when this is how it begins, or when it is worse, or better, than it was known to be. */
  refused(error: unknown, sizeBytes: number, nowMs: number): boolean {
    const full = error instanceof StoreFull
    const news = this.#trouble?.full !== full
    this.#trouble = {
      reason: `${full ? 'the disk is full' : 'the disk refuses writes'}: ${errorText(error)}`,
      full,
      sinceMs: this.#trouble?.sinceMs ?? nowMs,
    }
    this.#refusedBytes = Math.max(this.#refusedBytes, sizeBytes)
    return news
  }

  /** True when this ends it. */
  stored(sizeBytes: number): boolean {
    if (this.#trouble === undefined || sizeBytes < this.probeSizeBytes) return false
    this.#trouble = undefined
    this.#refusedBytes = 0
    return true
  }
}

/** What a client is told of a write that the store refused; undefined when that is not why it failed. */
export function refusedByStore(error: unknown): ServiceError | undefined {
  if (error instanceof StoreFull)
    return new ServiceError('ServiceUnavailable', 'The disk of this region is full: nothing of the request was stored.')
  if (error instanceof StoreLost) return new ServiceError('InternalServerError', 'Internal server error')
  if (error instanceof StoreFailed)
    return new ServiceError(
      'InternalServerError',
      'The disk of this region refuses writes: nothing of the request was stored.',
    )
  return undefined
}
