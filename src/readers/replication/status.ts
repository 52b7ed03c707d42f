/** Where replication stands, per peer, in the one form that /admin/status, `longitude status` and the metrics are made from. */
import type { Position } from '../../core/change/change.ts'
import type { ClockState } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Waiting } from '../../core/change/control.ts'
import type { RefusalKind } from '../../core/stream-refusal.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Latency } from './latencies.ts'
import type { SubscriberState } from './subscriber-state.ts'

export type OutboundState = 'live' | 'idle' | 'cut' | 'unknown'

/** Of this region's writes to one table, on their way to one peer. */
export type TableStatus = {
  readonly table: string
  /** Changes that the peer has not applied, exactly. */
  readonly pending: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagMs: number
  /** Everything written here with a stamp up to this is applied there; absent where that is not known. */
  readonly watermark?: ClockState
  /** As AWS defines it: from the write here until it appears there; over the last minute, absent when nothing came. */
  readonly replicationLatency?: Latency
  readonly pausedUntilMs?: number
  /** The peer has everything that this region has acknowledged of the table. */
  readonly safeToEvacuate: boolean
}

export type OutboundStatus = {
  /**
   * Of the way to the peer, as its confirmations show it: 'cut' when they have stopped, 'unknown' before the first, and while the
   * last one names less than one before: what the peer has lost is not counted as pending.
   */
  readonly outbound: OutboundState
  /** What the peer has confirmed of this region's log. */
  readonly confirmed: Position
  /** Own changes that concern the peer and that it has not applied, exactly. */
  readonly pending: number
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagMs: number
  /** The peer has everything that this region has acknowledged, of all tables that both have. */
  readonly safeToEvacuate: boolean
  /** The whole link, by the peer. */
  readonly pausedUntilMs?: number
  readonly tables: readonly TableStatus[]
}

/** What this region holds back itself, and until when. */
export type PauseStatus = (
  | { readonly table: string; readonly id: TableId }
  | { readonly link: readonly [string, string] }
) & { readonly untilMs: number }

/** Messages of a peer that were passed over: their changes come from its log instead. */
export type Suspect = { readonly messages: number; readonly last: string; readonly lastMs: number }

/** Own changes of a region that another one lacked, as it announced. */
export type LackingStatus = {
  readonly region: string
  readonly changes: number
  /** The time of the oldest of them. */
  readonly sinceMs?: number
  /** It may be fewer: the origin has let go of a part of its log. */
  readonly atMost?: true
}

export type SilenceStatus = {
  /** When the peer was heard last, by this region's clock, and what it had announced by then and this region lacked. */
  readonly fromMs: number
  readonly changes: number
  readonly sinceMs?: number
  /** When it was heard again; absent while it is silent. */
  readonly returnedMs?: number
  /** Whether it returned with the same log; another one means that its disk was lost or replaced. */
  readonly sameLog?: boolean
  /** Of those changes: arrived since, and those of them that met a concurrent write (`longitude conflicts` names them). */
  readonly arrived: number
  readonly conflicts: number
  /** Not arrived. */
  readonly outstanding: number
}

/**
 * What the peer has announced and this region has not got. It covers the peer's log up to `asOfMs`, when the last announcement was
 * heard: what the peer acknowledged after that is not known, so it is at least this much.
 */
export type MissingStatus = {
  readonly changes: number
  /** The time of the oldest of them. */
  readonly sinceMs?: number
  readonly asOfMs: number
  /** The part (after, upTo] of the peer's log in which it is counted. */
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /**
   * False of a figure from before a restart of this region, when it had applied more than was noted: then it is at most this. False as
   * well where the peer counts from beyond this region's place, since its log was trimmed before it restarted, or had let go
   * of some before a part of them was confirmed, or where registers of tables have arrived since.
   */
  readonly exact: boolean
  /** What other regions lacked, by the same announcement. */
  readonly others: readonly LackingStatus[]
  /** The last time in which the peer was silent. */
  readonly silence?: SilenceStatus
}

/** The line from a peer, as this region measures it. */
export type LineStatus = {
  /** Bytes arrive now, if only of a message that is not whole yet. */
  readonly receiving: boolean
  /** What the line carried while it was full; absent when it has not been full of late. */
  readonly bytesPerSecond?: number
  readonly roundTripMs?: number
}

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

/** What was last found wrong with the store itself, and when. */
export type StoreFinding = {
  readonly found: 'older' | 'foreign' | 'twice'
  readonly reason: string
  readonly atMs: number
}

/** Why the region's own NATS server does not take what the peers are to get, and since when. */
export type StreamTroubleStatus = {
  readonly kind: RefusalKind
  /** JetStream's own code. */
  readonly code?: number
  readonly reason: string
  /** What an operator has to do; empty where the node helps itself. */
  readonly advice: string
  readonly sinceMs: number
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
  readonly pauses: readonly PauseStatus[]
  readonly peers: readonly PeerStatus[]
}
