/**
 * One accepted write, as the region's log keeps it: in the same transaction as the row itself, so that replaying
 * the log gives the table. Replication, and later streams, recovery and cache invalidation, read nothing else.
 */
import type { TableId } from '../table/table.ts'

/** A place in one region's log; the first change has 1, and there are no holes. */
export type Position = number

export type Cause = 'client' | 'ttl' | 'replica' | 'restore' | 'import' | 'table' | 'replica-table'

/** It came from a peer, and is never published again. */
export const isForeign = (cause: Cause): boolean => cause === 'replica' || cause === 'replica-table'

export type Change = {
  readonly position: Position
  /** The first position of its commit: changes with the same group were committed together, and lie in one entry of the log. */
  readonly group: Position
  readonly cause: Cause
  /** When this region committed it: milliseconds of its hybrid clock, which never goes back. */
  readonly at: number
  /** Of a change that came in a peer's log: that log. Absent where it came in a snapshot, or to a store of version 0.1.0. */
  readonly origin?: ChangeOrigin | undefined
  readonly table: TableId
  /** Of a region's own changes: its number among those of this table, without holes; 0 for those of a peer. Pending counts are differences of it. */
  readonly ownNumber: number
  /** The primary key's bytes as in the store, without the table's prefix; for 'table' causes the register's name in UTF-8. */
  readonly key: Buffer
  /** The row's bytes (core/item/row.ts): stamp, version vector, tombstone flag, item. Tables' registers are rows too. */
  readonly row: Buffer
  /**
   * Of an own change of an item: no other region had the table then. It never leaves the region: a later replica finds it in
   * the snapshot that it starts from, and a delete of then left no tombstone that could be told of.
   */
  readonly unshared?: true
  /** The row before, where a reader of the log needs it (a stream with old images). */
  readonly previous?: Buffer
  /** What the change did to the item, where it is a record of the table's change stream. */
  readonly event?: ChangeEvent | undefined
}

/** As in the records of change streams. */
export type ChangeEvent = 'INSERT' | 'MODIFY' | 'REMOVE'

/** A region, and the name of its log. */
export type ChangeOrigin = { readonly region: string; readonly epoch: string }
