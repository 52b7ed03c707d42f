/**
 * Commands that take away what no region needs any more, and those that move this region's places. None is a client's, and none is seen by a
 * peer; but a later command may be decided otherwise after each of them. A command names what it takes, as its sender found it on its own disk; what
 * is decided is the state in which it finds that.
 */
import { isTombstone } from '../../core/item/row.ts'
import { compareStamps, everyRegion, readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { isLocalRegister, registerValue, replicaRegister } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { unreachable } from '../../core/assert.ts'
import { putNotes, type State } from '../state.ts'
import { itemRowDamage } from '../store/damaged-record.ts'
import { rowKey, tombstoneKey } from '../store/keys.ts'
import { numberRegister } from '../tables/catalog.ts'
import { editing, isBeyondDrift, receiveStamp } from './apply.ts'
import type { Command, Deleted } from './command.ts'
import { followForgetting, forgetRegisters, registerRows } from './forget-registers.ts'
import type { Group } from './flush-group.ts'
import { decideRemoval } from './register-edit.ts'
import { dropRow } from './row-edit.ts'

export type Housekeeping = Of<
  'forget' | 'horizon' | 'drop' | 'forgetRegisters' | 'followForgetting' | 'removeRegisters' | 'cursor' | 'clock'
>

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

/** Resolves when it is durable. */
export async function keepHouse(state: State, command: Housekeeping): Promise<number | undefined> {
  // The clock is kept with the next write.
  if (command.kind === 'clock') return followClock(state, command)
  const group = state.groups.open()
  const result = editing(state, () => edit(state, group, command))
  await state.groups.written(group)
  return result
}

function edit(state: State, group: Group, command: Exclude<Housekeeping, { kind: 'clock' }>): number | undefined {
  switch (command.kind) {
    case 'forget':
      return forget(state, group, command)
    case 'horizon':
      return raise(state, group, command)
    case 'drop':
      return drop(state, group, command)
    case 'forgetRegisters':
      return forgetRegisters(state, group, command.table, command.horizon)
    case 'followForgetting':
      return follow(state, group, command)
    case 'removeRegisters':
      return removeRegisters(state, group, command)
    case 'cursor':
      state.cursors.put(group, command.origin, command.cursor)
      putNotes(state, group, command.notes)
      return undefined
    default:
      return unreachable(command)
  }
}

function forget(state: State, group: Group, { table: id, deletes, upTo }: Of<'forget'>): undefined {
  const table = state.catalog.decided(id)
  if (table === undefined) return
  for (const deleted of deletes) forgetDelete(state, group, table, deleted)
  forgetUpTo(state, table, upTo)
}

/** The item may be back by now; its tombstone is then forgotten already. An age that is of no row any more goes as well. */
function forgetDelete(state: State, group: Group, table: Table, { key, stamp }: Deleted): void {
  const primary = rowKey(table.number, key)
  const row = state.groups.get(primary)
  if (row !== undefined && itemRowDamage(row) === undefined && isTombstone(row))
    if (compareStamps(readStamp(row, 1), stamp) === 0) dropRow(state, group, table, primary)
  state.groups.put(group, tombstoneKey(table.number, stamp, key), undefined)
}

function raise(state: State, group: Group, { table: id, upTo }: Of<'horizon'>): undefined {
  const table = state.catalog.decided(id)
  if (table === undefined) return
  forgetUpTo(state, table, upTo)
  state.counts.seal(group)
}

function forgetUpTo(state: State, table: Table, upTo: Stamp): void {
  const counts = state.counts.touch(table.number)
  const horizon = { ...upTo, region: everyRegion }
  if (counts.horizon === undefined || compareStamps(horizon, counts.horizon) > 0) counts.horizon = horizon
}

function drop(state: State, group: Group, { table: id, keys }: Of<'drop'>): undefined {
  const table = state.catalog.decided(id)
  if (table === undefined) return
  for (const key of keys) dropRow(state, group, table, rowKey(table.number, key))
}

/** Nothing up to a time that lies too far ahead: the peer may be wrong. What this region writes from now on is no part of what is forgotten. */
function follow(state: State, group: Group, { table, forgotten }: Of<'followForgetting'>): number {
  if (isBeyondDrift(state, forgotten.upTo)) return 0
  receiveStamp(state, forgotten.upTo)
  return followForgetting(state, group, table, forgotten)
}

/**
 * What replicas shared is kept: this region goes on hearing of the table while another has it, an old register that arrives
 * late must not look new, and a region that was away must learn that the table is gone.
 */
function removeRegisters(state: State, group: Group, { table: id }: Of<'removeRegisters'>): undefined {
  const number = state.catalog.registers(id).get(numberRegister) as number | undefined
  const names = [...new Set([...registerRows(state, id).keys(), ...state.catalog.registers(id).keys()])]
  const isShared = names.some((register) => register.startsWith(replicaRegister('')))
  // Of a table whose group has given it up no register travels any more.
  const shared = isShared && registerValue(state.catalog.registers(id), 'settings/strong')?.isOver !== true
  const doomed = shared ? names.filter(isLocalRegister) : names
  decideRemoval(state, group, id, { registers: doomed, whole: !shared })
  if (number !== undefined) state.counts.forget(group, number)
}

/** Nothing for a time that lies too far ahead: the peer may be wrong. */
function followClock(state: State, { seen }: Of<'clock'>): undefined {
  const stamp = { ...seen, region: state.topology.self.number }
  if (!isBeyondDrift(state, stamp)) receiveStamp(state, stamp)
}
