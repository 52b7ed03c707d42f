/**
 * A region's hardware clock: set wrongly by an offset, running too fast or slow, stepped now and then. It outlives the
 * region's processes; each process reads it through a `ProcessClock` whose timers die with it.
 */
import type { Clock } from '../../ports/clock.ts'
import type { Scheduler } from './scheduler.ts'

const virtualEpochMs = Date.UTC(2026, 0, 1)

/** No timer fires a rounding error too early. */
const timerMsMin = 0.01

/** Time as it passes truly, for all regions. */
export type TrueTime = Pick<Scheduler, 'nowMs' | 'after'>

export type RegionClockOptions = {
  /** It only shows multiples of this. */
  readonly grainMs?: number | undefined
  /** What it shows at the true time 0. */
  readonly epochMs?: number
}

export class RegionClock {
  readonly scheduler: TrueTime
  /** The latest time that anybody was ever shown: no honest stamp can come from beyond it. */
  shownMaxMs = 0
  readonly #grainMs: number
  readonly #epochMs: number
  #offsetMs = 0
  #rate = 1
  /** Where the present rate began, in true time and in this clock's. */
  #trueFromMs = 0
  #fromMs = 0

  constructor(scheduler: TrueTime, { grainMs = 1, epochMs = virtualEpochMs }: RegionClockOptions = {}) {
    this.scheduler = scheduler
    this.#grainMs = grainMs
    this.#epochMs = epochMs
  }

  get rate(): number {
    return this.#rate
  }

  wallMs(): number {
    const wallMs = this.peekMs()
    this.shownMaxMs = Math.max(this.shownMaxMs, wallMs)
    return wallMs
  }

  /** What it would show, for an observer that no region knows of. */
  peekMs(): number {
    const exactMs = this.#epochMs + this.#offsetMs + this.ranMs()
    return Math.floor(exactMs / this.#grainMs) * this.#grainMs
  }

  /** Milliseconds as this clock counts them, without steps. */
  ranMs(): number {
    return this.#fromMs + (this.scheduler.nowMs - this.#trueFromMs) * this.#rate
  }

  step(byMs: number): void {
    this.#offsetMs += byMs
  }

  drift(partsPerMillion: number): void {
    this.#fromMs = this.ranMs()
    this.#trueFromMs = this.scheduler.nowMs
    this.#rate = 1 + partsPerMillion / 1_000_000
  }

  /** The operator sets it right. */
  correct(): void {
    this.drift(0)
    this.#offsetMs = this.scheduler.nowMs - this.ranMs()
  }

  /** How far it is from the truth. */
  errorMs(): number {
    return this.#offsetMs + this.ranMs() - this.scheduler.nowMs
  }
}

export class ProcessClock implements Clock {
  readonly #hardware: RegionClock
  readonly #bootMs: number
  readonly #zeroMs: number
  #alive = true

  /** `zeroMs`: how long a timer of 0 ms takes. */
  constructor(hardware: RegionClock, zeroMs = timerMsMin) {
    this.#hardware = hardware
    this.#bootMs = hardware.ranMs()
    this.#zeroMs = zeroMs
  }

  wallMs(): number {
    return this.#hardware.wallMs()
  }

  monotonicMs(): number {
    return this.#hardware.ranMs() - this.#bootMs
  }

  after(ms: number, work: () => void): () => void {
    const waitMs = ms <= 0 ? this.#zeroMs : Math.max(timerMsMin, ms / this.#hardware.rate)
    return this.#hardware.scheduler.after(waitMs, () => {
      if (this.#alive) work()
    })
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  crash(): void {
    this.#alive = false
  }
}
