/**
 * A table as this region knows it. What travels between regions are its registers (see registers.ts); this is
 * the view that the registers add up to, and everything that reads or writes items works from it.
 */
import type { Stamp } from '../hybrid-logical-clock/stamp.ts'
import type { InsightsRegister } from '../insights/insight-rule.ts'
import type { DemandRegister, ScalingRegister } from '../scaling/scalable-target.ts'
import type { Begun } from './waits.ts'

/** Made once, in the region that created the table, and shared by all its replicas: a table made again under the same name has another. */
export type TableId = string

export type KeyType = 'S' | 'N' | 'B'
export type KeyAttribute = { readonly name: string; readonly type: KeyType }

/** Global indexes may have up to four of each; a table and its local indexes one partition attribute and at most one sort attribute. */
export type KeySchema = { readonly partition: readonly KeyAttribute[]; readonly sort: readonly KeyAttribute[] }

export type Projection =
  | { readonly type: 'ALL' }
  | { readonly type: 'KEYS_ONLY' }
  | { readonly type: 'INCLUDE'; readonly attributes: readonly string[] }

export type IndexStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'

export type Index = {
  /** Made once, and shared by all replicas. */
  readonly id: string
  readonly name: string
  readonly kind: 'local' | 'global'
  /** Local to this region: names the index's key range in the store, never reused within the table. */
  readonly number: number
  readonly key: KeySchema
  readonly projection: Projection
  readonly status: IndexStatus
  readonly backfilling: boolean
  /** What keeps it in this status, since when by this region's wall clock. */
  readonly underWay?: Begun
  /** While UPDATING: the throughput that is still described. */
  readonly throughputBefore?: Throughput
  /** See `IndexRegister`. */
  readonly madeMs?: number
  readonly settings: IndexSettings
}

export type Throughput = { readonly readUnits: number; readonly writeUnits: number }
export type OnDemandThroughput = { readonly maxReadUnits?: number; readonly maxWriteUnits?: number }
export type WarmThroughput = { readonly readUnits: number; readonly writeUnits: number }

/** `day`: whole days since 1970, UTC. */
export type Decreases = { readonly day: number; readonly count: number }

/** Milliseconds since 1970 of the last changes of provisioned throughput, and how many of a day lowered it. */
export type ThroughputChanges = {
  readonly throughputIncreasedMs?: number
  readonly throughputDecreasedMs?: number
  readonly decreases?: Decreases
}

export type IndexSettings = ThroughputChanges & {
  readonly provisioned?: Throughput
  readonly onDemand?: OnDemandThroughput
  readonly warm?: WarmThroughput
}

/** The last: damage has left parts of it, and it is not served (engine/store/leftovers.ts). AWS says so of tables that exist and cannot be read. */
export type TableStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING' | 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'

export type ReplicaStatus =
  | 'CREATING'
  | 'CREATION_FAILED'
  | 'UPDATING'
  | 'DELETING'
  | 'ACTIVE'
  | 'REGION_DISABLED'
  | 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'

export type Replica = {
  readonly region: string
  readonly status: ReplicaStatus
  readonly statusDescription?: string
  /** 0 to 100 while CREATING. */
  readonly percentProgress?: number
  /** It is to become a table of its own, of one region. */
  readonly keepsTable?: true
  /** While DELETING at another region's word: when that was asked. */
  readonly leavingSinceMs?: number
  /** It is to leave, and may come to stay: it has everything still, and takes what its peers send (departures.ts). */
  readonly mayStay?: true
  /** No other region may remove it. */
  readonly deletionProtection?: true
  readonly overrides?: ReplicaOverrides
}

/** Where a replica goes its own way: reading capacity, class and key, nothing else (developer guide, settings of global tables). */
export type ReplicaOverrides = {
  readonly keyArn?: string
  readonly tableClass?: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS'
  readonly readUnits?: number
  readonly maxReadUnits?: number
  /** By the index's name. */
  readonly indexes?: Readonly<Record<string, { readonly readUnits?: number; readonly maxReadUnits?: number }>>
}

/** When settings were changed lately, in milliseconds since 1970: what limits their next change. */
export type Changes = {
  readonly tableClass?: readonly number[]
  readonly encryption?: readonly number[]
  readonly timeToLive?: number
  readonly warm?: number
}

