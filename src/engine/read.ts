/** Walks a part of a table or index in the store; what a row is worth to the answer is the page's business (core/read). */
import type { KeyedRow } from '../core/change/rows.ts'
import { evaluate } from '../core/expression/evaluate.ts'
import { decodeItem } from '../core/item/item-bytes.ts'
import { itemProjector } from '../core/item/project.ts'
import { bodyOffset, isTombstone, itemSizeOf } from '../core/item/row.ts'
import { encodePrimaryKey } from '../core/key/primary-key.ts'
import { PageBuilder, type PageRules, type ScannedRow } from '../core/read/page.ts'
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import { isLocalRegister } from '../core/table/registers.ts'
import type { Index, Table, TableId } from '../core/table/table.ts'
import type { Range, Store } from '../ports/store.ts'
import { indexRowBodyOffset, indexRowSizeOf } from './index-rows.ts'
import { indexRowKey, registerOf, registersOf, rowKey, rowPrefixBytes, tableRows, under } from './keys.ts'

const noKey = Buffer.alloc(0)

export function readPage(store: Pick<Store, 'get' | 'entries'>, plan: ReadPlan): Page {
  const page = new PageBuilder(rulesOf(plan))
  for (const { value } of store.entries(rangeOf(plan))) {
    if (plan.index === undefined && isTombstone(value)) {
      if (!page.skip(value.subarray(bodyOffset(value)))) break
      continue
    }
    if (!page.add(plan.index === undefined ? scannedRow(value) : scannedIndexRow(store, plan, value))) break
  }
  return page.finish()
}

/** The durable row; a tombstone counts as none. */
export function readRow(store: Pick<Store, 'get' | 'entries'>, table: Table, key: Buffer): Buffer | undefined {
  const row = store.get(rowKey(table.number, key))
  return row === undefined || isTombstone(row) ? undefined : row
}

function rulesOf({ limit, countOnly, filter, projection }: ReadPlan): PageRules {
  return {
    countOnly,
    ...(limit === undefined ? {} : { limit }),
    ...(filter === undefined ? {} : { matches: (item) => evaluate(filter, item) }),
    ...(projection === undefined ? {} : { project: itemProjector(projection.paths) }),
  }
}

/** Bounds are relative to the table's or index's prefix; the start key is left out, on whichever side the walk begins. */
function rangeOf(plan: ReadPlan): Range {
  const { from, to } = under(prefixOf(plan.table, plan.index), plan.range)
  if (plan.after === undefined) return { from, to, reverse: !plan.forward }
  const [start] = [under(prefixOf(plan.table, plan.index), { from: plan.after, to: plan.after }).from as Buffer]
  if (!plan.forward) return { from, to: Buffer.compare(start, to) < 0 ? start : to, reverse: true }
  const next = Buffer.concat([start, Buffer.of(0)])
  return { from: Buffer.compare(next, from) > 0 ? next : from, to }
}

function prefixOf(table: Table, index: Index | undefined): Buffer {
  return index === undefined ? rowKey(table.number, noKey) : indexRowKey(table.number, index.number, noKey)
}

function scannedRow(row: Buffer): ScannedRow {
  return { body: row.subarray(bodyOffset(row)), sizeBytes: itemSizeOf(row) }
}

function scannedIndexRow(store: Pick<Store, 'get' | 'entries'>, plan: ReadPlan, value: Buffer): ScannedRow {
  const row = { body: value.subarray(indexRowBodyOffset), sizeBytes: indexRowSizeOf(value) }
  if (!plan.fetchWhole) return row
  const fetched = readRow(store, plan.table, encodePrimaryKey(plan.table.key, decodeItem(row.body)))
  if (fetched === undefined) return row
  return { ...row, fetched: { body: fetched.subarray(bodyOffset(fetched)), sizeBytes: itemSizeOf(fetched) } }
}

type Chunk = { readonly after: Buffer | undefined; readonly rowsMax: number; readonly bytesMax: number }

/** Rows with tombstones, in key order, at least one if there is one. */
export function readRows(
  store: Pick<Store, 'entries'>,
  table: Table,
  { after, rowsMax, bytesMax }: Chunk,
): readonly KeyedRow[] {
  const { from: first, to } = tableRows(table.number)
  const from = after === undefined ? first : Buffer.concat([first, after, Buffer.of(0)])
  const rows: KeyedRow[] = []
  let bytes = 0
  for (const { key, value } of store.entries({ from, to, limit: rowsMax })) {
    bytes += key.length + value.length
    if (rows.length > 0 && bytes > bytesMax) break
    rows.push({ key: key.subarray(rowPrefixBytes), row: value })
  }
  return rows
}

/** What all regions know of a table, tombstones too, by name. */
export function sharedRegisters(store: Pick<Store, 'entries'>, id: TableId): readonly KeyedRow[] {
  const rows: KeyedRow[] = []
  for (const { key, value } of store.entries(registersOf(id))) {
    const { register } = registerOf(key)
    if (!isLocalRegister(register)) rows.push({ key: Buffer.from(register), row: value })
  }
  return rows
}
