/** The states in which the follower of a peer can be seen. */
import type { Position } from '../../../core/change/change.ts'
import type { Hearing } from '../talk/hearing.ts'
import type { Mode } from './mode.ts'
import type { Session } from '../talk/session.ts'
import { isSilent } from '../talk/silence.ts'

export type SubscriberState = 'cut' | 'unknown' | 'live' | 'idle' | 'refused' | 'resync' | 'held'

type Seen = {
  readonly mode: Mode['now']
  readonly session: Session | undefined
  readonly hearing: Hearing
  /** Where this region stands in the peer's log. */
  readonly position: Position
}

export function stateOf({ mode, session, hearing, position }: Seen): SubscriberState {
  if (mode === 'refused') return mode
  // Also while its state is fetched or changes are held: what it acknowledges meanwhile is not heard here.
  if (session === undefined) return 'cut'
  if (mode !== 'normal') return mode
  const { last } = hearing
  if (last === undefined) return 'unknown'
  // Its words wait behind a message that needs long.
  if (isSilent(hearing)) return session.isReceiving ? 'live' : 'unknown'
  return position < last.published || last.published < last.flushed ? 'live' : 'idle'
}
