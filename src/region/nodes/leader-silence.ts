/** How long nothing was heard, in time during which this process ran: a pause of its own is not the silence of another one. */
import type { Clock } from '../../ports/clock.ts'
import { nodeWatchMs } from '../../core/limits/nodes-limits.ts'

export class Silence {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #ms = 0
  #lookedMs: number

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
    this.#lookedMs = clock.monotonicMs()
  }

  heard(): void {
    this.#ms = 0
  }

  /** To be asked every `nodeWatchMs`. */
  look(): number {
    const nowMs = this.#clock.monotonicMs()
    this.#ms += Math.min(nowMs - this.#lookedMs, 2 * nodeWatchMs)
    this.#lookedMs = nowMs
    return this.#ms
  }
}
