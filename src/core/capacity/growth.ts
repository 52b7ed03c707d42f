/**
 * What an on-demand table serves at once: twice its former peak, and never less than a new table does. A peak counts in full once it is half an hour
 * old (developer guide, on-demand capacity mode); it is the average over a minute.
 */
import { peakAgeMinutes } from '../limits/capacity-limits.ts'

const minuteMs = 60_000

export class Growth {
  /** Units of the last minutes, by the minute; the oldest are dropped. */
  readonly #minutes = new Map<number, number>()
  #peakPerSecond = 0

  note(units: number, nowMs: number): void {
    const minute = Math.floor(nowMs / minuteMs)
    this.#settle(minute)
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + units)
  }

  /** Units a second that are served; `atLeast` is what a new table has, or its warm throughput. */
  perSecond(atLeast: number, nowMs: number): number {
    this.#settle(Math.floor(nowMs / minuteMs))
    return Math.max(atLeast, 2 * this.#peakPerSecond)
  }

  #settle(minute: number): void {
    for (const [at, units] of this.#minutes) {
      if (at > minute - peakAgeMinutes) return
      this.#peakPerSecond = Math.max(this.#peakPerSecond, units / 60)
      this.#minutes.delete(at)
    }
  }
}
