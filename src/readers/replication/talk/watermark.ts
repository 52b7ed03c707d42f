/** Up to which of the peer's stamps everything is applied here, from what the peer has said about its log and its clock. */
import type { Position } from '../../../core/change/change.ts'
import type { Seen, Waiting } from '../../../core/change/control.ts'
import { type ClockState, clockZero, isAfter } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { TableId } from '../../../core/table/table.ts'

export type Promised = {
  /** The peer's log holds everything stamped up to `clock` at or before `position`. */
  readonly position: Position
  readonly clock: ClockState
  /** What the peer has of the others where its log stands there; undefined where it does not say. */
  readonly seen: readonly Seen[] | undefined
}

const promisedMax = 600

export class Watermark {
  #clock: ClockState = clockZero
  #waiting: ReadonlyMap<TableId, ClockState> = new Map()
  #seen: readonly Seen[] | undefined
  #promised: Promised[] = []

  /** Of all tables but those that wait. */
  get clock(): ClockState {
    return this.#clock
  }

  get waiting(): readonly Waiting[] {
    return [...this.#waiting].map(([table, clock]) => ({ table, clock }))
  }

  /**
   * What the peer said of the others, the latest such word that may be counted on: everything that it had written by then is
   * here, but for tables that wait. What it had written without knowing of what it had seen at last is thus no longer on its way.
   */
  get seen(): readonly Seen[] | undefined {
    return this.#seen
  }

  /** A log does not shrink: an end beyond that of a later word was not true, and would be waited for without end. */
  promise(promised: Promised): void {
    this.#promised = this.#promised.filter(({ position }) => position <= promised.position)
    this.#promised.push(promised)
    if (this.#promised.length > promisedMax) this.#promised = this.#promised.filter((_, n) => n % 2 === 1)
  }

  /** `waiting`: tables of which not everything up to `cursor` is here; each had everything when it was not among them yet. */
  reach(cursor: Position, waiting: readonly TableId[] = []): void {
    this.#waiting = new Map(waiting.map((table) => [table, this.#waiting.get(table) ?? this.#clock]))
    while (this.#promised[0] !== undefined && this.#promised[0].position <= cursor) {
      const { clock, seen } = this.#promised.shift() as Promised
      this.#seen = seen
      if (isAfter(clock, this.#clock)) this.#clock = clock
    }
  }

  /** Another log: what was promised of the one before says nothing of it. */
  reset(): void {
    this.#promised = []
    this.#clock = clockZero
    this.#waiting = new Map()
    this.#seen = undefined
  }
}
