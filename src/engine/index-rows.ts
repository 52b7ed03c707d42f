/**
 * Index rows: computed in every region from the table's rows, in the batch that changes those. The value is DynamoDB's
 * size of the projected item (u32) and its JSON.
 */
import { sizeOfItem } from '../core/attribute/size.ts'
import type { Item } from '../core/attribute/value.ts'
import { projectForIndex } from '../core/item/index-item.ts'
import { encodeItem } from '../core/item/item-bytes.ts'
import { encodeIndexKey } from '../core/key/index-key.ts'
import type { Index, Table } from '../core/table/table.ts'
import type { Group } from './group.ts'
import { indexRowKey } from './keys.ts'
import type { State } from './state.ts'

export const indexRowBodyOffset = 4

/** The rows of all indexes follow an item's change. */
export function editIndexRows(
  state: State,
  group: Group,
  table: Table,
  change: { readonly before: Item | undefined; readonly after: Item | undefined },
): void {
  for (const index of table.indexes) if (index.status !== 'DELETING') editIndexRow(state, group, table, index, change)
}

/** A backfill's way in: the item has been there before the index. True when a row was added. */
export function fillIndexRow(state: State, group: Group, table: Table, index: Index, item: Item): boolean {
  const key = indexKeyOf(table, index, item)
  if (key === undefined || state.damage.asFound(() => state.groups.get(key)) !== undefined) return false
  putIndexRow(state, group, { table, index, key, row: indexRowOf(table, index, item) })
  return true
}

function editIndexRow(
  state: State,
  group: Group,
  table: Table,
  index: Index,
  change: { readonly before: Item | undefined; readonly after: Item | undefined },
): void {
  const before = change.before === undefined ? undefined : indexKeyOf(table, index, change.before)
  const after = change.after === undefined ? undefined : indexKeyOf(table, index, change.after)
  const row = after === undefined || change.after === undefined ? undefined : indexRowOf(table, index, change.after)
  if (before !== undefined) {
    // While a backfill is under way, or after a crash in it, the row may not be there yet.
    const found = state.damage.asFound(() => state.groups.get(before))
    if (found !== undefined && row !== undefined && after?.equals(before) === true && found.equals(row)) return
    if (found !== undefined) removeIndexRow(state, group, { table, index, key: before, row: found })
  }
  if (after !== undefined && row !== undefined) putIndexRow(state, group, { table, index, key: after, row })
}

export type IndexRow = {
  readonly table: Table
  readonly index: Index
  /** Its key in the store. */
  readonly key: Buffer
  readonly row: Buffer
}

export function putIndexRow(state: State, group: Group, { table, index, key, row }: IndexRow): void {
  state.groups.put(group, key, row)
  state.counts.add({ table: table.number, index: index.number, at: key, items: 1, bytes: indexRowSizeOf(row) })
}

export function removeIndexRow(state: State, group: Group, { table, index, key, row }: IndexRow): void {
  state.groups.put(group, key, undefined)
  state.counts.add({ table: table.number, index: index.number, at: key, items: -1, bytes: -indexRowSizeOf(row) })
}

/** Damage may have left less than a size of it. */
export function indexRowSizeOf(row: Buffer): number {
  return row.length < indexRowBodyOffset ? 0 : row.readUInt32BE(0)
}

export function indexKeyOf(table: Table, index: Index, item: Item): Buffer | undefined {
  const key = encodeIndexKey(index, table, item)
  return key === undefined ? undefined : indexRowKey(table.number, index.number, key)
}

export function indexRowOf(table: Table, index: Index, item: Item): Buffer {
  const projected = projectForIndex(item, index, table)
  const body = encodeItem(projected)
  const row = Buffer.allocUnsafe(indexRowBodyOffset + body.length)
  row.writeUInt32BE(sizeOfItem(projected), 0)
  body.copy(row, indexRowBodyOffset)
  return row
}
