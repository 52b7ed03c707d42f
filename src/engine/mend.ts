/**
 * A row is put right that the disk, or a mistake of ours, has damaged: what belongs under the key was decided among all
 * replicas (core/reconcile/mend.ts). Only if the row is still the one that was looked at; whatever was written since stands.
 */
import type { Item } from '../core/attribute/value.ts'
import { decodeItem } from '../core/item/item-bytes.ts'
import { bodyOffset, decodeRow, isTombstone } from '../core/item/row.ts'
import { compareStamps } from '../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../core/table/table.ts'
import { editing, receiveStamp } from './apply.ts'
import type { Mending } from './engine.ts'
import { rowKey } from './keys.ts'
import { checkHeader, checkItemRow } from './peer-row.ts'
import { editRow } from './row-edit.ts'
import { RegionNumbers } from './region-numbers.ts'
import type { State } from './state.ts'

/** False when it was another row already. */
export async function mend(state: State, id: TableId, key: Buffer, { found, row }: Mending): Promise<boolean> {
  const table = state.catalog.decided(id)
  if (table === undefined) return false
  const at = rowKey(table.number, key)
  const before = state.groups.get(at)
  if (found === undefined ? before !== undefined : before === undefined || !before.equals(found)) return false
  const group = state.groups.open()
  editing(state, () => {
    if (row === undefined) return state.groups.put(group, at, undefined)
    const whole = decodeRow(row)
    receiveStamp(state, whole.stamp)
    const item = whole.tombstone ? undefined : decodeItem(whole.body)
    editRow(state, group, { table, key, ...counted(before, row), row: whole, item, cause: 'replica' })
    return undefined
  })
  await state.groups.written(group)
  state.log.warn('a damaged row was mended', { table: table.name })
  return true
}

/** Whether an honest region could have written it, by what this region can tell, and by now. */
export function isRowOf(state: State, id: TableId, key: Buffer, bytes: Buffer): boolean {
  const table = state.catalog.decided(id)
  if (table === undefined) return false
  try {
    const row = checkHeader(bytes)
    checkItemRow(table, key, row)
    return (
      new RegionNumbers(state).known().includes(row.stamp.region) &&
      row.stamp.wallMs <= state.clock.wallMs() + state.driftMsMax
    )
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
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
