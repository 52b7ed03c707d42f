/**
 * A row is put right that the disk, or a mistake of ours, has damaged: what belongs under the key was decided among all
 * replicas (core/reconcile/mend.ts). Only if the row is still the one that was looked at; whatever was written since stands. Index rows and
 * counts may have been made from another row than the one found, so each repair marks its table for an audit (derived-audit.ts).
 */
import type { Item } from '../../core/attribute/value.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { bodyOffset, decodeRow, isTombstone, type Row } from '../../core/item/row.ts'
import { compareStamps, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../core/key/primary-key.ts'
import type { Table, TableId } from '../../core/table/table.ts'
import { collectionShare } from '../../core/write/item-collection.ts'
import { editing, receiveStamp } from './apply.ts'
import { markForAudit } from '../derived/derived-audit.ts'
import type { Mending } from './command.ts'
import { rowKey } from '../store/keys.ts'
import { checkHeader, checkItemRow } from './peer-row.ts'
import { editRow, type RowEdit } from './row-edit.ts'
import { RegionNumbers } from '../store/region-numbers.ts'
import { nextStamp, type State } from '../state.ts'

/** False when it was another row already. */
export async function mend(state: State, id: TableId, key: Buffer, { found, row }: Mending): Promise<boolean> {
  const table = state.catalog.decided(id)
  if (table === undefined) return false
  const at = rowKey(table.number, key)
  const before = state.groups.get(at)
  if (found === undefined ? before !== undefined : before === undefined || !before.equals(found)) return false
  const group = state.groups.open()
  editing(state, () => {
    markForAudit(state, group, table)
    if (row === undefined) return editRow(state, group, removal(state, { table, key, at, before }))
    const whole = decodeRow(row)
    receiveStamp(state, whole.stamp)
    const item = whole.tombstone ? undefined : decodeItem(whole.body)
    return editRow(state, group, { table, key, at, ...counted(before, row), row: whole, item, cause: 'replica' })
  })
  await state.groups.written(group)
  state.log.warn('a damaged row was mended', { table: table.name })
  return true
}

type Found = { readonly table: Table; readonly key: Buffer; readonly at: Buffer; readonly before: Buffer | undefined }

/**
 * Nothing belongs under the key. The log says so by a tombstone that stays in this region: no other region has the row, and a
 * tombstone in the store could only win over a write that this region has not seen. What follows from the row goes as far as
 * it can be read; the audit does the rest.
 */
function removal(state: State, { table, key, at, before }: Found): RowEdit {
  const was = soundRow(state, table, key, before)
  const stamp = was?.stamp ?? nextStamp(state)
  receiveStamp(state, stamp)
  const body = Buffer.from(JSON.stringify(was?.keyAttributes ?? {}))
  const row = { stamp, seen: was?.seen ?? [], tombstone: true, itemSizeBytes: 0, body }
  const known = was === undefined ? undefined : before
  return { table, key, at, before: known, beforeItem: was?.item, row, item: undefined, cause: 'replica', removed: true }
}

type Sound = Pick<Row, 'stamp' | 'seen'> & { readonly item: Item | undefined; readonly keyAttributes: Item }

/** Undefined for a row of which nothing can be believed, as of one that lies under another key than its own. */
function soundRow(state: State, table: Table, key: Buffer, before: Buffer | undefined): Sound | undefined {
  try {
    if (before === undefined) return undefined
    const row = checkHeader(before)
    const item = decodeItem(row.body)
    if (!isStampOf(state, row.stamp) || !encodePrimaryKey(table.key, item).equals(key)) return undefined
    const keyAttributes = keyAttributesOf(table.key, item)
    collectionShare(table, item)
    return { stamp: row.stamp, seen: row.seen, item: row.tombstone ? undefined : item, keyAttributes }
  } catch {
    return undefined
  }
}

/** Whether an honest region could have written it, by what this region can tell, and by now. */
export function isRowOf(state: State, id: TableId, key: Buffer, bytes: Buffer): boolean {
  const table = state.catalog.decided(id)
  if (table === undefined) return false
  try {
    const row = checkHeader(bytes)
    checkItemRow(table, key, row)
    return isStampOf(state, row.stamp)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** One that a region we know may have given by now. */
function isStampOf(state: State, { region, wallMs }: Stamp): boolean {
  return new RegionNumbers(state).known().includes(region) && wallMs <= state.time.wallMs() + state.driftMsMax
}

/**
 * What index rows and counts were made from. Of a row that cannot be read, or that differs under the same stamp, that is the
 * row that takes its place: the disk has changed it after they were made.
 */
function counted(before: Buffer | undefined, row: Buffer): { before: Buffer | undefined; beforeItem?: Item } {
  if (before === undefined) return { before }
  const was = isStampedAs(before, row) ? row : before
  try {
    decodeRow(was)
    return isTombstone(was) ? { before: was } : { before: was, beforeItem: decodeItem(was.subarray(bodyOffset(was))) }
  } catch {
    return { before: row }
  }
}

function isStampedAs(before: Buffer, row: Buffer): boolean {
  try {
    return compareStamps(decodeRow(before).stamp, decodeRow(row).stamp) === 0
  } catch {
    return true
  }
}
