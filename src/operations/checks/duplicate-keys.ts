/** Keys that a request names twice. */
import type { TableId } from '../../core/table/table.ts'
import type { Item } from '../../core/attribute/value.ts'

/** Before the tables are looked at; the order of the attributes does not matter. */
export function hasDuplicateKeys(keys: readonly Item[]): boolean {
  if (keys.length < 2) return false
  return new Set(keys.map(keyText)).size < keys.length
}

function keyText(key: Item): string {
  return JSON.stringify(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Of found tables, of which one may have been called by its name and by its ARN. */
export function hasItemTwice(items: readonly { readonly table: TableId; readonly key: Buffer }[]): boolean {
  if (items.length < 2) return false
  return new Set(items.map(({ table, key }) => `${table} ${key.toString('latin1')}`)).size < items.length
}
