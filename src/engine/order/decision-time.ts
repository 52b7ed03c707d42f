/**
 * The time that decisions are made with: of a command, the moment at which it was ordered, so that it is decided alike wherever it is
 * decided. Outside of commands, in upkeep, it is the clock where the region is one process; otherwise the time of the last command,
 * because the hybrid clock that it moves must be the same in all of them.
 */
import type { Clock } from '../../ports/clock.ts'

export class DecisionTime implements Pick<Clock, 'wallMs'> {
  readonly #clock: Pick<Clock, 'wallMs'> | undefined
  #isDeciding = false
  #atMs = 0

  /** `clock` undefined: other processes follow the same order. */
  constructor(clock: Pick<Clock, 'wallMs'> | undefined) {
    this.#clock = clock
  }

  /** Other processes decide the same commands. */
  get isShared(): boolean {
    return this.#clock === undefined
  }

  wallMs(): number {
    return this.#isDeciding || this.#clock === undefined ? this.#atMs : this.#clock.wallMs()
  }

  /** `work` decides in one turn; what it awaits is outside of it. */
  at<Result>(atMs: number, work: () => Result): Result {
    this.#atMs = atMs
    this.#isDeciding = true
    try {
      return work()
    } finally {
      this.#isDeciding = false
    }
  }
}
