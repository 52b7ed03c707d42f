/**
 * The engine of a region: the only room that opens the store. Everything that changes goes through `commit` (own
 * writes) or `apply` (a peer's changes); each group of them is one batch of edits {rows, index rows, log, cursors,
 * clock}, and nothing is answered or leaves the node before that batch is durable.
 *
 * Group commit: a write is read, decided and stamped at once, against what is durable overlaid with what is under
 * way; its edits join the open group, and one group is flushed at a time. A failed flush fails every group that was
 * built on it, and the state is read from the store again.
 */
import type { Backup } from '../core/archive/backup.ts'
import type { CopyJob } from '../core/copies/copy-job.ts'
import type { ChangeStream } from '../core/change-stream/change-stream.ts'
import type { Change, Position } from '../core/change/change.ts'
import type { Proof, Proven } from '../core/change/proof.ts'
import type { RecordHead } from '../core/change/record.ts'
import type { KeyedRow } from '../core/change/rows.ts'
import type { ClockState } from '../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Expires } from '../core/item/item-expiry.ts'
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import type { Index, Table, TableId, TablePart } from '../core/table/table.ts'
import type { Turns } from '../core/turns.ts'
import type { Cursor, SharedLog } from '../core/change/place.ts'
import type { Write } from '../core/write/write.ts'
import type { Damage } from './store/damage.ts'
import type { Pace } from './pace.ts'
import type {
  ApplyResult,
  Command,
  CommitResult,
  EachResult,
  ForgottenElsewhere,
  Mending,
  OnceResult,
  OwnCause,
  RegisterEdit,
  RemoteBatch,
  ResultOf,
  Token,
} from './commands/command.ts'
import type { OrderRecord } from './order/order-book.ts'
import type { RegionNumbers } from './store/region-numbers.ts'
import type { Retention } from './log/hold.ts'
import type { StreamPage, StreamPart, VisitStreamRecord } from './streams/stream-part.ts'
import type { Trouble } from './trouble.ts'
import type { TableChanges } from './tables/table-changes.ts'

/** A part of the region's log, (after, upTo]; it ends sooner once about `bytesMax` have been read. */
export type OwnBounds = { readonly after: Position; readonly upTo: Position; readonly bytesMax: number }

/** `record` is only lent: it is gone once anything is asked of the engine. False ends it before this one. */
export type VisitRecord = (head: RecordHead, record: Buffer) => boolean

/** Two writes of one item that knew nothing of each other, as they met in this region. */
export type Conflict = {
  readonly number: number
  readonly table: TableId
  readonly tableName: string
  /** When they met here. */
  readonly wallMs: number
  readonly key: Buffer
  /** Attributes of the key, which both rows' bodies have. */
  readonly keyNames: readonly string[]
  /** Both rows (core/item/row.ts). */
  readonly local: Buffer
  readonly incoming: Buffer
  readonly winner: 'local' | 'incoming'
}

/** A change that a peer sent and that was not applied, because it could not be right. */
export type SetAside = {
  readonly number: number
  readonly origin: string
  readonly table: TableId
  readonly reason: string
  readonly wallMs: number
  readonly key: Buffer
  /** As much of it as is kept. */
  readonly row: Buffer
}

/** How many entries a feed has, and the number of the last. */
export type FeedCount = { readonly count: number; readonly last: number }

/** A setting that another region's setting has overruled, as this region met the two. */
export type OverruledSetting = {
  readonly number: number
  readonly table: TableId
  readonly tableName: string
  readonly register: string
  /** The register that prevails: the same one, where a later value has replaced it. */
  readonly by: string
  readonly reason: string
  /** When they met here. */
  readonly wallMs: number
  /** The register's row: which region wrote it, when, and what. */
  readonly row: Buffer
}

/** What a new log of this region begins with. */
export type Renewal = {
  /** Readers' notes, which become durable with the new epoch. */
  readonly notes: readonly (readonly [name: string, value: unknown])[]
  /** The log up to here is the former one's, too: only a peer that had not come so far in that gets the rest of it. */
  readonly after: Position
}

export interface StoreLineage {
  /** Epochs of this region's former logs. */
  readonly earlier: readonly string[]
  /** Of those that this store has had itself. */
  readonly shared: readonly SharedLog[]
  /** Where the present epoch began. */
  readonly begunAfter: Position
  /** Identifies this process in the log; undefined until its start is durable. */
  readonly start: string | undefined
  /** Where the log ended when this process began. */
  readonly startedAt: Position
  /** Whether this log has led to a place that a peer claims. */
  proves(proof: Proof): Proven
  /** The first position after which this store may differ from the log that peers share with it up to `agreed`. */
  partedAfter(agreed: Position): Position
  /** From now on clients get this reason instead of a write. */
  refuseWrites(reason: string): void
  /** From now on clients get this reason instead of a write, until there is none. What was decided before becomes durable. */
  fence(reason: string | undefined): void
  /** Notes that a peer knows a log of this region under that epoch. */
  remember(epoch: string): Promise<void>
  /** Goes on under a new epoch: every peer begins again with what follows `after`, or from where it stood before that. */
  renew(renewal: Renewal): Promise<void>
}

