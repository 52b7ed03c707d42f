import { repliesTogetherBytesMax, repliesTogetherMax } from '../../core/limits/limits.ts'

/**
 * Replies of one turn of the event loop go out together, at its end. A write to a client that sleeps wakes it up, which costs
 * more than all the rest of a read; written one by one, between the reading of two requests, each of them has to.
 */
export class Outbox {
  readonly #onWritten: () => void
  #writes: (() => void)[] = []
  #sizeBytes = 0

  /** `onWritten`: all that was added has been written. */
  constructor(onWritten: () => void = () => {}) {
    this.#onWritten = onWritten
  }

  add(sizeBytes: number, write: () => void): void {
    if (this.#writes.length === 0) setImmediate(this.#flush)
    this.#writes.push(write)
    this.#sizeBytes += sizeBytes
    if (this.#writes.length >= repliesTogetherMax || this.#sizeBytes >= repliesTogetherBytesMax) this.#flush()
  }

  readonly #flush = (): void => {
    const writes = this.#writes
    this.#writes = []
    this.#sizeBytes = 0
    for (const write of writes) write()
    if (this.#writes.length === 0) this.#onWritten()
  }
}
