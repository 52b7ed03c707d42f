/**
 * A table as a cache knows it: by its id, which a table made again under the same name does not share. What is kept of a table
 * hangs on it, so that all of it goes with it.
 */
import { partitionHashSizeBytes } from '../../core/key/partition-hash.ts'
import type { KeySchema, TableId } from '../../core/table/table.ts'
import type { Position } from '../../core/change/change.ts'
import type { ItemSlot } from './item-cache.ts'
import type { QueryEntry } from './query-cache.ts'

export class CachedTable {
  readonly id: TableId
  readonly key: KeySchema
  /** By the primary key's bytes. */
  readonly slots = new Map<string, ItemSlot>()
  readonly queries = new Map<string, QueryEntry>()
  readonly partitions = new Map<string, Set<QueryEntry>>()
  readonly wide = new Set<QueryEntry>()
  /** Where the log stood when the region last said that the name is this table's. */
  position: Position
  confirmedMs: number
  /** Somebody is on the way to ask whether it still is. */
  asked = false

  constructor(id: TableId, key: KeySchema, position: Position, nowMs: number) {
    this.id = id
    this.key = key
    this.position = position
    this.confirmedMs = nowMs
  }
}

/** Primary keys begin with their partition's bytes (core/key/primary-key.ts). */
export function partitionOf(key: Buffer): string {
  const start = partitionHashSizeBytes + 2
  const end = start + (key.length < start ? 0 : key.readUInt16BE(partitionHashSizeBytes))
  return key.toString('latin1', 0, end)
}

/** What fences are noted under. */
export const fenceOf = {
  item: (table: TableId, key: string): string => `i${table}\0${key}`,
  partition: (table: TableId, partition: string): string => `p${table}\0${partition}`,
  /** Any item of the table. */
  items: (table: TableId): string => `a${table}`,
  /** The table itself. */
  table: (table: TableId): string => `t${table}`,
}
