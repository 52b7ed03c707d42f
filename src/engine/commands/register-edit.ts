/**
 * Registers of tables change through the same log as items and merge like them. Own edits (`define`) and those of peers
 * both end here; either way the table's view follows in the same turn, for writes decided from now on.
 */
import { assert, required } from '../../core/assert.ts'
import type { Cause } from '../../core/change/change.ts'
import { decodeRow, encodeRow, type Row } from '../../core/item/row.ts'
import { seenBy } from '../../core/reconcile/reconcile.ts'
import {
  identityRegister,
  indexRegister,
  isLocalRegister,
  leftoverRegister,
  localIndexRegister,
  type LocalIndexRegister,
  ofOneReplica,
  overruledRegister,
} from '../../core/table/registers.ts'
import type { Overruled } from '../../core/table/registers.ts'
import { owedRegisters } from '../../core/table/owed-registers.ts'
import type { TableId } from '../../core/table/table.ts'
import { numberRegister, registerValueOf } from '../tables/catalog.ts'
import { addOverruled } from '../feed.ts'
import type { RegisterEdit } from './command.ts'
import type { Group } from './flush-group.ts'
import { registerKey } from '../store/keys.ts'
import { nextStamp, type State } from '../state.ts'

export async function define(state: State, id: TableId, edits: readonly RegisterEdit[]): Promise<void> {
  const current = edits.filter((edit) => !isStale(state, id, edit, edits))
  // No edits at all: what is owed is looked at again.
  if (edits.length === 0 && state.catalog.decided(id) === undefined) return
  if (current.length === 0 && edits.length > 0) return
  const group = state.groups.open()
  try {
    state.writer.together(undefined, () => {
      numberTable(state, group, id)
      for (const edit of current) writeRegister(state, group, id, edit)
      settleRegisters(state, group, id)
    })
  } catch (error) {
    state.groups.stop(error as Error)
    throw error
  }
  await group.durable
}

/**
 * How far an index is, told by the job that fills it, of an index that has gone meanwhile with its table: the table may be back,
 * with other numbers.
 */
function isStale(
  state: State,
  id: TableId,
  { register, value, number }: RegisterEdit,
  edits: readonly RegisterEdit[],
): boolean {
  if (!register.startsWith(localIndexRegister('')) || (value === undefined && number === undefined)) return false
  if (edits.some((edit) => edit.register === 'definition')) return false
  const here = state.catalog.registers(id).get(register) as LocalIndexRegister | undefined
  if (value === undefined) return here?.number !== number
  const told = value as LocalIndexRegister
  const goes = here?.status === 'DELETING' && told.status !== 'DELETING'
  return here === undefined || here.id !== told.id || here.number !== told.number || goes
}

/** After the registers of a change: what this region owes to them, and the view. Others that decide the same owe something else. */
export function settleRegisters(state: State, group: Group, id: TableId): void {
  state.orderBook.aside(() => settleOwn(state, group, id))
}

function settleOwn(state: State, group: Group, id: TableId): void {
  numberTable(state, group, id)
  const { wallMs, counter } = state.head.clock
  const place = {
    table: id,
    region: state.topology.self.name,
    nowMs: state.time.wallMs(),
    moment: `${wallMs}.${counter}`,
  }
  const { edits, overruled } = owedRegisters(state.catalog.registers(id), place)
  for (const each of overruled) report(state, group, id, each)
  for (const [register, value] of edits) writeRegister(state, group, id, { register, value })
  state.catalog.refresh(group, id)
}

function report(state: State, group: Group, table: TableId, { register, by, reason }: Overruled): void {
  const row = state.groups.get(registerKey(table, register))
  if (row !== undefined) addOverruled(state, group, { table, register, by, reason, row })
}

/** A row of a register as it is to be stored, from any region. */
export function putRegister(
  state: State,
  group: Group,
  id: TableId,
  edit: { readonly register: string; readonly row: Row; readonly cause: Cause },
): void {
  const { register, row, cause } = edit
  const bytes = encodeRow(row)
  const local = isLocalRegister(register)
  state.groups.put(group, registerKey(id, register), row.tombstone && local ? undefined : bytes)
  state.catalog.set(id, register, registerValueOf(bytes))
  const ownNumber = cause === 'table' && !local ? nextOwnNumber(state, id) : 0
  state.writer.add(group, cause, { table: id, ownNumber, key: Buffer.from(register), row: bytes })
}

