/**
 * Lets clients come first: background work takes a part of the event loop's time, and all of it where nothing else is to be done. Where the
 * loop's time is not known, as in virtual time, nothing is held back.
 */
import { copyShareOfClients, copyShareOfIdle, copyWindowMs, quietShareMax } from '../../core/archive-limits.ts'
import type { Clock } from '../../ports/clock.ts'

type PaceClock = Pick<Clock, 'monotonicMs' | 'sleep' | 'busyMs'>

/** Between two looks whether it is our turn again. */
const lookMs = 2
/** Whatever clients do, the work goes on after so long. */
const heldMsMax = 250

export class Pace {
  readonly #clock: PaceClock
  #sinceMs = 0
  #sinceBusyMs = 0
  /** When our present turn began, in the loop's working time. */
  #turnBusyMs = 0
  #ownMs = 0

  constructor(clock: PaceClock) {
    this.#clock = clock
    this.#restart()
  }

  /** Our turn is over: what was done since the last one ended was ours. Resolves when it is our turn again. */
  async rest(): Promise<void> {
    const endedMs = this.#clock.monotonicMs()
    this.#ownMs += this.#busyMs() - this.#turnBusyMs
    await this.#clock.sleep(0)
    while (!this.#isOurTurn() && this.#clock.monotonicMs() - endedMs < heldMsMax) await this.#clock.sleep(lookMs)
    if (this.#clock.monotonicMs() - this.#sinceMs > copyWindowMs) this.#restart()
    this.#turnBusyMs = this.#busyMs()
  }

  #isOurTurn(): boolean {
    const allMs = this.#clock.monotonicMs() - this.#sinceMs
    const workedMs = this.#busyMs() - this.#sinceBusyMs
    const others = Math.max(0, workedMs - this.#ownMs)
    if (others <= quietShareMax * this.#ownMs) return true
    return this.#ownMs <= copyShareOfClients * others + copyShareOfIdle * Math.max(0, allMs - workedMs)
  }

  #busyMs(): number {
    return this.#clock.busyMs?.() ?? 0
  }

  #restart(): void {
    this.#sinceMs = this.#clock.monotonicMs()
    this.#sinceBusyMs = this.#busyMs()
    this.#turnBusyMs = this.#sinceBusyMs
    this.#ownMs = 0
  }
}