/** The same of what is this region's own. `given`: the tags of a change that has added some. */
export type OwnChanges = {
  readonly protection?: number
  readonly tags?: { readonly atMs: number; readonly given?: Readonly<Record<string, string>> }
}

/** The policy of a resource. Without a text it was deleted, and `changedMs` says when. */
export type KeptPolicy = { readonly text?: string; readonly revisionId: string; readonly changedMs: number }

export type TableSettings = ThroughputChanges & {
  readonly billingMode: 'PAY_PER_REQUEST' | 'PROVISIONED'
  readonly provisioned?: Throughput
  readonly onDemand?: OnDemandThroughput
  readonly warm?: WarmThroughput
  readonly tableClass?: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS'
  readonly deletionProtection: boolean
  /** Absent is true. */
  readonly disassociationProtection?: boolean
  /** `enabled` false: it was, and its label is still described, by way of `ownLabel` (table-identity.ts). */
  readonly stream?: { readonly enabled: boolean; readonly viewType: string; readonly label: string }
  readonly encryption?: { readonly type: string; readonly keyArn?: string; readonly status: string }
  readonly timeToLive?: { readonly attribute: string; readonly enabled: boolean }
  readonly tags: Readonly<Record<string, string>>
  /** The only regions that take writes of clients, where that was said; the replicas everywhere else are for reading. */
  readonly writers?: readonly string[]
  readonly resourcePolicy?: KeptPolicy
  /** Of the stream with this label. */
  readonly streamPolicy?: KeptPolicy & { readonly label: string }
  /** Milliseconds since 1970 of the last change of billing mode. */
  readonly billingModeChangedMs?: number
  readonly changes?: Changes
  readonly ownChanges?: OwnChanges
  /** As a table of one region was told (UpdateTable). */
  readonly settingsReplication?: 'ENABLED' | 'DISABLED'
}

/**
 * What a region's replica is called there: a register that the region writes when its replica begins (table-identity.ts). `streamOf`: the
 * label of the stream that the table had then; the replica's own stream began with the replica.
 */
export type Identity = { readonly tableId: string; readonly createdMs: number; readonly streamOf?: string }

/** The key that encrypts the table cannot be used: `code` and `message` are those of the key service. `isShown`: the table's state says so. */
export type KeyLoss = {
  readonly sinceMs: number
  readonly code: string
  readonly message: string
  readonly isShown?: true
}

export type Table = {
  readonly id: TableId
  /** Local to this region: the table's prefix in the store, never reused. */
  readonly number: number
  readonly name: string
  readonly createdMs: number
  /** What clients are told instead of `id` and `createdMs`. */
  readonly identity?: Identity
  readonly status: TableStatus
  /** DELETING at another region's word, which may not come to count: rows of peers are applied, and nothing is removed. */
  readonly mayStay?: true
  /** What keeps it in this status, since when by this region's wall clock. */
  readonly underWay?: Begun
  readonly key: KeySchema
  /** As given in AttributeDefinitions, in their order. */
  readonly attributes: readonly KeyAttribute[]
  readonly indexes: readonly Index[]
  /** Numbers of former indexes whose rows are still to be removed. */
  readonly leftovers?: readonly number[]
  /** Copies of the table that are being made, each as it was at one position of the log. */
  readonly snapshots?: readonly Snapshot[]
  /** Point-in-time recovery, while it is on. */
  readonly recovery?: Recovery
  /** The Kinesis data stream that this region's changes are sent to, or were. */
  readonly kinesis?: KinesisDestination
  readonly keyLoss?: KeyLoss
  /** What the table is filled from, while it is CREATING. */
  readonly restore?: RestoreSource
  /** The index of expiring items; absent while there is none, and nothing expires. */
  readonly expiry?: Expiry
  /** Shared registers of indexes that do not count (contradictions.ts), by the index's name. */
  readonly overruledIndexes?: ReadonlyMap<string, object>
  readonly settings: TableSettings
  /** While UPDATING: the throughput that is still described. */
  readonly throughputBefore?: Throughput
  /** Contributor insights of this region, once they were enabled. */
  readonly insights?: InsightsRegister
  /** What auto scaling may do, by the region that does it; absent where it does nothing. */
  readonly scaling?: ReadonlyMap<string, ScalingRegister>
  /** The write units that regions ask for whose capacity is scaled. */
  readonly demand?: ReadonlyMap<string, DemandRegister>
  /** Strong consistency between regions: its items are in the group's engine, and not in this one's where that is another. */
  readonly strong?: StrongGroup
  /** Every region that has or is getting a replica, this one included, in the order of their creation; empty for a table of one region. */
  readonly replicas: readonly Replica[]
}

