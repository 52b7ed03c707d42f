/** How a link is at a moment, in the direction from one region to another: the form in which plans, faults and the control speak of it. */

export type LinkState = 'up' | 'down' | 'reset'

export type Stall = {
  /** Of the chunks that are read at once. */
  readonly percent: number
  readonly ms: number
}

export type Shape = {
  /** Bytes in this direction take half of it; the other half is the other direction's. */
  readonly roundTripMs: number
  /** The round trip lies within `roundTripMs` ± this; each direction's delay is drawn evenly from its half of it. */
  readonly jitterMs: number
  readonly bandwidthBitsPerSecond: number | null
  readonly stall: Stall | null
  /** `down` is a black hole: nothing comes through, and neither end is told. `reset` breaks connections and refuses new ones. */
  readonly state: LinkState
}

export const plainShape: Shape = {
  roundTripMs: 0,
  jitterMs: 0,
  bandwidthBitsPerSecond: null,
  stall: null,
  state: 'up',
}

export const oneWayMs = ({ roundTripMs }: Shape): number => roundTripMs / 2

/** Whether bytes may go from hand to hand, without any queue. */
export function isPlain({ roundTripMs, jitterMs, bandwidthBitsPerSecond, stall, state }: Shape): boolean {
  return state === 'up' && roundTripMs === 0 && jitterMs === 0 && bandwidthBitsPerSecond === null && stall === null
}
