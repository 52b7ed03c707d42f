/**
 * What a write costs: a unit is 1 KB of the larger of the item before and after. An index is charged for the change of what
 * it holds: nothing when that stays the same, one write to add, change or remove its row, two when its key
 * changes, since the row moves. A transaction doubles the table's share alone.
 */
import { equalItems } from '../attribute/equality.ts'
import { sizeOfItem } from '../attribute/size.ts'
import type { Item } from '../attribute/value.ts'
import { projectForIndex } from '../item/index-item.ts'
import { encodeIndexKey } from '../key/index-key.ts'
import { capacityWriteUnitBytes } from '../limits/limits.ts'
import { type Capacity, type IndexUnits, itemReadCapacity } from '../read/read-capacity.ts'
import type { Index, Table } from '../table/table.ts'
import type { Outcome } from './write.ts'

function writeUnits(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / capacityWriteUnitBytes))
}

/** Of an accepted write; a condition check and a delete of nothing change no index but cost the table the same. */
export function writeCapacity(table: Table, outcome: Outcome, transactional = false): Capacity {
  const units = writeUnits(largerSize(outcome)) * (transactional ? 2 : 1)
  if (!outcome.changed || table.indexes.length === 0) return { table: units, indexes: [] }
  return { table: units, indexes: indexUnits(table, outcome.previous?.item(), outcome.next?.item()) }
}

/** Of a transaction sent again with its token: nothing is written, its items are read. */
export function replayCapacity(outcome: Outcome): Capacity {
  return itemReadCapacity(largerSize(outcome), 'transactional')
}

function largerSize(outcome: Outcome): number {
  return Math.max(outcome.previous?.sizeBytes ?? 0, outcome.next?.sizeBytes ?? 0)
}

function indexUnits(table: Table, previous: Item | undefined, next: Item | undefined): readonly IndexUnits[] {
  const charged: IndexUnits[] = []
  for (const index of table.indexes) {
    if (index.status === 'DELETING') continue
    const units = unitsOfIndex(index, table, previous, next)
    if (units > 0) charged.push({ index, units })
  }
  return charged
}

type IndexRow = { readonly key: Buffer; readonly held: Item }

function unitsOfIndex(index: Index, table: Table, previous: Item | undefined, next: Item | undefined): number {
  const before = rowOf(index, table, previous)
  const after = rowOf(index, table, next)
  if (before === undefined || after === undefined) return unitsOfRow(before) + unitsOfRow(after)
  if (!before.key.equals(after.key)) return unitsOfRow(before) + unitsOfRow(after)
  if (equalItems(before.held, after.held)) return 0
  return Math.max(unitsOfRow(before), unitsOfRow(after))
}

function rowOf(index: Index, table: Table, item: Item | undefined): IndexRow | undefined {
  const key = item === undefined ? undefined : encodeIndexKey(index, table, item)
  return item === undefined || key === undefined ? undefined : { key, held: projectForIndex(item, index, table) }
}

function unitsOfRow(row: IndexRow | undefined): number {
  return row === undefined ? 0 : writeUnits(sizeOfItem(row.held))
}