/** Which region it is. */
export interface Regional {
  readonly region: { readonly name: string; readonly number: number }
}

/** Looks tables up. */
export interface ReadTables {
  tableNamed(name: string): Table | undefined
  tableWithId(id: TableId): Table | undefined
  /** All tables, in the order of their names; the same array until one of them changes. */
  tables(): readonly Table[]
}

/** Tables and their registers, and the long jobs on them. */
export interface Tables extends ReadTables {
  /**
   * Makes or edits a table's registers (core/table/registers.ts), in one transaction with its log entry; resolves when
   * durable. A table's first definition gives it its number; `owedRegisters` are added to them.
   */
  define(id: TableId, edits: readonly RegisterEdit[]): Promise<void>
  /**
   * Makes of this region's replica a table of its own under the id `own`, in one transaction: items, indexes and settings
   * stay, and the others learn that this region has no replica any more.
   */
  detach(id: TableId, own: TableId): Promise<void>
  /**
   * Forgets registers up to `upTo` that are of no more use, of a table that no region has any more or of deleted indexes; returns
   * how many. The caller knows that every region has them, and that nothing as old can still arrive. Replicas in regions of `left`, which have
   * left for good, count as gone.
   */
  forgetRegisters(id: TableId, upTo: Stamp, left?: readonly string[]): Promise<number>
  /** Removes a table's rows, index rows and registers in bounded steps; `progress` is told the rows removed so far. */
  removeTable(id: TableId, progress?: (rows: number) => void): Promise<void>
  /** Removes the rows of an index, or the expiry index, in bounded steps; the registers are the caller's, who has said before that it goes. */
  removePart(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void>
  /** Fills an index, or the expiry index, from the table in bounded steps, writes going on meanwhile; resolves when it is complete. */
  backfill(id: TableId, part: TablePart, progress?: (rows: number) => void): Promise<void>
  /** Removes a table's rows in bounded steps and keeps the table itself; what arrives meanwhile may be removed with them. */
  emptyTable(id: TableId, progress?: (rows: number) => void): Promise<void>
  /** Ids of all tables of which any shared register is known, whether or not this region has a replica. */
  knownTables(): readonly TableId[]
  /** Durable changes of tables: a reader that has seen so many, or the last of a table, need not look again. */
  readonly tableChanges: Pick<TableChanges, 'count' | 'since' | 'lastOf'>
  /** A table's shared registers (never `local/`), tombstones too, by name in UTF-8: what `mergeRegisters` of a peer takes. */
  registers(id: TableId): readonly KeyedRow[]
}

/** Reads of durable items. */
export interface ReadItems extends Regional {
  /** The durable row under a primary key; a tombstone counts as none. */
  get(table: Table, key: Buffer): Buffer | undefined
  /** A page, in as many turns as it takes. */
  read(plan: ReadPlan): Turns<Page>
  /** For what goes on in a later turn than that in which it looked up the table: it is still there, and so is the index. */
  serves(table: Table, index?: Index): boolean
}

/** Items as they were a moment ago, as far as that is kept: for faults that are set on purpose. */
export interface ReadFormerItems {
  /** Keeps from now on what rows were, so long back, for so long. */
  keep(ageMs: number, forMs: number): void
  /** As of so long ago, or of the oldest moment that is kept. */
  at(ageMs: number): Pick<ReadItems, 'get' | 'read'>
}

/** A place in the expiry index of a table: after the entry of `key`, or before all of that second. */
export type ExpiryPlace = Expires & { readonly key?: Buffer }

/** An item that expires, by the region of its last write and the second. */
export type ExpiryEntry = Expires & { readonly key: Buffer }

/** The expiry index. */
export interface Expiring {
  /** Durable entries after that place, by region, second and key; at most `countMax`. */
  expiries(table: Table, after: ExpiryPlace, countMax: number): readonly ExpiryEntry[]
}

/** Items as clients read and write them. */
export interface Items extends ReadItems {
  /** The one way in for commands, which those below and some of replication's are short for. Resolves when what it came to is durable. */
  submit<One extends Command>(command: One): Promise<ResultOf<One>>
  /** Resolves once all commands that have their place by now are decided here and durable, those of other processes too. */
  barrier(): Promise<void>
  /** Atomic; of one table each key at most once. Rejects with a ServiceError when the store cannot take it. */
  commit(writes: readonly Write[], cause?: OwnCause): Promise<CommitResult>
  /** Each by itself, in this order: some may be accepted and others refused. Resolves when all that was accepted is durable. */
  commitEach(writes: readonly Write[], cause?: OwnCause): Promise<readonly EachResult[]>
  /** `commit`, unless the token was used: remembered with an accepted transaction, in the same group. */
  commitOnce(writes: readonly Write[], token: Token): Promise<OnceResult>
  /** Items and bytes of the table and its indexes, as counted in the transactions that changed them. */
  size(table: Table, index?: Index): { readonly items: number; readonly bytes: number }
  /** Of the item collection that a primary key belongs to, local index rows included; 0 in tables without local indexes. */
  collectionSizeBytes(table: Table, key: Buffer): number
}

/** The region's log, and where it comes from. */
export interface RegionLog extends Regional {
  /** Names the log. Made with the store: a wiped disk has another, and so has a store that begins a new log (`renew`). */
  readonly epoch: string
  readonly lineage: StoreLineage
  /** The last durable position; everything up to it may leave the node. */
  flushed(): Position
  /** The oldest position that the log still holds. */
  oldest(): Position
  /** Durable changes after `after`, at most `changesMax` and about `bytesMax`. */
  readLog(after: Position, changesMax: number, bytesMax: number): readonly Change[]
  /**
   * Shows the durable records less those that came from peers; what else is known to stay in the region may be left out too. Returns
   * how far it went, `after` when there is nothing.
   */
  visitOwnLog(bounds: OwnBounds, visit: VisitRecord): Position
  /** Called after every flush, without payload; the returned function unsubscribes. */
  onFlushed(listener: () => void): () => void
  /** Decides how much of the log is kept. */
  readonly retention: Retention
  /** Trims whatever the holds say: for tests, and for a store that is being given up. */
  trimLog(upTo: Position): Promise<void>
  /** The durable clock: every change with a stamp up to it is at or before `flushed()`. */
  clock(): ClockState
}

/** Change streams of tables (core/change-stream/change-stream.ts), those too whose tables are gone. */
export interface ChangeStreams {
  /** In the order in which they began; the same array until one of them changes. */
  all(): readonly ChangeStream[]
  /** Shows the records of a shard, in as many turns as it takes. */
  read(part: StreamPart, visit: VisitStreamRecord): Turns<StreamPage>
  /** The last position that is older than that time, or that the log does not hold. */
  before(ms: number): Position
  /** Ends the open shards of a stream, and begins those that follow them, in one batch. */
  roll(stream: number): Promise<void>
  /** Removes what stands at or before the position. */
  expire(upTo: Position): Promise<void>
}

/** Backups, exports and imports that the region remembers, and snapshots of tables. */
export interface Archive {
  /** All of them, in the order of their ids; the same array until one changes. */
  backups(): readonly Backup[]
  backup(id: string): Backup | undefined
  /** Resolves when it is durable. */
  putBackup(backup: Backup): Promise<void>
  removeBackup(id: string): Promise<void>
  /** Exports and imports, in the order of their ids; the same array until one changes. */
  copies(): readonly CopyJob[]
  copy(id: string): CopyJob | undefined
  /** Resolves when it is durable. */
  putCopy(copy: CopyJob): Promise<void>
  removeCopy(id: string): Promise<void>
  /** Items of a table as they were when the snapshot began, in key order after `after`. */
  snapshotRows(table: Table, snapshot: number, after: Buffer | undefined): SnapshotPart
  /** Removes the rows that were kept for a snapshot that is GOING, in bounded steps. */
  removeImages(table: Table, snapshot: number): Promise<void>
}

/** A part of a snapshot: up to the key `last`, where more may follow. */
export type SnapshotPart = { readonly rows: readonly KeyedRow[]; readonly last: Buffer | undefined }

/** Changes of peers, the cursors in their logs, and what peers get beside the log. */
export interface Replica extends Regional {
  /** Where it has come in an order that regions share, for a replica that starts from this one (commands/replica-state.ts). */
  orderRecord(): OrderRecord | undefined
  /** Tables of which a register says that a group of regions has them, whether or not this region has a replica. */
  groupedTables(): ReadonlySet<TableId>
  readonly regionNumbers: RegionNumbers
  /**
   * A batch that starts at or before the cursor is applied from the cursor on; with no changes it only moves the cursor. Registers
   * are merged for every table, items only for those that this region has begun (`tableWithId` knows them); others are passed over.
   * Changes that come with no cursor for the origin, or another epoch than the cursor's, are a hole.
   */
  apply(batch: RemoteBatch, sequence: number): Promise<ApplyResult>
  /** Merges a peer's registers by stamp; logged like applied ones ('replica-table'); no cursor moves. */
  mergeRegisters(id: TableId, rows: readonly KeyedRow[]): Promise<void>
  /** Merges rows of a table (a snapshot's chunk) by stamp; no cursor moves. */
  merge(table: TableId, rows: readonly KeyedRow[]): Promise<void>
  /**
   * Merges rows that were read from this region's own damaged disk. Those that the region had stamped, and that are news here, are
   * logged as its own changes, since peers may lack them.
   */
  restore(table: TableId, rows: readonly KeyedRow[]): Promise<void>
  /** Puts a damaged row right, if it is still the one that was found; false if it is not. No cursor moves. */
  mend(table: TableId, key: Buffer, mending: Mending): Promise<boolean>
  /** Whether a row is one that an honest region could have written under the key by now. */
  isRowOf(table: TableId, key: Buffer, row: Buffer): boolean
  /** Rows of a table with tombstones, in key order after `after`: a snapshot's chunk. */
  rows(table: TableId, after: Buffer | undefined, rowsMax: number, bytesMax: number): readonly KeyedRow[]
  cursor(origin: string): Cursor | undefined
  /** `notes` become durable with it. */
  setCursor(origin: string, cursor: Cursor, notes?: readonly (readonly [string, unknown])[]): Promise<void>
  /** Durable notes of the readers (confirmed positions, bootstrap progress), by name. */
  note(name: string): unknown
  /** JSON; undefined removes it. `more` become durable with it. */
  setNote(name: string, value: unknown, more?: readonly (readonly [name: string, value: unknown])[]): Promise<void>
  removeTombstones(table: TableId, upTo: Stamp, rowsMax: number): Promise<number>
  /** Up to when the table's tombstones are forgotten, here or where its rows came from: what is written over nothing came after those. */
  horizon(table: TableId): Stamp | undefined
  raiseHorizon(table: TableId, upTo: Stamp): Promise<void>
  /** Up to when registers of deleted indexes are forgotten, here or in a region whose registers were taken. */
  forgotten(id: TableId): Stamp | undefined
  /** Forgets indexes of which a peer has forgotten that they were deleted, once all its registers are merged; returns how many. */
  followForgetting(id: TableId, forgotten: ForgottenElsewhere): Promise<number>
  /** A peer has seen this region's clock there: what is stamped from now on is later. Ignored beyond the drift bound. */
  followClock(seen: ClockState): void
}

/** Lists of conflicts and of refused changes, for operators. */
export interface Feeds {
  /** Writes that met a concurrent one in this region, oldest first, numbered; bounded by age and size, the oldest are forgotten. */
  conflicts(after: number, countMax: number): readonly Conflict[]
  /** What peers sent and what could not be right, likewise. */
  setAside(after: number, countMax: number): readonly SetAside[]
  /** How many there are, and the number of the last. */
  setAsideCount(): FeedCount
  /** Settings that do not count because another region made another, likewise. */
  overruled(after: number, countMax: number): readonly OverruledSetting[]
  overruledCount(): FeedCount
}

/** Damage and trouble of the store, and the audit that repairs derived rows. */
export interface Health {
  /**
   * Makes index rows, counts, sizes of item collections and tombstones by age follow from the table's rows again, in bounded
   * steps; returns how many entries were wrong. A repaired row marks its table for it.
   */
  audit(table: TableId): Promise<number>
  /** Those that a repair, or counts that could not be right, has left marked for an audit. */
  tablesToAudit(): readonly Table[]
  /** Records of the store that are not what was written, as far as somebody has asked for them since the start. */
  readonly damage: Pick<Damage, 'count' | 'names' | 'tables' | 'forget' | 'recheck'>
  /** Why the disk takes no writes now; undefined while it does. */
  trouble(): Trouble | undefined
  /** Writes, for nothing, as much as the disk refused last; rejects when it is refused again. */
  probe(): Promise<void>
}

/** Turns of background jobs, which leave clients their time. */
export interface Paced {
  readonly pace: Pace
}

/** All of it, for the code that opens and closes it. Everything else takes the parts that it needs. */
export interface Engine extends Tables, Items, Expiring, RegionLog, Replica, Feeds, Health, Paced {
  readonly streams: ChangeStreams
  readonly archive: Archive
  readonly former: ReadFormerItems
  /** Waits for the open group, then refuses more. */
  close(): Promise<void>
}
