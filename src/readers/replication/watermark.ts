/** Up to which of the peer's stamps everything is applied here, from what the peer has said about its log and its clock. */
import type { Position } from '../../core/change/change.ts'
import { type ClockState, clockZero, isAfter } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'

type Promised = { readonly position: Position; readonly clock: ClockState }

const promisedMax = 600

export class Watermark {
  #clock: ClockState = clockZero
  #promised: Promised[] = []

  get clock(): ClockState {
    return this.#clock
  }

  /** The peer's log holds everything stamped up to `clock` at or before `position`. */
  promise(position: Position, clock: ClockState): void {
    this.#promised.push({ position, clock })
    if (this.#promised.length > promisedMax) this.#promised = this.#promised.filter((_, n) => n % 2 === 1)
  }

  reach(cursor: Position): void {
    while (this.#promised[0] !== undefined && this.#promised[0].position <= cursor) {
      const { clock } = this.#promised.shift() as Promised
      if (isAfter(clock, this.#clock)) this.#clock = clock
    }
  }

  /** Another log: what was promised of the one before says nothing of it. */
  reset(): void {
    this.#promised = []
    this.#clock = clockZero
  }
}
