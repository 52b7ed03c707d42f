/**
 * Lets clients come first. Background jobs work in turns, one after another; while clients ask for anything, the region's jobs rest after each turn so
 * long that all of them together have their part of the time (core/pace/job-share.ts). Where no client asks for anything, nothing is held back.
 *
 *   turn ── rest ──────────── turn ── rest ──────────── …
 */
import { ClientDemand } from '../core/pace/client-demand.ts'
import { JobShare } from '../core/pace/job-share.ts'
import { demandMin, demandMs, restLookMs, restMsMax, turnCountedMsMax } from '../core/pace/pace-limits.ts'
import type { Clock } from '../ports/clock.ts'

/** Between turns, or within one: since when, and how many requests had been answered by then. */
type Phase = { readonly sinceMs: number; readonly answered: number }

export class Pace {
  /** Told of clients' requests by those that answer them. */
  readonly demand = new ClientDemand()
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly #share = new JobShare()
  /** Turns that are under way. Several are, where no client asks for anything. */
  #underWay = 0
  #phase: Phase = { sinceMs: 0, answered: 0 }
  #restUntilMs = 0
  /** Requests under way on average, of late. */
  #asked = 0
  #seen = { atMs: 0, requestMs: 0 }
  #last: Promise<void> = Promise.resolve()

  constructor(clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#clock = clock
  }

  /** Whether clients ask for anything: then a turn lasts until what it began is done. */
  get isShared(): boolean {
    this.#look()
    return this.#asked >= demandMin
  }

  /** Does the work once it is this job's turn. The turn ends when what the work returns has settled. */
  async turn<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const mine = this.#last.then(() => this.#rested())
    this.#last = mine
    await mine
    this.#begin()
    try {
      return await work()
    } finally {
      this.#end()
    }
  }

  async #rested(): Promise<void> {
    const clock = this.#clock
    const untilMs = clock.monotonicMs() + restMsMax
    await clock.sleep(0)
    for (let leftMs = this.#leftMs(untilMs); leftMs > 0; leftMs = this.#leftMs(untilMs))
      await clock.sleep(Math.min(leftMs, restLookMs))
  }

  #leftMs(untilMs: number): number {
    if (!this.isShared) return 0
    const nowMs = this.#clock.monotonicMs()
    return Math.min(untilMs - nowMs, this.#underWay > 0 ? restLookMs : this.#restUntilMs - nowMs)
  }

  #begin(): void {
    if (this.#underWay++ > 0) return
    const rest = this.#nextPhase()
    if (this.isShared) this.#share.between(rest)
  }

  #end(): void {
    if (--this.#underWay > 0) return
    const turn = this.#nextPhase()
    if (this.isShared) this.#share.during(turn)
    const countedMs = Math.min(turn.ms, turnCountedMsMax)
    this.#restUntilMs = this.#phase.sinceMs + countedMs * (1 / this.#share.part - 1)
  }

  #nextPhase(): { readonly ms: number; readonly answered: number } {
    const { sinceMs, answered } = this.#phase
    this.#phase = { sinceMs: this.#clock.monotonicMs(), answered: this.demand.answered }
    return { ms: this.#phase.sinceMs - sinceMs, answered: this.#phase.answered - answered }
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs()
    const ms = nowMs - this.#seen.atMs
    if (ms <= 0) return
    const requestMs = this.demand.requestMs(nowMs)
    const weight = 1 - Math.exp(-ms / demandMs)
    this.#asked += ((requestMs - this.#seen.requestMs) / ms - this.#asked) * weight
    this.#seen = { atMs: nowMs, requestMs }
  }
}
