/**
 * One row changes: the row itself, the table's tombstones by age, its index rows, its counts and the log, all in one
 * group. Own writes and those of peers both end here, so that every region keeps the same books.
 */
import type { Cause } from '../core/change/change.ts'
import { seenBy } from '../core/reconcile/reconcile.ts'
import {
  bodyOffset,
  decodeRow,
  encodeRow,
  isOnlyOf,
  isTombstone,
  itemSizeOf,
  type Row,
  sealedRow,
} from '../core/item/row.ts'
import { decodeItem } from '../core/item/item-bytes.ts'
import type { Item } from '../core/attribute/value.ts'
import { readStamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Table } from '../core/table/table.ts'
import { editCollection } from './collections.ts'
import { checkRow, itemRowDamage } from './damaged-record.ts'
import type { Group } from './group.ts'
import { editIndexRows } from './index-rows.ts'
import { auditKey, rowKey, rowPrefixBytes, tombstoneKey } from './keys.ts'
import { nextStamp, type State } from './state.ts'

export type RowEdit = {
  readonly table: Table
  readonly key: Buffer
  /** Its key in the store, if somebody has made it already. */
  readonly at?: Buffer | undefined
  /** The row as found, a tombstone too. */
  readonly before: Buffer | undefined
  /** The item found, if somebody has parsed it already. */
  readonly beforeItem?: Item | undefined
  readonly row: Row
  /** The row's bytes, where it came as such. */
  readonly bytes?: Buffer | undefined
  /** The row's item, for the indexes; undefined for a tombstone. */
  readonly item: Item | undefined
  readonly cause: Cause
  /** Nothing is kept under the key, not even the tombstone that the log has. */
  readonly removed?: true
}

export function editRow(state: State, group: Group, edit: RowEdit): void {
  const { table, key, before, row } = edit
  const bytes = edit.bytes === undefined ? encodeRow(row) : sealedRow(edit.bytes)
  const kept = edit.removed !== true && (!row.tombstone || keepsTombstones(table))
  state.groups.put(group, edit.at ?? rowKey(table.number, key), kept ? bytes : undefined)
  editTombstones(state, group, edit, kept)
  if (table.indexes.length > 0) {
    const change = { before: edit.beforeItem ?? itemIn(before), after: edit.item }
    editIndexRows(state, group, table, change)
    editCollection(state, group, table, key, change)
  }
  const ordinal = editCounts(state, edit)
  const previous = before !== undefined && keepsOldImages(table) && !isTombstone(before) ? before : undefined
  const alone = edit.cause !== 'replica' && !keepsTombstones(table)
  state.writer.add(group, edit.cause, { table: table.id, ordinal, key, row: bytes, alone, previous })
}

/** The row as decided; what nothing can be decided on is quarantined, and throws. */
export function soundRow(state: State, at: Buffer): Buffer | undefined {
  const row = state.groups.get(at)
  if (row !== undefined) state.damage.noting(() => checkRow(at, row))
  return row
}

/** A row goes as if it had never been here. `at` is its key in the store. */
export function dropRow(state: State, group: Group, table: Table, at: Buffer): void {
  const before = state.groups.get(at)
  if (before === undefined) return
  const key = at.subarray(rowPrefixBytes)
  state.groups.put(group, at, undefined)
  if (itemRowDamage(before) !== undefined) {
    // What followed from it is not known.
    state.groups.put(group, auditKey(table.number), Buffer.alloc(0))
    return
  }
  if (isTombstone(before)) {
    state.groups.put(group, tombstoneKey(table.number, readStamp(before, 1), key), undefined)
    return
  }
  if (table.indexes.length > 0) {
    const change = { before: itemIn(before), after: undefined }
    editIndexRows(state, group, table, change)
    editCollection(state, group, table, key, change)
  }
  state.counts.add({ table: table.number, at, items: -1, bytes: -itemSizeOf(before) })
}

/** The header of this region's own write over what it found. */
export function ownRow(state: State, table: Table, before: Buffer | undefined): Pick<Row, 'stamp' | 'seen'> {
  const { number } = state.topology.self
  const stamp = nextStamp(state)
  if (before !== undefined)
    return { stamp, seen: isOnlyOf(before, number) ? [] : seenBy(decodeRow(before), number, undefined) }
  const { horizon } = state.counts.of(table.number)
  return { stamp, seen: seenBy(undefined, number, horizon) }
}

export function itemIn(row: Buffer | undefined): Item | undefined {
  return row === undefined || isTombstone(row) ? undefined : decodeItem(row.subarray(bodyOffset(row)))
}

/** Elsewhere nobody could bring the item back, so nothing needs to be remembered. */
export function keepsTombstones(table: Table): boolean {
  return table.replicas.length > 1
}

function keepsOldImages(table: Table): boolean {
  const { stream } = table.settings
  return stream !== undefined && stream.enabled && stream.viewType.includes('OLD')
}

function editTombstones(state: State, group: Group, edit: RowEdit, kept: boolean): void {
  const { table, key, before, row } = edit
  if (before !== undefined && isTombstone(before))
    state.groups.put(group, tombstoneKey(table.number, readStamp(before, 1), key), undefined)
  if (row.tombstone && kept) state.groups.put(group, tombstoneKey(table.number, row.stamp, key), Buffer.alloc(0))
}

/** Returns the change's ordinal: own changes are counted, those of peers have 0. */
function editCounts(state: State, { table, key, at, before, row, cause }: RowEdit): number {
  const was = before === undefined || isTombstone(before) ? undefined : itemSizeOf(before)
  const items = (row.tombstone ? 0 : 1) - (was === undefined ? 0 : 1)
  const bytes = (row.tombstone ? 0 : row.itemSizeBytes) - (was ?? 0)
  state.counts.add({ table: table.number, at: at ?? rowKey(table.number, key), items, bytes })
  if (cause === 'replica') return 0
  const counts = state.counts.touch(table.number)
  counts.ordinal += 1
  return counts.ordinal
}
