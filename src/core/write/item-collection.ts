/**
 * An item collection is everything under one partition of a table with local indexes: its items and their rows in those
 * indexes. DynamoDB holds it to 10 GB.
 */
import { sizeOfItem } from '../attribute/size.ts'
import type { Item } from '../attribute/value.ts'
import { projectForIndex } from '../item/index-item.ts'
import { encodeIndexKey } from '../key/index-key.ts'
import type { Table } from '../table/table.ts'

export function hasItemCollections(table: Table): boolean {
  return table.indexes.some((index) => index.kind === 'local')
}

/** What an item adds to its collection, in bytes; nothing where there is none. */
export function collectionShare(table: Table, item: Item | undefined): number {
  if (item === undefined) return 0
  let bytes = sizeOfItem(item)
  for (const index of table.indexes)
    if (index.kind === 'local' && encodeIndexKey(index, table, item) !== undefined)
      bytes += sizeOfItem(projectForIndex(item, index, table))
  return bytes
}
