/**
 * Reads a table as it was when a snapshot began: its rows of now, with those in their place that were kept when they first changed
 * (derived/before-images.ts). Nothing is held open between two parts, since every durable moment gives the same rows.
 */
import type { KeyedRow } from '../../core/change/rows.ts'
import { isTombstone } from '../../core/item/row.ts'
import { stepBytesMax, stepRowsMax } from '../../core/limits/limits.ts'
import type { Table } from '../../core/table/table.ts'
import type { Range, Store } from '../../ports/store.ts'
import type { SnapshotPart } from '../engine.ts'
import { checkRow, itemRowDamage } from '../store/damaged-record.ts'
import { imageKey, imagePrefixBytes, imagesOf, rowKey, rowPrefixBytes, tableRows } from '../store/keys.ts'

type From = { readonly table: Table; readonly snapshot: number; readonly after: Buffer | undefined }

/** Bounded in rows and bytes. `last` is undefined where nothing follows. */
export function readSnapshotRows(store: Pick<Store, 'entries'>, { table, snapshot, after }: From): SnapshotPart {
  const { number } = table
  const next = after === undefined ? undefined : Buffer.concat([after, Buffer.of(0)])
  const range = tableRows(number)
  const images = imagesOf(number, snapshot)
  const now = readSome(
    store,
    { ...range, from: next === undefined ? range.from : rowKey(number, next) },
    rowPrefixBytes,
  )
  const kept = readSome(
    store,
    { ...images, from: next === undefined ? images.from : imageKey(number, snapshot, next) },
    imagePrefixBytes,
  )
  const last = lesser(now.last, kept.last)
  const found = kept.rows.length === 0 ? now.rows : merged(now.rows, kept.rows)
  const rows = last === undefined ? found : found.slice(0, countUpTo(found, last))
  const items = rows.filter(({ row }) => row.length > 0 && !isTombstone(row))
  for (const { key, row } of items) if (itemRowDamage(row) !== undefined) checkRow(rowKey(number, key), row)
  return { rows: items, last }
}

/** In the order of their keys. Of a key that both have, what was kept. */
function merged(now: readonly KeyedRow[], kept: readonly KeyedRow[]): KeyedRow[] {
  const rows: KeyedRow[] = []
  let at = 0
  for (const row of kept) {
    while (at < now.length && Buffer.compare((now[at] as KeyedRow).key, row.key) < 0) rows.push(now[at++] as KeyedRow)
    if (now[at]?.key.equals(row.key) === true) at++
    rows.push(row)
  }
  return [...rows, ...now.slice(at)]
}

/** How many of them have no greater key. */
function countUpTo(rows: readonly KeyedRow[], last: Buffer): number {
  const past = rows.findLastIndex(({ key }) => Buffer.compare(key, last) <= 0)
  return past + 1
}

function readSome(store: Pick<Store, 'entries'>, range: Range, prefixBytes: number): SnapshotPart {
  const rows: KeyedRow[] = []
  let bytes = 0
  for (const { key, value } of store.entries({ ...range, limit: stepRowsMax })) {
    rows.push({ key: key.subarray(prefixBytes), row: value })
    bytes += key.length + value.length
    if (bytes >= stepBytesMax) return { rows, last: rows.at(-1)?.key }
  }
  return { rows, last: rows.length < stepRowsMax ? undefined : rows.at(-1)?.key }
}

function lesser(a: Buffer | undefined, b: Buffer | undefined): Buffer | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Buffer.compare(a, b) <= 0 ? a : b
}