/** A table leaves this region; the log tells by its number's end. `whole`: nothing is kept of it at all. */
export function decideRemoval(
  state: State,
  group: Group,
  id: TableId,
  removed: { readonly registers: readonly string[]; readonly whole: boolean },
): void {
  writeRegister(state, group, id, { register: numberRegister, value: undefined })
  for (const register of removed.registers) {
    state.groups.put(group, registerKey(id, register), undefined)
    state.catalog.set(id, register, undefined)
  }
  if (removed.whole) state.catalog.forget(group, id)
  else state.catalog.refresh(group, id)
}

/** Indexes that are known nowhere else any more: nothing is kept of them but the note that their rows here are to go. */
export function dropIndexes(state: State, group: Group, id: TableId, names: readonly string[]): void {
  for (const name of names) {
    state.groups.put(group, registerKey(id, indexRegister(name)), undefined)
    state.catalog.set(id, indexRegister(name), undefined)
    const local = state.catalog.registers(id).get(localIndexRegister(name)) as LocalIndexRegister | undefined
    if (local === undefined) continue
    writeRegister(state, group, id, { register: leftoverRegister(local.number), value: local.number })
    writeRegister(state, group, id, { register: localIndexRegister(name), value: undefined })
  }
  settleRegisters(state, group, id)
}

/**
 * A replica becomes a table of its own, under another id: its rows stay where they are, since its number does, and what
 * the others share goes on without this region. One group, so that no write falls between the two.
 */
export async function detach(state: State, id: TableId, own: TableId): Promise<void> {
  if (state.catalog.decided(id) === undefined) return
  const group = state.groups.open()
  try {
    const registers = [...state.catalog.registers(id)]
    const self = state.topology.self.name
    const kept = registers.filter(([register]) => isKept(register, self))
    const number = required(registers.find(([register]) => register === numberRegister)?.[1], 'a table that is here')
    for (const [register, value] of [[numberRegister, number] as const, ...kept])
      writeRegister(state, group, own, { register, value })
    for (const register of ofOneReplica(self))
      if (state.catalog.registers(id).get(register) !== undefined)
        writeRegister(state, group, id, { register, value: undefined })
    state.streams.move(group, id, own)
    const locals = registers.flatMap(([register]) => (isLocalRegister(register) ? [register] : []))
    decideRemoval(state, group, id, { registers: locals, whole: false })
    state.catalog.refresh(group, own)
    state.catalog.succeed(id, own)
  } catch (error) {
    state.groups.stop(error as Error)
    throw error
  }
  await group.durable
}

/** What clients are told of it stays as it was, too. */
const isKept = (register: string, self: string): boolean =>
  register === identityRegister(self) || (!isOfReplicas(register) && register !== numberRegister)

function isOfReplicas(register: string): boolean {
  return [...ofOneReplica(''), overruledRegister('')].some((prefix) => register.startsWith(prefix))
}

/** A table's number names its keys and counts; it comes first, since what follows is counted under it. */
function numberTable(state: State, group: Group, id: TableId): void {
  if (state.catalog.registers(id).get(numberRegister) !== undefined) return
  state.head.tables += 1
  writeRegister(state, group, id, { register: numberRegister, value: state.head.tables })
}

function writeRegister(
  state: State,
  group: Group,
  id: TableId,
  { register, value }: { readonly register: string; readonly value: unknown },
): void {
  assert(register.length > 0 && !register.includes('\u0000'), 'registers: a name without zero bytes')
  const before = state.groups.get(registerKey(id, register))
  const row: Row = {
    stamp: nextStamp(state),
    seen: seenBy(before === undefined ? undefined : decodeRow(before), state.topology.self.number, undefined),
    tombstone: value === undefined,
    itemSizeBytes: 0,
    body: value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value)),
  }
  putRegister(state, group, id, { register, row, cause: 'table' })
}

/** Registers are among the table's own changes. */
function nextOwnNumber(state: State, id: TableId): number {
  const number = state.catalog.registers(id).get(numberRegister) as number | undefined
  const counts = state.counts.touch(required(number, 'the number of a table with registers'))
  counts.ownNumber += 1
  return counts.ownNumber
}
