/** Commands that wait: for an entry to go in, and then for what becomes of it. Nothing waits longer than a client would. */
import { ServiceError } from '../../core/errors.ts'
import {
  quorumEntryBytesMax,
  quorumEntryCommandsMax,
  quorumQueuedBytesMax,
  quorumQueuedCommandsMax,
  quorumWaitMsMax,
} from '../../core/limits/quorum-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Sequence } from '../../ports/order.ts'

export type Waiting = {
  /** Undefined: only a place is asked for. */
  readonly bytes: Buffer | undefined
  readonly sinceMs: number
  /** It has been answered, one way or the other. */
  isOver: boolean
  readonly resolve: (sequence: Sequence) => void
  readonly reject: (error: Error) => void
}

/** Under its length. */
const sizeOf = ({ bytes }: Waiting): number => (bytes === undefined ? 0 : bytes.length + 4)

export class QuorumQueue {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'after'>
  #queue: Waiting[] = []
  #queuedBytes = 0
  /** Oldest first, those that are in an entry too. */
  readonly #waiting = new Set<Waiting>()
  #cancelWatch: (() => void) | undefined

  constructor(clock: Pick<Clock, 'monotonicMs' | 'after'>) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  add(bytes: Buffer | undefined): Promise<Sequence> {
    const size = bytes?.length ?? 0
    if (size + 4 > quorumEntryBytesMax)
      return Promise.reject(
        new ServiceError('ValidationException', 'The request is too large for a table with strong consistency.'),
      )
    if (this.#queuedBytes + size > quorumQueuedBytesMax || this.#queue.length >= quorumQueuedCommandsMax)
      return Promise.reject(new ServiceError('ServiceUnavailable', 'The other regions do not keep up with the writes.'))
    return new Promise((resolve, reject) => {
      const sinceMs = this.#clock.monotonicMs()
      const waiting: Waiting = { bytes, sinceMs, isOver: false, resolve, reject }
      this.#queue.push(waiting)
      this.#queuedBytes += size
      this.#waiting.add(waiting)
      this.#watch()
    })
  }

  /** Those that go into the next entry together. */
  take(): readonly Waiting[] {
    const taken: Waiting[] = []
    let [commands, bytes] = [0, 0]
    for (const waiting of this.#queue) {
      const size = sizeOf(waiting)
      if (bytes + size > quorumEntryBytesMax || commands === quorumEntryCommandsMax) break
      taken.push(waiting)
      bytes += size
      if (size > 0) commands += 1
    }
    this.#queue = this.#queue.slice(taken.length)
    this.#count()
    return taken.filter(({ isOver }) => !isOver)
  }

  /** Their entry is certain not to count. */
  putBack(waiting: readonly Waiting[]): void {
    this.#queue = [...waiting.filter(({ isOver }) => !isOver), ...this.#queue]
    this.#count()
  }

  settle(waiting: Waiting, sequence: Sequence): void {
    this.#end(waiting)
    waiting.resolve(sequence)
  }

  fail(error: Error): void {
    for (const waiting of this.#waiting) this.#refuse(waiting, error)
    this.#queue = []
    this.#queuedBytes = 0
  }

  #refuse(waiting: Waiting, error: Error): void {
    this.#end(waiting)
    waiting.reject(error)
  }

  #end(waiting: Waiting): void {
    waiting.isOver = true
    this.#waiting.delete(waiting)
    if (this.#waiting.size > 0) return
    this.#cancelWatch?.()
    this.#cancelWatch = undefined
  }

  #count(): void {
    this.#queuedBytes = this.#queue.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0)
  }

  /** One timer, for the oldest; none while nothing waits. */
  #watch(): void {
    const [oldest] = this.#waiting
    if (this.#cancelWatch !== undefined || oldest === undefined) return
    const restMs = oldest.sinceMs + quorumWaitMsMax - this.#clock.monotonicMs()
    this.#cancelWatch = this.#clock.after(Math.max(1, restMs), () => {
      this.#cancelWatch = undefined
      this.#expire()
      this.#watch()
    })
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const waiting of this.#waiting) {
      if (waiting.sinceMs + quorumWaitMsMax > nowMs) break
      this.#refuse(waiting, new ServiceError('InternalServerError', 'Internal server error'))
    }
    this.#queue = this.#queue.filter(({ isOver }) => !isOver)
    this.#count()
  }
}
