/**
 * Index rows: computed in every region from the table's rows, in the batch that changes those. The value is DynamoDB's
 * size of the projected item (u32) and its JSON.
 */
import { sizeOfItem } from '../../core/attribute/size.ts'
import type { Item } from '../../core/attribute/value.ts'
import { projectForIndex } from '../../core/item/index-item.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import type { Row } from '../../core/item/row.ts'
import { encodeIndexKey } from '../../core/key/index-key.ts'
import { encodePrimaryKey } from '../../core/key/primary-key.ts'
import type { Index, Table, TablePart } from '../../core/table/table.ts'
import { collectionShare, hasItemCollections } from '../../core/write/item-collection.ts'
import { rowIn } from '../store/damaged-record.ts'
import type { Auditing, AuditedRow, Derived, KeptRow, RowChange, Step, Strays } from './derived-entry.ts'
import type { Group } from '../commands/flush-group.ts'
import { indexRowKey, rowKey, rowsOfIndex, tableIndexRows } from '../store/keys.ts'
import { setSize } from './row-counts.ts'
import type { State } from '../state.ts'

export const indexRowBodyOffset = 4

export const indexRows: Derived = {
  name: 'index rows',
  edit,
  fill,
  drop: (table) => [tableIndexRows(table)],
  rebuild: {
    row: ensure,
    strays: (table) => table.indexes.map(({ number }) => straysOf(table, number)),
  },
}

type IndexRow = {
  readonly table: Table
  readonly index: Index
  /** Its key in the store. */
  readonly key: Buffer
  readonly row: Buffer
}

/** The rows of all indexes follow an item's change. */
function edit(state: State, group: Group, { table, items }: RowChange): void {
  for (const index of table.indexes)
    if (index.status !== 'DELETING') editIndexRow(state, group, { table, index, items })
}

function fill(state: State, group: Group, { table, item }: KeptRow, part: TablePart): void {
  const index = table.indexes.find(({ number }) => number === part)
  const key = index === undefined ? undefined : keyOf(table, index, item)
  if (index === undefined || key === undefined || state.damage.asFound(() => state.groups.get(key)) !== undefined)
    return
  put(state, group, { table, index, key, row: rowOf(table, index, item) })
}

type OfIndex = Pick<RowChange, 'table' | 'items'> & { readonly index: Index }

function editIndexRow(state: State, group: Group, { table, index, items }: OfIndex): void {
  const before = items.before === undefined ? undefined : keyOf(table, index, items.before)
  const after = items.after === undefined ? undefined : keyOf(table, index, items.after)
  const row = after === undefined || items.after === undefined ? undefined : rowOf(table, index, items.after)
  if (before !== undefined) {
    // While a backfill is under way, or after a crash in it, the row may not be there yet.
    const found = state.damage.asFound(() => state.groups.get(before))
    if (found !== undefined && row !== undefined && after?.equals(before) === true && found.equals(row)) return
    if (found !== undefined) remove(state, group, { table, index, key: before, row: found })
  }
  if (after !== undefined && row !== undefined) put(state, group, { table, index, key: after, row })
}

function ensure({ state, corrected }: Auditing, { group, table }: Step, { item }: AuditedRow): void {
  if (item === undefined) return
  for (const made of rowsFrom(table, item)) {
    const found = state.damage.asFound(() => state.groups.get(made.key))
    if (found?.equals(made.row) === true) continue
    if (found !== undefined) remove(state, group, { ...made, row: found })
    put(state, group, made)
    corrected()
  }
}

function rowsFrom(table: Table, item: Item): readonly IndexRow[] {
  return table.indexes.flatMap((index) => {
    const key = index.status === 'DELETING' ? undefined : keyOf(table, index, item)
    return key === undefined ? [] : [{ table, index, key, row: rowOf(table, index, item) }]
  })
}

function straysOf({ number: table }: Table, number: number): Strays {
  const indexIn = ({ indexes }: Table): Index | undefined =>
    indexes.find((index) => index.number === number && index.status !== 'DELETING')
  return {
    range: rowsOfIndex(table, number),
    audit: (auditing, step, found) => {
      const index = indexIn(step.table)
      if (index === undefined) return
      for (const [key, row] of found) auditIndexRow(auditing, step.group, { table: step.table, index, key, row })
    },
    end: (auditing, step) => {
      if (indexIn(step.table) === undefined) return
      setSize(auditing, (auditing.state.counts.touch(table).indexes[number] ??= { items: 0, bytes: 0 }))
    },
  }
}

function auditIndexRow({ state, tally, corrected }: Auditing, group: Group, found: IndexRow): void {
  if (followsFromARow(state, found)) return tally.count(indexRowSizeOf(found.row))
  remove(state, group, found)
  corrected()
}

/** Whether the row that it says it was made from makes just this one. */
function followsFromARow(state: State, { table, index, key, row }: IndexRow): boolean {
  try {
    const shown = decodeItem(row.subarray(indexRowBodyOffset))
    const primary = encodePrimaryKey(table.key, shown)
    const bytes = state.groups.get(rowKey(table.number, primary))
    const base = bytes === undefined ? undefined : rowIn(bytes)
    const item = base === undefined ? undefined : soundItem(table, primary, base)
    const made = item === undefined ? [] : rowsFrom(table, item)
    return made.some((each) => each.index.number === index.number && each.key.equals(key) && each.row.equals(row))
  } catch {
    return false
  }
}

/** Undefined for a tombstone, and for what damage has made of an item: nothing follows from it, until a repair replaces it. */
export function soundItem(table: Table, key: Buffer, row: Row): Item | undefined {
  if (row.tombstone) return undefined
  try {
    const item = decodeItem(row.body)
    if (!encodePrimaryKey(table.key, item).equals(key)) return undefined
    if (hasItemCollections(table)) collectionShare(table, item)
    rowsFrom(table, item)
    return item
  } catch {
    return undefined
  }
}

function put(state: State, group: Group, { table, index, key, row }: IndexRow): void {
  state.groups.put(group, key, row)
  state.counts.add({ table: table.number, index: index.number, at: key, items: 1, bytes: indexRowSizeOf(row) })
}

function remove(state: State, group: Group, { table, index, key, row }: IndexRow): void {
  state.groups.put(group, key, undefined)
  state.counts.add({ table: table.number, index: index.number, at: key, items: -1, bytes: -indexRowSizeOf(row) })
}

/** Damage may have left less than a size of it. */
export function indexRowSizeOf(row: Buffer): number {
  return row.length < indexRowBodyOffset ? 0 : row.readUInt32BE(0)
}

function keyOf(table: Table, index: Index, item: Item): Buffer | undefined {
  const key = encodeIndexKey(index, table, item)
  return key === undefined ? undefined : indexRowKey(table.number, index.number, key)
}

function rowOf(table: Table, index: Index, item: Item): Buffer {
  const projected = projectForIndex(item, index, table)
  const body = encodeItem(projected)
  const row = Buffer.allocUnsafe(indexRowBodyOffset + body.length)
  row.writeUInt32BE(sizeOfItem(projected), 0)
  body.copy(row, indexRowBodyOffset)
  return row
}
