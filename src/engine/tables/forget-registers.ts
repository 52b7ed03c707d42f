/**
 * Forgets registers that are of no more use: all of a table that no region has any more, and those of deleted indexes. The
 * caller knows that no register as old as `upTo` can still arrive from anywhere, and that every region has those that are here.
 */
import { isTombstone } from '../../core/item/row.ts'
import { compareStamps, everyRegion, readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import {
  indexRegister,
  type IndexRegister,
  isLocalRegister,
  localIndexRegister,
  replicaRegister,
} from '../../core/table/registers.ts'
import type { TableId } from '../../core/table/table.ts'
import { numberRegister, registerValueOf } from './catalog.ts'
import type { RegisterHorizon } from '../engine.ts'
import { registerKey, registerOf, registersOf } from '../store/keys.ts'
import { decideRemoval } from '../commands/register-edit.ts'
import type { State } from '../state.ts'

/** By name, as decided. */
type Rows = ReadonlyMap<string, Buffer>

/** Returns how many registers went. */
export async function forgetRegisters(state: State, id: TableId, { upTo, left }: RegisterHorizon): Promise<number> {
  const rows = rowsOf(state, id)
  const isOld = (row: Buffer): boolean => compareStamps(readStamp(row, 1), { ...upTo, region: everyRegion }) <= 0
  const isGone = isRemoved(rows, left) && [...rows].every(([name, row]) => isLocalRegister(name) || isOld(row))
  const doomed = isGone ? [...rows.keys()] : deletedIndexes(rows).filter((name) => isOld(rows.get(name) as Buffer))
  if (doomed.length === 0) return 0
  const group = state.groups.open()
  if (isGone) {
    const number = state.catalog.registers(id).get(numberRegister) as number | undefined
    decideRemoval(state, group, id, { registers: doomed, whole: true })
    if (number !== undefined) state.counts.forget(group, number)
  } else {
    for (const name of doomed) {
      state.groups.put(group, registerKey(id, name), undefined)
      state.catalog.set(id, name, undefined)
    }
    state.catalog.refresh(group, id)
  }
  await group.durable
  return doomed.length
}

function rowsOf(state: State, id: TableId): Rows {
  const stored = [...state.store.entries(registersOf(id))].map(({ key }) => registerOf(key).register)
  const rows = new Map<string, Buffer>()
  for (const name of new Set([...stored, ...state.catalog.registers(id).keys()])) {
    const row = state.groups.get(registerKey(id, name))
    if (row !== undefined) rows.set(name, row)
  }
  return rows
}

/** It had replicas, no region has one any more, and nothing of it is here. A region that has left cannot say that its replica is gone. */
function isRemoved(rows: Rows, left: readonly string[]): boolean {
  const isLost = new Set(left.map(replicaRegister))
  const replicas = [...rows].filter(([name]) => name.startsWith(replicaRegister('')))
  const areGone = replicas.every(([name, row]) => isTombstone(row) || isLost.has(name))
  return replicas.length > 0 && areGone && !rows.has('local/status')
}

/** Deleted, and their rows are gone here. */
function deletedIndexes(rows: Rows): readonly string[] {
  const prefix = indexRegister('')
  return [...rows].flatMap(([name, row]) => {
    if (!name.startsWith(prefix) || rows.has(localIndexRegister(name.slice(prefix.length)))) return []
    const index = registerValueOf(row) as IndexRegister | undefined
    return index === undefined || index.deleted === true ? [name] : []
  })
}
