/** Walks a part of a table or index in the store; what a row is worth to the answer is the page's business (core/read). */
import type { KeyedRow } from '../core/change/rows.ts'
import { evaluate } from '../core/expression/evaluate/evaluate.ts'
import { decodeItem } from '../core/item/item-bytes.ts'
import { itemProjector } from '../core/item/project.ts'
import { bodyOffset, isTombstone, itemSizeOf } from '../core/item/row.ts'
import { encodePrimaryKey } from '../core/key/primary-key.ts'
import { operatorsOf, TurnWork, type WorkRules } from '../core/read/page-work.ts'
import { PageBuilder, type PageRules, type ScannedRow } from '../core/read/page.ts'
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import { isLocalRegister } from '../core/table/registers.ts'
import type { Index, Table, TableId } from '../core/table/table.ts'
import type { Turns } from '../core/turns.ts'
import type { Range, Store } from '../ports/store.ts'
import { checkRow } from './store/damaged-record.ts'
import { indexRowBodyOffset, indexRowSizeOf } from './derived/index-rows.ts'
import { indexRowKey, registerOf, registersOf, rowKey, rowPrefixBytes, tableRows, under } from './store/keys.ts'

const noKey = Buffer.alloc(0)

/**
 * Yields wherever the page has had its turn, and goes on after the last row that it looked at, in the rows that are durable then:
 * DynamoDB promises no more of a page than of each of its items. Without its table or index it ends there, with a token.
 */
export function* readPage(store: Rows, plan: ReadPlan, goesOn: () => boolean): Turns<Page> {
  const page = new PageBuilder(rulesOf(plan))
  const work = new TurnWork(workRulesOf(plan))
  let range: Range | undefined = rangeOf(plan)
  for (;;) {
    range = readOn(store, plan, { page, work, range })
    if (range === undefined) return page.finish()
    yield
    if (!goesOn()) return page.interrupt().finish()
    work.begin()
  }
}

type Rows = Pick<Store, 'get' | 'entries'>
type Reading = { readonly page: PageBuilder; readonly work: TurnWork; readonly range: Range }

/** One turn of it; what is left of the range, unless the page has ended. */
function readOn(store: Rows, plan: ReadPlan, { page, work, range }: Reading): Range | undefined {
  for (const { key, value } of store.entries({ ...range, ...expectedOf(plan), lent: isWhole(plan) })) {
    const row = plan.index === undefined ? rowOf(key, value) : scannedIndexRow(store, plan, value)
    if (!work.fits(value.length + (row?.fetched?.body.length ?? 0)))
      return range.reverse === true ? { ...range, to: justAfter(key) } : { ...range, from: Buffer.from(key) }
    if (!(row === undefined ? page.skip(value.subarray(bodyOffset(value))) : page.add(row))) return undefined
    if (!work.add(value.length + (row?.fetched?.body.length ?? 0)))
      return range.reverse === true ? { ...range, to: Buffer.from(key) } : { ...range, from: justAfter(key) }
  }
  return undefined
}

function expectedOf({ limit }: ReadPlan): Pick<Range, 'expected'> {
  return limit === undefined ? {} : { expected: limit }
}

/** Each row goes into the answer as it is, and nothing of it is wanted later. */
function isWhole({ filter, projection, countOnly, fetchWhole }: ReadPlan): boolean {
  return filter === undefined && projection === undefined && !countOnly && !fetchWhole
}

/** None of a deleted item. Throws DamagedRecord. */
function rowOf(key: Buffer, row: Buffer): ScannedRow | undefined {
  const body = row.subarray(bodyOffset(row))
  checkRow(key, row, body)
  return isTombstone(row) ? undefined : { body, sizeBytes: itemSizeOf(row) }
}

function workRulesOf({ filter, projection, countOnly, fetchWhole }: ReadPlan): WorkRules {
  const projects = projection !== undefined && !countOnly
  return { parses: filter !== undefined || projects || fetchWhole, operators: operatorsOf(filter) }
}

/** The table as it is now, under the same id, still answers for what was known as the table and its index. */
export function isServed(now: Table | undefined, { number }: Table, index: Index | undefined): boolean {
  if (now === undefined || now.number !== number) return false
  if (now.status !== 'ACTIVE' && now.status !== 'UPDATING') return false
  return index === undefined || now.indexes.some((each) => each.number === index.number && each.status === 'ACTIVE')
}

function justAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}

/** The durable row; a tombstone counts as none. */
export function readRow(store: Pick<Store, 'get' | 'entries'>, table: Table, key: Buffer): Buffer | undefined {
  const at = rowKey(table.number, key)
  const row = store.get(at)
  if (row === undefined) return undefined
  checkRow(at, row)
  return isTombstone(row) ? undefined : row
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
