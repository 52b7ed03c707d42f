/**
 * A region's hardware clock: set wrongly by an offset, running too fast or slow, stepped now and then. It outlives the
 * region's processes; each process reads it through a `ProcessClock` whose timers die with it.
 */
import type { Clock } from '../../src/ports/clock.ts'
import type { Scheduler } from './scheduler.ts'

export const epochMs = Date.UTC(2026, 0, 1)

/** No timer fires at once, nor a rounding error too early. */
const timerMsMin = 0.01

export class RegionClock {
  readonly scheduler: Scheduler
  /** The latest time that anybody was ever shown: no honest stamp can come from beyond it. */
  shownMaxMs = 0
  readonly #grainMs: number
  #offsetMs = 0
  #rate = 1
  /** Where the present rate began, in true time and in this clock's. */
  #trueFromMs = 0
  #fromMs = 0

  /** With `grainMs`, it only shows multiples of it. */
  constructor(scheduler: Scheduler, grainMs = 1) {
    this.scheduler = scheduler
    this.#grainMs = grainMs
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
    const exactMs = epochMs + this.#offsetMs + this.ranMs()
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
  #alive = true

  constructor(hardware: RegionClock) {
    this.#hardware = hardware
    this.#bootMs = hardware.ranMs()
  }

  wallMs(): number {
    return this.#hardware.wallMs()
  }

  monotonicMs(): number {
    return this.#hardware.ranMs() - this.#bootMs
  }

  after(ms: number, work: () => void): () => void {
    return this.#hardware.scheduler.after(Math.max(timerMsMin, ms / this.#hardware.rate), () => {
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
