/**
 * The hybrid logical clock of Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014): never behind the wall
 * clock, never behind anything it has seen, and never going back, whatever the wall clock does.
 * Pure: state in, state out; the engine keeps the state in the store, in the transaction of every write.
 */
import { counterMax, type RegionNumber, type Stamp } from './stamp.ts'

export type ClockState = { readonly wallMs: number; readonly counter: number }

export const clockZero: ClockState = { wallMs: 0, counter: 0 }

/** The state after a local event at wall time `nowMs`; the new state is the event's own time. */
export function tick(state: ClockState, nowMs: number): ClockState {
  return nowMs > state.wallMs ? { wallMs: nowMs, counter: 0 } : next(state)
}

/** The state after receiving `remote` at wall time `nowMs`: later than both. The caller has checked the drift bound. */
export function receive(state: ClockState, remote: ClockState, nowMs: number): ClockState {
  const latest = isAfter(remote, state) ? remote : state
  return nowMs > latest.wallMs ? { wallMs: nowMs, counter: 0 } : next(latest)
}

export function isAfter(a: ClockState, b: ClockState): boolean {
  return a.wallMs > b.wallMs || (a.wallMs === b.wallMs && a.counter > b.counter)
}

export function stampOf(state: ClockState, region: RegionNumber): Stamp {
  return { wallMs: state.wallMs, counter: state.counter, region }
}

/** A full counter borrows the next millisecond: the clock runs ahead of the wall rather than repeat itself. */
function next(state: ClockState): ClockState {
  return state.counter === counterMax
    ? { wallMs: state.wallMs + 1, counter: 0 }
    : { wallMs: state.wallMs, counter: state.counter + 1 }
}
