/** What an index row holds of its item: the keys of the index and of the table always, and what its projection adds. */
import { attribute, type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import type { Index, Table } from '../table/table.ts'

/** In the item's own order of attributes; the item itself when the index projects all of it. */
export function projectForIndex(item: Item, index: Index, table: Table): Item {
  if (index.projection.type === 'ALL') return item
  const held: Record<string, AttributeValue> = {}
  const names = heldAttributes(index, table)
  for (const name of Object.keys(item)) {
    const value = names.has(name) ? attribute(item, name) : undefined
    if (value !== undefined) setAttribute(held, name, value)
  }
  return held
}

/** Names of the attributes that an index which does not project all of them holds. */
export function heldAttributes(index: Index, table: Table): ReadonlySet<string> {
  const names = new Set<string>()
  for (const key of [table.key, index.key]) {
    for (const part of key.partition) names.add(part.name)
    for (const part of key.sort) names.add(part.name)
  }
  if (index.projection.type === 'INCLUDE') for (const name of index.projection.attributes) names.add(name)
  return names
}
