/** Keys that a request names twice, when the tables are not looked at yet: the order of the attributes does not matter. */
import type { Item } from '../../core/attribute/value.ts'

export function hasDuplicateKeys(keys: readonly Item[]): boolean {
  if (keys.length < 2) return false
  return new Set(keys.map(keyText)).size < keys.length
}

function keyText(key: Item): string {
  return JSON.stringify(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
