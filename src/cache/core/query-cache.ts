/**
 * The query cache: what Query and Scan answered, by all their parameters. A write through the cache does not touch it, as in
 * DAX; what the log tells of a change ends the pages of the changed item's partition, and those that cannot be told to be of
 * one partition: of a scan, and of a global index.
 */
import type { Position } from '../../core/change/change.ts'
import { cacheEntryOverheadBytes, cacheEntryPartMax } from '../../core/limits/limits.ts'
import { type CachedTable, QueryEntry } from './cached-table.ts'
import type { Cached } from './entry.ts'
import { Lru } from './lru.ts'

export class QueryCache {
  readonly lru: Lru<QueryEntry>

  constructor(bytesMax: number) {
    this.lru = new Lru<QueryEntry>(bytesMax, (entry) => this.#unlist(entry))
  }

  find(table: CachedTable, id: string, nowMs: number): Cached | undefined {
    const entry = table.queries.get(id)
    if (entry === undefined || entry.cached.expiresMs <= nowMs) return undefined
    this.lru.touch(entry)
    return entry.cached
  }

  put(table: CachedTable, id: string, partition: string | undefined, cached: Cached): void {
    const before = table.queries.get(id)
    if (before !== undefined && before.cached.position > cached.position) return
    if (before !== undefined) this.#remove(before)
    const sizeBytes = cacheEntryOverheadBytes + id.length + cached.body.length + (partition?.length ?? 0)
    if (sizeBytes > this.lru.bytesMax / cacheEntryPartMax) return
    const entry = new QueryEntry(table, id, partition, cached)
    table.queries.set(id, entry)
    listOf(table, partition).add(entry)
    this.lru.add(entry, sizeBytes)
  }

  /** Pages that an item of the partition may be in, and that were read before. */
  drop(table: CachedTable, partition: string, before: Position): void {
    for (const list of [table.partitions.get(partition), table.wide])
      for (const entry of list ?? []) if (entry.cached.position < before) this.#remove(entry)
  }

  dropTable(table: CachedTable): void {
    for (const entry of table.queries.values()) this.lru.remove(entry)
    table.queries.clear()
    table.partitions.clear()
    table.wide.clear()
  }

  #remove(entry: QueryEntry): void {
    this.lru.remove(entry)
    this.#unlist(entry)
  }

  #unlist({ table, id, partition }: QueryEntry): void {
    const entry = table.queries.get(id)
    table.queries.delete(id)
    const list = partition === undefined ? table.wide : table.partitions.get(partition)
    if (entry !== undefined) list?.delete(entry)
    if (partition !== undefined && list?.size === 0) table.partitions.delete(partition)
  }
}

function listOf(table: CachedTable, partition: string | undefined): Set<QueryEntry> {
  if (partition === undefined) return table.wide
  let list = table.partitions.get(partition)
  if (list === undefined) table.partitions.set(partition, (list = new Set()))
  return list
}
