/**
 * One row changes: the row itself, everything that follows from it (derived.ts) and the log, all in one group. Own writes and those
 * of peers both end here, so that every region keeps the same books.
 */
import { changeEvent } from '../../core/change-stream/change-event.ts'
import type { Cause } from '../../core/change/change.ts'
import type { Unplaced } from '../../core/change/record.ts'
import { seenBy } from '../../core/reconcile/reconcile.ts'
import { bodyOffset, decodeRow, encodeRow, isOnlyOf, isTombstone, type Row, sealedRow } from '../../core/item/row.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import type { Item } from '../../core/attribute/value.ts'
import { looksInside, type Table } from '../../core/table/table.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { checkRow, itemRowDamage } from '../store/damaged-record.ts'
import { editDerived } from '../derived/derived.ts'
import type { Group } from './flush-group.ts'
import { auditKey, rowKey, rowPrefixBytes } from '../store/keys.ts'
import { nextStamp, type State } from '../state.ts'
import type { OpenStream } from '../streams/stream-book.ts'
import { keepsTombstones } from '../derived/tombstones-by-age.ts'

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
  const { table, key, before, row, at = rowKey(table.number, key) } = edit
  const bytes = edit.bytes === undefined ? encodeRow(row) : sealedRow(edit.bytes)
  const kept = edit.removed !== true && (!row.tombstone || keepsTombstones(table))
  state.groups.put(group, at, kept ? bytes : undefined)
  const items = looksInside(table) ? { before: edit.beforeItem ?? itemIn(before), after: edit.item } : noItems
  editDerived(state, group, { table, key, at, before, after: kept ? row : undefined, items })
  state.orderBook.note(table.id, key, bytes)
  const ownNumber = edit.cause === 'replica' ? 0 : nextOwnNumber(state, table)
  const unshared = edit.cause !== 'replica' && !keepsTombstones(table)
  const change = { table: table.id, ownNumber, key, row: bytes, unshared }
  const open = state.streams.openOf(table)
  if (open.length === 0) state.writer.add(group, edit.cause, change)
  else addStreamed(state, group, edit, { open, change })
}

type Streamed = { readonly open: readonly OpenStream[]; readonly change: Unplaced }

/** The log has the row before where the stream shows it. */
function addStreamed(state: State, group: Group, { cause, before }: RowEdit, { open, change }: Streamed): void {
  const event = changeEvent(before, change.row)
  const isOldShown = open.some(({ stream }) => stream.viewType.includes('OLD'))
  const isShown = event !== undefined && event !== 'INSERT' && isOldShown
  const position = state.writer.add(group, cause, { ...change, event, previous: isShown ? before : undefined })
  if (event !== undefined) for (const each of open) state.streams.add(group, each, change.key, position)
}

const none = Buffer.alloc(0)
const noItems = { before: undefined, after: undefined }

/** Own changes are counted, those of peers have 0. */
function nextOwnNumber({ counts }: State, { number }: Table): number {
  const own = counts.touch(number)
  own.ownNumber += 1
  return own.ownNumber
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
  state.orderBook.note(table.id, key, none)
  if (itemRowDamage(before) !== undefined) {
    // What followed from it is not known.
    state.groups.put(group, auditKey(table.number), Buffer.alloc(0))
    return
  }
  const items = looksInside(table) ? { before: itemIn(before), after: undefined } : noItems
  editDerived(state, group, { table, key, at, before, after: undefined, items })
}

/** The header of this region's own write over what it found; `ordered` is the stamp of one that has it from an order, and its region's. */
export function ownRow(
  state: State,
  table: Table,
  before: Buffer | undefined,
  ordered: Stamp | undefined,
): Pick<Row, 'stamp' | 'seen'> {
  const stamp = ordered ?? nextStamp(state)
  const number = stamp.region
  if (before !== undefined)
    return { stamp, seen: isOnlyOf(before, number) ? [] : seenBy(decodeRow(before), number, undefined) }
  const { horizon } = state.counts.of(table.number)
  return { stamp, seen: seenBy(undefined, number, horizon) }
}

export function itemIn(row: Buffer | undefined): Item | undefined {
  return row === undefined || isTombstone(row) ? undefined : decodeItem(row.subarray(bodyOffset(row)))
}
