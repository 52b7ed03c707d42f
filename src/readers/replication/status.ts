/** Where replication stands, per peer, in the one form that /admin/status, `longitude status` and the metrics are made from. */
import type { Position } from '../../core/change/change.ts'
import type { ClockState } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { SubscriberState } from './subscriber.ts'

export type PeerStatus = {
  readonly peer: string
  /** Of following the peer's stream. */
  readonly state: SubscriberState
  /** Why it is refused, or why the peer's state is fetched. */
  readonly reason?: string
  /** Where this region stands in the peer's log, and where that ends as last heard. */
  readonly cursor: Position
  readonly head?: Position
  /** Changes that wait because the peer's clock is ahead. */
  readonly held: number
  /** The peer's clock minus ours, as last heard. */
  readonly skewMs?: number
  /** Everything that the peer wrote with a stamp up to this is applied here. */
  readonly watermark: ClockState
  /** Of the way to the peer, as its confirmations show it: 'cut' when they have stopped, 'unknown' before the first. */
  readonly outbound: 'live' | 'idle' | 'cut' | 'unknown'
  /** What the peer has confirmed of this region's log. */
  readonly confirmed: Position
  /** Own changes that the peer has not confirmed, exactly. */
  readonly pending: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagMs: number
}

export type ReplicationStatus = {
  readonly region: string
  readonly epoch: string
  /** The last durable position of the own log, and up to where it is on the stream. */
  readonly flushed: Position
  readonly published: Position
  /** False while the own stream cannot be reached. */
  readonly publishing: boolean
  readonly peers: readonly PeerStatus[]
}
