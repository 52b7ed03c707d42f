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
import { checkRow } from '../store/damaged-record.ts'
import { imageKey, imagePrefixBytes, imagesOf, rowKey, rowPrefixBytes, tableRows } from '../store/keys.ts'

type From = { readonly table: Table; readonly snapshot: number; readonly after: Buffer | undefined }

/** Bounded in rows and bytes. `last` is undefined where nothing follows. */
export function readSnapshotRows(store: Pick<Store, 'entries'>, { table, snapshot, after }: From): SnapshotPart {
  const { number } = table
  const next = after === undefined ? undefined : Buffer.concat([after, Buffer.of(0)])
  const rows = tableRows(number)
  const images = imagesOf(number, snapshot)
  const now = readSome(store, { ...rows, from: next === undefined ? rows.from : rowKey(number, next) }, rowPrefixBytes)
  const kept = readSome(
    store,
    { ...images, from: next === undefined ? images.from : imageKey(number, snapshot, next) },
    imagePrefixBytes,
  )
  const last = lesser(now.last, kept.last)
  const found = new Map<string, KeyedRow>()
  for (const { rows: some } of [now, kept])
    for (const row of some)
      if (last === undefined || Buffer.compare(row.key, last) <= 0) found.set(row.key.toString('latin1'), row)
  const items = [...found.values()].filter(({ row }) => row.length > 0 && !isTombstone(row))
  for (const { key, row } of items) checkRow(rowKey(number, key), row)
  return { rows: items.toSorted((a, b) => Buffer.compare(a.key, b.key)), last }
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
