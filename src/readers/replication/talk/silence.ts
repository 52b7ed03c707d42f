/** When a peer counts as silent, and its stream as stalled: later over a line that is narrow or long. */
import { Patience } from '../../../core/patience.ts'
import type { PeerState } from './peer-state.ts'
import type { Pace } from './line-pace.ts'
import type { Session } from './session.ts'

const silenceMsUsual = 3500
/** Over a narrow line words wait for what is before them. */
const silenceMsNarrow = 8000
/** A cut shows within this time, however narrow and long the line is. */
const silenceMsMost = 10_000
const stallMs = 3000

/** The peer has said nothing of itself of late. */
export function isSilent(peerState: PeerState): boolean {
  return peerState.silentForMs() > silenceMsMaxOf(peerState.pace)
}

/** A line counts as cut after so long without a word. */
export function silenceMsMaxOf(pace: Pace | undefined): number {
  if (pace === undefined) return silenceMsUsual
  const usualMs = pace.isNarrow ? silenceMsNarrow : silenceMsUsual
  return Math.min(usualMs + 2 * pace.roundTripMs, silenceMsMost)
}

/**
 * Behind what the peer has announced, the stream is waited for only as long as bytes come that may be its next message: one that
 * needs minutes is not asked for again while it arrives.
 */
export class Stall {
  #patience: Patience | undefined

  /** Something was applied, or nothing is expected. */
  reset(): void {
    this.#patience = undefined
  }

  isOver(session: Session): boolean {
    const now = session.streamLook()
    this.#patience ??= new Patience(stallMs + 2 * session.pace.roundTripMs, now)
    return this.#patience.isOver(now)
  }
}
