/**
 * The item cache: what GetItem and BatchGetItem answered, by table and primary key, and under each key by who asked and what
 * was to be shown: nobody sees what was answered to another, and a part is never taken for the whole. A write replaces or drops
 * all that is kept under its key.
 */
import type { Position } from '../../core/change/change.ts'
import { cacheEntryOverheadBytes, cacheEntryPartMax, cacheVariantsMax } from '../../core/limits/limits.ts'
import { type CachedTable, ItemSlot, type Variant } from './cached-table.ts'
import { Lru } from './lru.ts'

export class ItemCache {
  readonly lru: Lru<ItemSlot>

  constructor(bytesMax: number) {
    this.lru = new Lru<ItemSlot>(bytesMax, (slot) => {
      slot.hold([])
      slot.table.slots.delete(slot.key)
    })
  }

  find(slot: ItemSlot, who: string, shown: string, nowMs: number): Variant | undefined {
    const { latest } = slot
    const found =
      latest !== undefined && isOf(latest, who, shown)
        ? latest
        : slot.variants.find((variant) => isOf(variant, who, shown))
    if (found === undefined || found.expiresMs <= nowMs) return undefined
    this.lru.touch(slot)
    return found
  }

  /** In the place of an older one of the same asker and projection; what is kept already may be newer. */
  put(table: CachedTable, key: string, variant: Variant): void {
    const slot = table.slots.get(key)
    const others: Variant[] = []
    for (const each of slot?.variants ?? [])
      if (each.who !== variant.who || each.shown !== variant.shown) others.push(each)
      else if (each.position > variant.position) return
    this.#set(table, key, [...others.slice(-(cacheVariantsMax - 1)), variant])
  }

  /** What a write has made of the item, and nothing else. */
  replace(table: CachedTable, key: string, variant: Variant): void {
    if (table.slots.get(key)?.variants.some(({ position }) => position > variant.position) === true)
      this.drop(table, key, variant.position)
    else this.#set(table, key, [variant])
  }

  /** What was read before `before`; all of it when there is no telling. */
  drop(table: CachedTable, key: string, before: Position = Number.POSITIVE_INFINITY): void {
    const slot = table.slots.get(key)
    if (slot === undefined) return
    const left = slot.variants.filter(({ position }) => position >= before)
    if (left.length < slot.variants.length) this.#set(table, key, left)
  }

  dropTable(table: CachedTable): void {
    for (const slot of table.slots.values()) this.#letGo(slot)
    table.slots.clear()
  }

  #set(table: CachedTable, key: string, variants: readonly Variant[]): void {
    const slot = table.slots.get(key)
    const sizeBytes = sizeOf(key, variants)
    if (variants.length === 0 || sizeBytes > this.lru.bytesMax / cacheEntryPartMax) {
      if (slot !== undefined) this.#letGo(slot)
      table.slots.delete(key)
      return
    }
    const kept = slot ?? new ItemSlot(table, key)
    kept.hold(variants)
    table.slots.set(key, kept)
    if (slot === undefined) this.lru.add(kept, sizeBytes)
    else this.lru.resize(kept, sizeBytes)
  }

  #letGo(slot: ItemSlot): void {
    slot.hold([])
    this.lru.remove(slot)
  }
}

function isOf(variant: Variant, who: string, shown: string): boolean {
  return variant.who === who && variant.shown === shown
}

function sizeOf(key: string, variants: readonly Variant[]): number {
  return variants.reduce(
    (sum, { body, shown, who }) => sum + body.length + shown.length + who.length,
    cacheEntryOverheadBytes + key.length,
  )
}
