/**
 * The expiry index: for each item that says when it expires, that second, under the region that wrote the item last. So a region finds what
 * it is to delete itself without passing over what others delete, and both in the order of time.
 */
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { expirySecond } from '../../core/item/item-expiry.ts'
import type { Item } from '../../core/attribute/value.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { expiryAttribute, type Table, type TablePart } from '../../core/table/table.ts'
import { soundItem } from './index-rows.ts'
import { rowIn } from '../store/damaged-record.ts'
import type { Group } from '../commands/flush-group.ts'
import type { ExpiryEntry, ExpiryPlace } from '../engine.ts'
import { expiresIn, expiringPrimaryKey, expiryKey, rowKey, tableExpiries } from '../store/keys.ts'
import type { State } from '../state.ts'
import type { Auditing, AuditedRow, Derived, FoundEntries, KeptRow, RowChange, Step } from './derived-entry.ts'

export const expiryRows: Derived = {
  name: 'expiry',
  edit,
  fill,
  drop: (table) => [tableExpiries(table)],
  rebuild: {
    row: ensure,
    strays: ({ number }) => [{ range: tableExpiries(number), audit: removeStrays }],
  },
}

function edit({ groups }: State, group: Group, { table, key, before, after, items }: RowChange): void {
  if (expiryAttribute(table) === undefined) return
  const old =
    before === undefined ? undefined : entryOf(table, key, { stamp: readStamp(before, 1), item: items.before })
  const made = after === undefined ? undefined : entryOf(table, key, { stamp: after.stamp, item: items.after })
  if (old !== undefined && made?.equals(old) === true) return
  if (old !== undefined) groups.put(group, old, undefined)
  if (made !== undefined) groups.put(group, made, none)
}

const none = Buffer.alloc(0)

type Of = { readonly stamp: Stamp; readonly item: Item | undefined }

function entryOf(table: Table, key: Buffer, { stamp, item }: Of): Buffer | undefined {
  const attribute = expiryAttribute(table)
  const second = attribute === undefined || item === undefined ? undefined : expirySecond(item, attribute)
  return second === undefined ? undefined : expiryKey(table.number, { region: stamp.region, second }, key)
}

function fill({ groups }: State, group: Group, { table, key, stamp, item }: KeptRow, part: TablePart): void {
  const entry = part === 'expiry' ? entryOf(table, key, { stamp, item }) : undefined
  if (entry !== undefined) groups.put(group, entry, none)
}

export function readExpiries(
  { store }: State,
  { number }: Table,
  { key, ...from }: ExpiryPlace,
  limit: number,
): readonly ExpiryEntry[] {
  // The least key after one is that with a zero byte more.
  const first = expiryKey(number, from, key === undefined ? none : Buffer.concat([key, Buffer.of(0)]))
  const found: ExpiryEntry[] = []
  for (const entry of store.entries({ ...tableExpiries(number), from: first, limit }))
    found.push({ ...expiresIn(entry.key), key: Buffer.from(expiringPrimaryKey(entry.key)) })
  return found
}

function ensure({ state, corrected }: Auditing, { group, table }: Step, { key, row, item }: AuditedRow): void {
  const entry = entryOf(table, key, { stamp: row.stamp, item })
  if (entry === undefined || state.groups.get(entry) !== undefined) return
  state.groups.put(group, entry, none)
  corrected()
}

function removeStrays({ state, corrected }: Auditing, { group, table }: Step, found: FoundEntries): void {
  for (const [entry] of found) {
    const key = expiringPrimaryKey(entry)
    const bytes = state.groups.get(rowKey(table.number, key))
    const row = bytes === undefined ? undefined : rowIn(bytes)
    const item = row === undefined ? undefined : soundItem(table, key, row)
    if (row !== undefined && entryOf(table, key, { stamp: row.stamp, item })?.equals(entry) === true) continue
    state.groups.put(group, entry, undefined)
    corrected()
  }
}
