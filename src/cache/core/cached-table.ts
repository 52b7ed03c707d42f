/**
 * A table as a cache knows it: by its id, which a table made again under the same name does not share. What is kept of a table
 * hangs on it, so that all of it goes with it.
 */
import { partitionHashSizeBytes } from '../../core/key/partition-hash.ts'
import type { KeySchema, TableId } from '../../core/table/table.ts'
import type { Position } from '../../core/change/change.ts'
import { Cached } from './entry.ts'
import { Held } from './lru.ts'

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

export class Variant extends Cached {
  readonly who: string
  /** The text of the projection; '' is the whole item. */
  readonly shown: string

  constructor(of: Pick<Cached, 'body' | 'position' | 'expiresMs'>, { who, shown }: Pick<Variant, 'who' | 'shown'>) {
    super(of.body, of.position, of.expiresMs)
    this.who = who
    this.shown = shown
  }
}

/** One key. Once it is not held it holds nothing, so that whoever remembers it keeps no item from going. */
export class ItemSlot extends Held {
  readonly table: CachedTable
  readonly key: string
  variants: readonly Variant[] = []
  /** Of these, mostly the only one: a hit need not look at the list. */
  latest: Variant | undefined

  constructor(table: CachedTable, key: string) {
    super()
    this.table = table
    this.key = key
  }

  hold(variants: readonly Variant[]): void {
    this.variants = variants
    this.latest = variants.at(-1)
  }
}

export class QueryEntry extends Held {
  readonly table: CachedTable
  /** Who asked, and every parameter. */
  readonly id: string
  /** Of the table's key; undefined for a page of several partitions. */
  readonly partition: string | undefined
  cached: Cached

  constructor(table: CachedTable, id: string, partition: string | undefined, cached: Cached) {
    super()
    this.table = table
    this.id = id
    this.partition = partition
    this.cached = cached
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
