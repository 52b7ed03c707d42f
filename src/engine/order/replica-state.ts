/**
 * Starts a replica of a group from the state of another one, which goes on meanwhile:
 *
 *   place ─▶ registers and rows, page by page ─▶ place again
 *
 * What is read is between the two places, each row as it was at some moment. The replica then decides everything after the first place again.
 * A row that has come further is left as it is, since every write's stamp follows from the order alone. At the second place both have the
 * same state, and from there on their digests are compared.
 */
import type { KeyedRow } from '../../core/change/rows.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { quorumTablesTakenMax } from '../../core/limits/quorum-limits.ts'
import type { TableId } from '../../core/table/table.ts'
import { mergeRegisters, mergeSteps, mergeTableRows } from '../commands/apply.ts'
import { keepHouse } from '../commands/housekeeping.ts'
import type { OrderRecord } from './order-book.ts'
import { orderRecordIn } from './quorum-place.ts'
import { define } from '../commands/register-edit.ts'
import type { State } from '../state.ts'

export type ReplicaTable = {
  readonly id: TableId
  /** It has the table; otherwise only what is remembered of one that is gone. */
  readonly isHere: boolean
  readonly horizon?: Stamp | undefined
}

/** Another replica, over a connection to it. Everything may reject; then nothing was taken, and the store has to be emptied. */
export type ReplicaState = {
  /** `Engine.orderRecord` there. */
  record(): Promise<unknown>
  tables(): Promise<readonly ReplicaTable[]>
  registers(table: TableId): Promise<readonly KeyedRow[]>
  /** In the order of their keys; none is the end. */
  rows(table: TableId, after: Buffer | undefined): Promise<readonly KeyedRow[]>
}

/** The store is empty. */
export async function takeState(state: State, from: ReplicaState): Promise<void> {
  const begin = await recordOf(from)
  const tables = await from.tables()
  if (tables.length > quorumTablesTakenMax) throw new RangeError('the other replica has too many tables')
  for (const table of tables) await takeTable(state, from, table)
  const end = await recordOf(from)
  const group = state.groups.open()
  state.orderBook.begin(group, begin, end)
  await group.durable
  state.orderBook.load(state.store)
}

async function recordOf(from: ReplicaState): Promise<OrderRecord> {
  const record = orderRecordIn(await from.record())
  if (record === undefined) throw new Error('the other replica has no state to start from')
  return record
}

async function takeTable(state: State, from: ReplicaState, { id, isHere, horizon }: ReplicaTable): Promise<void> {
  await mergeRegisters(state, { kind: 'registers', table: id, rows: await from.registers(id) })
  if (!isHere) return
  if (state.catalog.registers(id).get('local/status') === undefined) {
    const value = { status: 'ACTIVE', sinceMs: state.clock.wallMs() }
    await define(state, id, [{ register: 'local/status', value }])
  }
  if (horizon !== undefined) await keepHouse(state, { kind: 'horizon', table: id, upTo: horizon })
  for (let after: Buffer | undefined; ;) {
    const rows = await from.rows(id, after)
    const last = rows.at(-1)
    if (last === undefined) return
    if (after !== undefined && Buffer.compare(last.key, after) <= 0)
      throw new RangeError('rows came out of their order')
    for (const step of mergeSteps(state, id, rows))
      await mergeTableRows(state, { kind: 'merge', table: id, rows: step, restored: false })
    after = last.key
  }
}
