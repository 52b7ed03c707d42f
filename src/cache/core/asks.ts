/** What a front asks of the cache, and what the region is to answer: requests taken apart, whatever protocol they came by. */
import type { Mark } from '../../core/wire/cache-mark.ts'
import { type CachedTable, fenceOf, type ItemSlot } from './cached-table.ts'
import type { Cached } from './entry.ts'

/** What the region answered. `mark` and `body` are there when it may be kept. */
export type Origin<Reply> = { readonly reply: Reply; readonly mark?: Mark; readonly body?: string }

/** Of a batch: by the places of those that were asked for, unless the region had no time for them. */
export type BatchOrigin<Reply> = {
  readonly reply: Reply
  readonly mark?: Mark
  readonly bodies?: ReadonlyMap<number, string>
}

/** From what is kept, or was read for somebody else just now; or the region's own reply to this request. */
export type Answer<Reply> = { readonly cached: Cached } | { readonly reply: Reply }

export type Kept = { readonly table: CachedTable; readonly key: string }

export type ItemRead = {
  readonly table: string
  readonly who: string
  /** '' for the whole item. */
  readonly shown: string
  /** The primary key's bytes by the table's key, undefined when they are not a key of it. */
  readonly keyOf: (table: CachedTable) => string | undefined
  /** Names the read before its table is known. */
  readonly text: string
  /** The part of a whole item that is asked for; undefined when only the region can say. */
  readonly project: ((body: string) => string | undefined) | undefined
  /** Where it was found last, noted by the cache for when the same read comes again: it is there as long as that is held. */
  slot: ItemSlot | undefined
}

export type PageRead = {
  readonly kind: 'query' | 'scan'
  readonly table: string
  /** Who asks, and every parameter. */
  readonly id: string
  /** The partition that alone the page can be of. Told of a page that is about to be kept only. */
  readonly partitionOf: (table: CachedTable) => string | undefined
}

/** What a write leaves of an item: its whole as a reply to GetItem, or undefined when that is not known. */
export type Written = {
  readonly table: string
  readonly keyOf: (table: CachedTable) => string | undefined
  readonly body: string | undefined
}

/** How others find the read that is under way, and what ends it. */
export function flightOf(
  { table, who, text, shown }: ItemRead,
  kept: Kept | undefined,
): readonly [string, readonly string[] | undefined] {
  if (kept === undefined) return [`cold ${table}\0${who}\0${text}`, undefined]
  const { id } = kept.table
  return [`item ${id}\0${kept.key}\0${who}\0${shown}`, [fenceOf.item(id, kept.key), fenceOf.table(id)]]
}