/** Regions that share a table with strong consistency between them: which have its items, and which only votes. */
export type StrongGroup = {
  readonly name: string
  readonly replicas: readonly string[]
  readonly witness?: string
  /** The table's id in the group's engine: another one each time that a table gets strong consistency. */
  readonly table: TableId
  /** Where the table was before. */
  readonly by: string
  /** The one region that keeps the table, as one of its own, while the others give it up. `isOver`: it has everything. */
  readonly leaving?: string
  readonly isOver?: true
  /** In the main engine: the items are in the group's. */
  readonly isElsewhere?: true
}

/** FILLING: writes keep it, and items from before are added. GOING: no write keeps it, and its entries are removed. */
export type Expiry = { readonly attribute: string; readonly status: 'FILLING' | 'ACTIVE' | 'GOING' }

/** `backup`: the backup that its rows go to. GOING: no write keeps rows for it any more, and those that were kept are removed. */
export type SnapshotRegister = {
  readonly backup: string
  /** The table's id as the snapshot began: a replica may become a table of its own meanwhile. */
  readonly of?: TableId
  readonly going?: true
}

/** Of the table: writes keep, for each of them, the rows as they were when it began. */
export type Snapshot = SnapshotRegister & { readonly number: number }

/** What a table is filled from that is restored, or imported. `isDone`: everything is there, and the table may become ACTIVE. */
export type RestoreSource = {
  /** Absent of a restore to a point in time, whose base is chosen once the log is archived up to there. */
  readonly backup?: string
  /** The table whose archived log is applied, up to `atMs`; its base comes after the position `after`. */
  readonly logOf?: TableId
  readonly after?: number
  readonly shared?: SharedLog
  /** As it is described to clients. */
  readonly backupArn?: string
  readonly tableArn: string
  readonly atMs: number
  readonly isDone?: true
  /** The other region that has the backup or the history. */
  readonly region?: string
  /** The import that fills it, instead. */
  readonly importOf?: string
}

/**
 * Point-in-time recovery, of the region's own table. `after`: a position of the log before the first base. `shared`: the log that it is of, where that is not the
 * region's own.
 */
export type Recovery = {
  readonly days: number
  readonly sinceMs: number
  readonly after: number
  readonly shared?: SharedLog
}

/** The log of one replica of a group of regions with strong consistency. It has another one once it has taken the state of another region. */
export type SharedLog = { readonly group: string; readonly log: string }

export const kinesisPrecisions = ['MILLISECOND', 'MICROSECOND'] as const

/** `label`: of the hidden change stream that it is fed from. `sinceMs`: when its state began. */
export type KinesisDestination = {
  readonly streamArn: string
  readonly precision?: (typeof kinesisPrecisions)[number] | undefined
  readonly label: string
  readonly state: 'enabling' | 'on' | 'disabling' | 'off' | 'failed'
  readonly sinceMs: number
}

/** Whether it takes records. */
export const isFed = (destination: KinesisDestination | undefined): destination is KinesisDestination =>
  destination?.state === 'enabling' || destination?.state === 'on'

/** The attribute that writes keep the expiry index by. */
export const expiryAttribute = ({ expiry }: Table): string | undefined =>
  expiry === undefined || expiry.status === 'GOING' ? undefined : expiry.attribute

/** What is filled, or removed, on its own: an index by its number, or the expiry index. */
export type TablePart = number | 'expiry'

/** Whether something follows from what is in the table's items, so that a change of a row has to look inside. */
export const looksInside = (table: Table): boolean => table.indexes.length > 0 || expiryAttribute(table) !== undefined

/** For good: its rows may be removed at any moment. */
export const isGoing = ({ status, mayStay }: Table): boolean => status === 'DELETING' && mayStay !== true

export type StampedValue = { readonly stamp: Stamp; readonly value: unknown }
