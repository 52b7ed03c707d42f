/**
 * Long jobs in bounded steps, each in a group of its own, others writing meanwhile: an index is filled; a table, an index
 * or old tombstones are removed. A crash between two steps leaves something to be done again, never something wrong.
 */
import { decodeItem } from '../../core/item/item-bytes.ts'
import { bodyOffset, isTombstone } from '../../core/item/row.ts'
import { readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { applyChangesMax, stepBytesMax, stepRowsMax } from '../../core/limits/limits.ts'
import { expiryAttribute, type Table, type TableId, type TablePart } from '../../core/table/table.ts'
import type { Range } from '../../ports/store.ts'
import { numberRegister } from './catalog.ts'
import { itemRowDamage } from '../store/damaged-record.ts'
import { derivedRanges, fillDerived } from '../derived/derived.ts'
import {
  rowPrefixBytes,
  rowsOfIndex,
  imagesOf,
  tableExpiries,
  tableRows,
  tombstonePrefixBytes,
  tombstonePrimaryKey,
  tombstonesUpTo,
} from '../store/keys.ts'
import type { Submit } from '../commands/command.ts'
import type { State } from '../state.ts'

type Progress = ((rows: number) => void) | undefined

/** What writes are decided on changes by commands only. */
type Job = { readonly state: State; readonly submit: Submit }

/** Deletes of a table up to that moment. */
type Old = { readonly table: TableId; readonly upTo: Stamp }

/**
 * Writes decided since the index was defined keep its rows themselves (the expiry index: its entries); this adds those of the items that were there
 * before, each as it is when its turn comes.
 */
export async function backfill(state: State, id: TableId, part: TablePart, progress: Progress): Promise<void> {
  const known = state.catalog.decided(id)
  if (known === undefined) return
  const range = tableRows(known.number)
  let from = range.from
  let rows = 0
  for (;;) {
    const keys = await state.pace.turn(() => backfillSome(state, id, part, { ...range, from }))
    if (keys.length === 0) return
    rows += keys.length
    progress?.(rows)
    from = after(keys.at(-1) as Buffer)
  }
}

/** Returns the keys of the rows whose turn it was, once what follows from them is durable; none where nothing is left to be done. */
async function backfillSome(state: State, id: TableId, part: TablePart, range: Range): Promise<readonly Buffer[]> {
  const keys = keysOf(state, range)
  const table = state.catalog.decided(id)
  if (keys.length === 0 || table === undefined || !isWanted(table, part)) return []
  const group = state.groups.open()
  for (const key of keys) {
    const row = state.groups.get(key)
    // The index row of a damaged row follows when the row is repaired.
    if (row === undefined || itemRowDamage(row) !== undefined || isTombstone(row)) continue
    const [stamp, item] = [readStamp(row, 1), decodeItem(row.subarray(bodyOffset(row)))]
    fillDerived(state, group, { table, key: key.subarray(rowPrefixBytes), stamp, item }, part)
  }
  await state.groups.written(group)
  return keys
}

function isWanted(table: Table, part: TablePart): boolean {
  if (part === 'expiry') return expiryAttribute(table) !== undefined
  const index = table.indexes.find(({ number }) => number === part)
  return index !== undefined && index.status !== 'DELETING'
}

/** While a snapshot of the table is copied its rows stay: the table is removed when it is asked for again. */
export async function removeTable({ state, submit }: Job, id: TableId, progress: Progress): Promise<void> {
  if (state.catalog.decided(id)?.snapshots !== undefined) return
  const number = state.catalog.registers(id).get(numberRegister) as number | undefined
  if (number !== undefined) {
    await removeRange(state, tableRows(number), progress)
    for (const range of derivedRanges(number)) await removeRange(state, range, undefined)
  }
  await submit({ kind: 'removeRegisters', table: id })
}

/** Each step leaves counts, index rows and tombstones as they are without the rows that it removed. Nothing of it is logged. */
export async function emptyTable({ state, submit }: Job, id: TableId, progress: Progress): Promise<void> {
  for (let rows = 0; ;) {
    const table = state.catalog.decided(id)
    if (table === undefined) return
    const dropped = await state.pace.turn(async () => {
      const keys = keysOf(state, tableRows(table.number), rowsOfAStep(table, stepRowsMax))
      const named = keys.map((key) => key.subarray(rowPrefixBytes))
      if (keys.length > 0) await submit({ kind: 'drop', table: id, keys: named })
      return keys.length
    })
    if (dropped === 0) return
    rows += dropped
    progress?.(rows)
  }
}

export async function removePart(state: State, id: TableId, part: TablePart, progress: Progress): Promise<void> {
  const table = state.catalog.decided(id)
  if (table === undefined) return
  if (part === 'expiry') return await removeRange(state, tableExpiries(table.number), progress)
  await removeRange(state, rowsOfIndex(table.number, part), progress)
  const group = state.groups.open()
  const counts = state.counts.touch(table.number)
  delete counts.indexes[part]
  state.counts.seal(group)
  await group.durable
}

/**
 * Of the tombstones up to that moment, at most `rowsMax` are forgotten. The caller knows that no write as old as they
 * are can still arrive from anywhere.
 */
export async function removeTombstones(
  { state, submit }: Job,
  { table: id, upTo }: Old,
  rowsMax: number,
): Promise<number> {
  const table = state.catalog.decided(id)
  if (table === undefined) return 0
  const found = [...state.store.entries({ ...tombstonesUpTo(table.number, upTo), limit: rowsMax })]
  if (found.length === 0) return 0
  const deletes = found.map(({ key }) => ({
    key: tombstonePrimaryKey(key),
    stamp: readStamp(key, tombstonePrefixBytes),
  }))
  await submit({ kind: 'forget', table: id, deletes, upTo })
  return found.length
}

/** Rows that were kept for a snapshot which is GOING. */
export async function removeImages(state: State, table: Table, snapshot: number): Promise<void> {
  await removeRange(state, imagesOf(table.number, snapshot), undefined)
}

async function removeRange(state: State, range: Range, progress: Progress): Promise<void> {
  // To see that nothing is left takes no turn: most tables are small, and most of their ranges empty.
  for (let rows = 0; keysOf(state, range, 1).length > 0;) {
    const removed = await state.pace.turn(async () => {
      const keys = keysOf(state, range)
      if (keys.length === 0) return 0
      const group = state.groups.open()
      for (const key of keys) state.groups.put(group, key, undefined)
      await group.durable
      return keys.length
    })
    rows += removed
    progress?.(rows)
  }
}

/** Fewer rows of a table with indexes, since a row of each follows. */
export function rowsOfAStep(table: Table | undefined, rowsMax: number): number {
  return Math.min(rowsMax, Math.ceil(applyChangesMax / (1 + (table?.indexes.length ?? 0))))
}

/** Of one step, bounded in rows and in bytes: whole items are read, and parsed where an index is filled. */
function keysOf(state: State, range: Range, rowsMax = stepRowsMax): Buffer[] {
  const keys: Buffer[] = []
  let bytes = 0
  for (const { key, value } of state.store.entriesAsFound({ ...range, limit: rowsMax }, none)) {
    bytes += key.length + value.length
    keys.push(key)
    if (bytes >= stepBytesMax) break
  }
  return keys
}

const none = Buffer.alloc(0)

function after(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}
