/**
 * Commands: everything that changes what a later write of a client is decided on, as data. An order gives each its place and its time
 * (ports/order.ts), and it is then decided in one turn, on what is decided so far (commands.ts). What only follows from the rows, or
 * concerns this process alone, is upkeep and has no place in the order (docs/design/order.md).
 */
import type { Cause, Position } from '../../core/change/change.ts'
import type { BatchChange } from '../../core/change/batch.ts'
import type { Cursor } from '../../core/change/place.ts'
import type { Proof } from '../../core/change/proof.ts'
import type { KeyedRow } from '../../core/change/rows.ts'
import type { ClockState } from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Outcome, Refusal, Write } from '../../core/write/write.ts'

export type Command =
  /** All or none of them. */
  | { readonly kind: 'commit'; readonly writes: readonly Write[]; readonly cause: OwnCause }
  /** Each by itself. */
  | { readonly kind: 'each'; readonly writes: readonly Write[]; readonly cause: OwnCause }
  /** All or none of them, unless the token was used. */
  | { readonly kind: 'once'; readonly writes: readonly Write[]; readonly token: Token }
  /** A peer's changes. */
  | { readonly kind: 'apply'; readonly batch: RemoteBatch; readonly sequence: number }
  /** Rows of a snapshot, or (`restored`) of this region's own damaged disk; no more than one step of them. */
  | { readonly kind: 'merge'; readonly table: TableId; readonly rows: readonly KeyedRow[]; readonly restored: boolean }
  | { readonly kind: 'registers'; readonly table: TableId; readonly rows: readonly KeyedRow[] }
  | { readonly kind: 'mend'; readonly table: TableId; readonly key: Buffer; readonly mending: Mending }
  | { readonly kind: 'define'; readonly table: TableId; readonly edits: readonly RegisterEdit[] }
  | { readonly kind: 'detach'; readonly table: TableId; readonly own: TableId }
  /** Deletes that no region needs any more, and with them how far the table's deletes are forgotten. */
  | { readonly kind: 'forget'; readonly table: TableId; readonly deletes: readonly Deleted[]; readonly upTo: Stamp }
  | { readonly kind: 'horizon'; readonly table: TableId; readonly upTo: Stamp }
  /** Rows leave a table that is filled again, or is going; no other region hears of it. */
  | { readonly kind: 'drop'; readonly table: TableId; readonly keys: readonly Buffer[] }
  /** Registers that no region needs any more. */
  | { readonly kind: 'forgetRegisters'; readonly table: TableId; readonly horizon: RegisterHorizon }
  /** Indexes of which a peer has forgotten that they were deleted. */
  | { readonly kind: 'followForgetting'; readonly table: TableId; readonly forgotten: ForgottenElsewhere }
  /** The registers of a table whose rows are gone. */
  | { readonly kind: 'removeRegisters'; readonly table: TableId }
  /** The place in a peer's log, with the readers' notes that belong to it. */
  | { readonly kind: 'cursor'; readonly origin: string; readonly cursor: Cursor; readonly notes: Notes }
  /** A peer has seen this time: what is stamped next is later. */
  | { readonly kind: 'clock'; readonly seen: ClockState }
  /** The shards of a change stream end, and others follow them. */
  | { readonly kind: 'roll'; readonly stream: number }

/** What may be forgotten of a table's registers: up to which stamp every region has them, and the regions that have left for good. */
export type RegisterHorizon = { readonly upTo: Stamp; readonly left: readonly string[] }

/** A peer has had all registers of indexes up to this stamp, and `has` those that are left of them, by their names in a table's record. */
export type ForgottenElsewhere = { readonly upTo: Stamp; readonly has: readonly string[] }

/** A tombstone: the item's key, and the stamp of the delete. */
export type Deleted = { readonly key: Buffer; readonly stamp: Stamp }

/** Undefined removes one. */
export type Notes = readonly (readonly [name: string, value: unknown])[]

export type CommandResults = {
  readonly commit: CommitResult
  readonly each: readonly EachResult[]
  readonly once: OnceResult
  readonly apply: ApplyResult
  readonly merge: void
  readonly registers: void
  /** False when the row was another already. */
  readonly mend: boolean
  readonly define: void
  readonly detach: void
  readonly forget: void
  readonly horizon: void
  readonly drop: void
  /** How many registers went. */
  readonly forgetRegisters: number
  readonly followForgetting: number
  readonly removeRegisters: void
  readonly cursor: void
  readonly clock: void
  readonly roll: void
}

export type ResultOf<One extends Command> = CommandResults[One['kind']]

/** Resolves when what the command came to is durable. */
export type Submit = <One extends Command>(command: One) => Promise<ResultOf<One>>

/** All outcomes, or at least one refusal (undefined where that write alone would have been accepted). */
export type CommitResult =
  | { readonly accepted: true; readonly outcomes: readonly Outcome[]; readonly position: Position }
  | { readonly accepted: false; readonly refusals: readonly (Refusal | undefined)[] }

/** Of a write that failed by itself, as of a damaged row: nothing of it is stored, whatever became of the others. */
export type EachResult = CommitResult | { readonly accepted: false; readonly failed: unknown }

/** A client's name for its transaction, and what the transaction is, so that another under the same name is told apart. */
export type Token = { readonly name: string; readonly digest: string }

export type OnceResult =
  | { readonly done: 'now'; readonly result: CommitResult }
  /** A transaction with this token and digest was accepted before, within the token's time; or one with another digest. */
  | { readonly done: 'before' | 'another' }

/** Why a region writes something itself. */
export type OwnCause = Extract<Cause, 'client' | 'ttl' | 'restore' | 'import'>

/** An edit of one register of a table's record (core/table/registers.ts); undefined removes it. */
export type RegisterEdit = {
  readonly register: string
  readonly value: unknown
  /** For `local/index/`: only while it has this index number. */
  readonly number?: number
}

/** What a peer sent, checked for form: changes of one origin in its log's order. */
export type RemoteBatch = {
  readonly origin: string
  /** Identifies the origin's store: another epoch is another log. */
  readonly epoch: string
  /** Positions of the origin's log that the batch covers: (after, upTo]. Those absent are none of ours. */
  readonly after: Position
  readonly upTo: Position
  readonly changes: readonly BatchChange[]
  /** Of the place `upTo` (core/change/proof.ts). */
  readonly proof?: Proof | undefined
}

export type ApplyResult =
  /** A hole: the cursor stands before `after`. Nothing was applied. */
  | { readonly applied: 'hole'; readonly cursor: Position }
  /** The stamp of the first change beyond the drift bound; nothing from there on was applied, what came before was. */
  | ({ readonly applied: 'held'; readonly until: Stamp; readonly cursor: Position } & Outcomes)
  | ({ readonly applied: 'all'; readonly cursor: Position } & Outcomes)

/** What became of the changes that were not there before. */
export type Outcomes = {
  readonly won: number
  readonly ignored: number
  readonly conflicts: number
  /** Changes that cannot be right, by their positions: the origin may never have made them. */
  readonly setAside: readonly Position[]
}

/** What was found under a key, and what belongs there; undefined for nothing. */
export type Mending = { readonly found: Buffer | undefined; readonly row: Buffer | undefined }
