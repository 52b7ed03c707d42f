/** Where replication stands, per peer, in the one form that /admin/status, `longitude status` and the metrics are made from. */
import type { Position } from '../../../core/change/change.ts'
import type { Waiting } from '../../../core/change/control.ts'
import type { ClockState } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { StoreFinding } from '../prove/claims.ts'
import type { MissingStatus } from '../receive/missing.ts'
import type { SubscriberState } from '../receive/subscriber-state.ts'
import type { OutboundStatus } from '../send/outbound.ts'
import type { StreamTroubleStatus } from '../send/stream-trouble.ts'
import type { LineStatus } from '../talk/session.ts'
import type { Suspect } from '../talk/peer-errors.ts'

/** What this region holds back itself, and until when. */
export type PauseStatus = (
  | { readonly table: string; readonly id: TableId }
  | { readonly link: readonly [string, string] }
) & { readonly untilMs: number }

export type PeerStatus = OutboundStatus & {
  /** Absent as long as the peer has not announced it, as a node of an earlier version. */
  readonly missing?: MissingStatus
  readonly peer: string
  /** Of following the peer's stream. */
  readonly state: SubscriberState
  /** Why it is refused, or why the peer's state is fetched. */
  readonly reason?: string
  readonly line: LineStatus
  /** What of it could not be read or trusted, since this process began. */
  readonly suspect?: Suspect
  /** Where this region stands in the peer's log, and where that ends as last heard. */
  readonly cursor: Position
  readonly head?: Position
  /** Changes that wait because the peer's clock is ahead. */
  readonly held: number
  /** The peer's clock minus ours, as last heard. */
  readonly skewMs?: number
  /** Everything that the peer wrote with a stamp up to this is applied here, but for tables that wait because of a pause. */
  readonly watermark: ClockState
  readonly waiting: readonly Waiting[]
}

export type ReplicationStatus = {
  readonly region: string
  /** Messages between regions are signed, and those that do not verify are refused. */
  readonly signed: boolean
  readonly epoch: string
  /** The last durable position of the own log, and up to where it is on the stream. */
  readonly flushed: Position
  readonly published: Position
  /** False while the own stream cannot be reached. */
  readonly publishing: boolean
  readonly stream?: StreamTroubleStatus
  /** Every peer has everything that this region has acknowledged. */
  readonly safeToEvacuate: boolean
  /** Tables that are served as an older copy of the store has them, and are still to be filled again from peers. */
  readonly doubts: readonly string[]
  readonly found?: StoreFinding
  /** Peers that have not said since this process began whether the store is the latest: it may be an older copy of what they know. */
  readonly unverifiedBy: readonly string[]
  readonly pauses: readonly PauseStatus[]
  readonly peers: readonly PeerStatus[]
}
