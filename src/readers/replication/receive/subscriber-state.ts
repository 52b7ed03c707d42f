/** The states in which the follower of a peer can be seen. */
import type { Position } from '../../../core/change/change.ts'
import type { PeerState } from '../talk/peer-state.ts'
import type { LinkState } from './link-state.ts'
import type { Session } from '../talk/session.ts'
import { isSilent } from '../talk/silence.ts'

export type SubscriberState = 'cut' | 'unknown' | 'live' | 'idle' | 'refused' | 'resync' | 'held'

type Seen = {
  readonly linkState: LinkState['now']
  readonly session: Session | undefined
  readonly peerState: PeerState
  /** Where this region stands in the peer's log. */
  readonly position: Position
}

export function stateOf({ linkState, session, peerState, position }: Seen): SubscriberState {
  if (linkState === 'refused') return linkState
  // Also while its state is fetched or changes are held: what it acknowledges meanwhile is not heard here.
  if (session === undefined) return 'cut'
  if (linkState !== 'normal') return linkState
  const { last } = peerState
  if (last === undefined) return 'unknown'
  // Its words wait behind a message that needs long.
  if (isSilent(peerState)) return session.isReceiving ? 'live' : 'unknown'
  return position < last.published || last.published < last.flushed ? 'live' : 'idle'
}
