/**
 * One direction of a link while it runs: the bytes that travel from one region to another, over whichever connections and
 * whoever dialled them. It has what is configured, the faults laid over that, and the line that all its connections share.
 */
import type { Alarm, Alarms } from './alarms.ts'
import { FaultBook } from './link-faults.ts'
import { Line } from './line.ts'
import type { Shape } from './link-shape.ts'

export type LaneOptions = {
  readonly from: string
  readonly to: string
  readonly configured: Shape
  readonly alarms: Alarms
}

/** A connection or a port that has to look again when the lane has changed. */
export type LaneUser = { laneChanged(): void }

export class Lane {
  readonly from: string
  readonly to: string
  readonly line: Line
  readonly users = new Set<LaneUser>()
  readonly #alarms: Alarms
  #book: FaultBook
  #turn: Alarm | undefined
  #end: Alarm | undefined
  carriedBytes = 0

  constructor({ from, to, configured, alarms }: LaneOptions) {
    this.from = from
    this.to = to
    this.#alarms = alarms
    this.#book = new FaultBook(configured)
    this.line = new Line(configured)
  }

  get book(): FaultBook {
    return this.#book
  }

  /** Other than by a fault: what healing comes back to. */
  configure(configured: Shape): void {
    this.#book = new FaultBook(configured)
    this.changed()
  }

  /** After its book has been changed. */
  changed(): void {
    this.line.shape = this.#book.current
    this.serve()
    for (const user of this.users) user.laneChanged()
    this.#awaitEnd()
  }

  /** Gives the line to those who wait for it, now and whenever it has room again. */
  serve(): void {
    this.line.serve(performance.now())
    const next = this.line.nextMs
    if (next === this.#turn?.atMs) return
    this.#turn?.cancel()
    this.#turn = next === undefined ? undefined : this.#alarms.set(next, () => this.#turnCame())
  }

  close(): void {
    this.#turn?.cancel()
    this.#end?.cancel()
  }

  #turnCame(): void {
    this.#turn = undefined
    this.serve()
  }

  /** Faults are dated by the clock, which people and reports read, and end by it. */
  #awaitEnd(): void {
    this.#end?.cancel()
    const endMs = this.#book.nextEndMs
    this.#end =
      endMs === undefined ? undefined : this.#alarms.set(performance.now() + endMs - Date.now(), () => this.#expire())
  }

  #expire(): void {
    if (this.#book.expire(Date.now())) this.changed()
    else this.#awaitEnd()
  }
}
