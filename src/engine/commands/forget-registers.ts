/**
 * Forgets registers that are of no more use: all of a table that no region has any more, and those of deleted indexes. The
 * caller knows that no register as old as `upTo` can still arrive from anywhere, and that every region has those that are here.
 *
 * One can come back all the same: from a store that was set back to an older copy of itself. So of deleted indexes it is kept up to when they are
 * forgotten, and what comes from elsewhere, is as old and is not here, is one of them.
 */
import { isTombstone } from '../../core/item/row.ts'
import { compareStamps, everyRegion, readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import {
  indexRegister,
  type IndexRegister,
  isLocalRegister,
  localIndexRegister,
  replicaRegister,
} from '../../core/table/registers.ts'
import { stepRowsMax } from '../../core/limits/limits.ts'
import type { TableId } from '../../core/table/table.ts'
import { numberRegister, registerValueOf } from '../tables/catalog.ts'
import type { ForgottenElsewhere, RegisterHorizon } from './command.ts'
import { registerKey, registerOf, registersOf } from '../store/keys.ts'
import type { Group } from './flush-group.ts'
import { decideRemoval, dropIndexes } from './register-edit.ts'
import type { State } from '../state.ts'

/** By name, as decided. */
type Rows = ReadonlyMap<string, Buffer>

/** Returns how many registers went. */
export function forgetRegisters(state: State, group: Group, id: TableId, { upTo, left }: RegisterHorizon): number {
  const rows = registerRows(state, id)
  const isOld = (row: Buffer): boolean => isUpTo(row, upTo)
  const isGone = isRemoved(rows, left) && [...rows].every(([name, row]) => isLocalRegister(name) || isOld(row))
  const doomed = isGone ? [...rows.keys()] : deletedIndexes(rows).filter((name) => isOld(rows.get(name) as Buffer))
  if (doomed.length === 0) return 0
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
    keepForgotten(state, group, id, upTo)
  }
  return doomed.length
}

/**
 * Forgets the indexes that a peer has forgotten, and this region has not: it did not hear that they were deleted, since its store was set
 * back meanwhile. Their rows here go as well. Returns how many there were. The caller has merged all registers of the peer.
 */
export function followForgetting(state: State, group: Group, id: TableId, { upTo, has }: ForgottenElsewhere): number {
  const prefix = indexRegister('')
  const known = new Set(has)
  const doomed = [...registerRows(state, id)].flatMap(([name, row]) =>
    name.startsWith(prefix) && !known.has(name) && isAlive(row) && isUpTo(row, upTo) ? [name.slice(prefix.length)] : [],
  )
  if (doomed.length > 0) state.writer.together(undefined, () => dropIndexes(state, group, id, doomed))
  keepForgotten(state, group, id, upTo)
  return doomed.length
}

/** A register that comes from elsewhere, is not here, and was here before it was forgotten. */
export function isForgotten(state: State, id: TableId, register: string, stamp: Stamp): boolean {
  if (!register.startsWith(indexRegister(''))) return false
  const number = state.catalog.registers(id).get(numberRegister) as number | undefined
  const upTo = number === undefined ? undefined : state.counts.of(number).forgotten
  return upTo !== undefined && compareStamps(stamp, { ...upTo, region: everyRegion }) <= 0
}

const isUpTo = (row: Buffer, upTo: Stamp): boolean =>
  compareStamps(readStamp(row, 1), { ...upTo, region: everyRegion }) <= 0

function keepForgotten(state: State, group: Group, id: TableId, upTo: Stamp): void {
  const number = state.catalog.registers(id).get(numberRegister) as number | undefined
  if (number === undefined) return
  const counts = state.counts.touch(number)
  const forgotten = { ...upTo, region: everyRegion }
  if (counts.forgotten === undefined || compareStamps(forgotten, counts.forgotten) > 0) counts.forgotten = forgotten
  state.counts.seal(group)
}

/** All of a table, as decided: what is durable already must not matter. */
export function registerRows(state: State, id: TableId): Rows {
  const rows = new Map<string, Buffer>()
  let range = registersOf(id)
  for (;;) {
    const { entries, end } = state.groups.entries(range, stepRowsMax)
    for (const [key, row] of entries) rows.set(registerOf(key).register, row)
    if (end.compare(range.to) >= 0) return rows
    range = { ...range, from: end }
  }
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
    return isAlive(row) ? [] : [name]
  })
}

function isAlive(row: Buffer): boolean {
  const index = registerValueOf(row) as IndexRegister | undefined
  return index !== undefined && index.deleted !== true
}
