/**
 * What an on-demand table serves at once: twice its former peak, and never less than a new table does. A peak counts in full once it is half an hour
 * old (developer guide, on-demand capacity mode); it is the average over a minute.
 */
import { peakAgeMinutes } from '../limits/capacity-limits.ts'

const minuteMs = 60_000

export class Growth {
  /** Units of the last minutes, by the minute; the oldest are dropped. */
  readonly #minutes = new Map<number, number>()
  /** The minute that is under way, and what it has used so far. */
  #minute = 0
  #units = 0
  #peakPerSecond = 0

  note(units: number, nowMs: number): void {
    this.#turnTo(nowMs)
    this.#units += units
  }

  /** Units a second that are served; `atLeast` is what a new table has, or its warm throughput. */
  perSecond(atLeast: number, nowMs: number): number {
    this.#turnTo(nowMs)
    return Math.max(atLeast, 2 * this.#peakPerSecond)
  }

  #turnTo(nowMs: number): void {
    const minute = Math.floor(nowMs / minuteMs)
    if (minute <= this.#minute) return
    if (this.#units > 0) this.#minutes.set(this.#minute, this.#units)
    this.#minute = minute
    this.#units = 0
    for (const [at, units] of this.#minutes) {
      if (at > minute - peakAgeMinutes) return
      this.#peakPerSecond = Math.max(this.#peakPerSecond, units / 60)
      this.#minutes.delete(at)
    }
  }
}
