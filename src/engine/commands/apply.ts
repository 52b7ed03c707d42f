/**
 * Changes of peers. A batch is applied in one turn into one group: clock, rows, index rows, log, conflicts, and the
 * cursor that says how far; so a redelivery finds the cursor past it, and a crash finds all of it or nothing.
 *
 * What cannot be right is set aside with an alarm, and the rest flows. What is stamped too far ahead of this region's
 * clock is held: neither it nor anything after it of that origin is applied until its time has come, so one bad clock can
 * neither win every conflict for years nor drag the other clocks along.
 */
import type { BatchChange } from '../../core/change/batch.ts'
import { assert } from '../../core/assert.ts'
import type { Row } from '../../core/item/row.ts'
import { mergeRowsMax } from '../../core/limits/limits.ts'
import type { KeyedRow } from '../../core/change/rows.ts'
import type { Proof } from '../../core/change/proof.ts'
import type { Position } from '../../core/change/change.ts'
import { compareStamps, type RegionNumber, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { isGoing, type TableId } from '../../core/table/table.ts'
import type { ApplyResult, RemoteBatch, Command } from './command.ts'
import type { Cursor } from '../../core/change/place.ts'
import { addSetAside } from '../feed.ts'
import type { Group } from './flush-group.ts'
import { rowsOfAStep } from '../tables/jobs.ts'
import { type Merged, mergeItem, mergeRegister } from './merge.ts'
import { decodeCheckedRow } from './peer-row.ts'
import type { State } from '../state.ts'

export async function apply(state: State, batch: RemoteBatch, sequence: number): Promise<ApplyResult> {
  assert(batch.origin !== state.topology.self.name, 'apply: a region does not apply its own changes')
  const cursor = state.cursors.decided(batch.origin)
  if (cursor === undefined || cursor.epoch !== batch.epoch || batch.after > cursor.position)
    return { applied: 'hole', cursor: cursor?.position ?? 0 }
  const group = state.groups.open()
  const result = editing(state, () => applyBatch(state, group, batch, { ...cursor, sequence }))
  await group.durable
  return result
}

/** No cursor, and nothing is held: the caller has waited until the rows are within the drift bound. */
async function mergeRows(
  state: State,
  rows: readonly KeyedRow[],
  merge: (group: Group, row: KeyedRow) => Merged,
): Promise<void> {
  const group = state.groups.open()
  editing(state, () => {
    for (const { row } of rows) receiveStamp(state, stampIn(row))
    for (const row of rows) merge(group, row)
  })
  await state.groups.written(group)
}

/** Rows of a table that this region may have left meanwhile. */
export function mergeTableRows(state: State, { table: id, rows, restored }: Of<'merge'>): Promise<void> {
  const from = restored ? ({ origin: 'a damaged disk', restored } as const) : { origin: 'snapshot' }
  return mergeRows(state, rows, (group, { key, row }) => {
    const table = state.catalog.decided(id)
    if (table === undefined || isGoing(table)) return 'ignored'
    return mergeItem(state, group, { table, key, row, ...from })
  })
}

export function mergeRegisters(state: State, { table: id, rows }: Of<'registers'>): Promise<void> {
  return mergeRows(state, rows, (group, { key, row }) =>
    mergeRegister(state, group, { id, key, row, origin: 'snapshot' }),
  )
}

/** Rows in the steps that they are merged in. */
export function* mergeSteps(state: State, id: TableId, rows: readonly KeyedRow[]): Generator<readonly KeyedRow[]> {
  const step = rowsOfAStep(state.catalog.decided(id), mergeRowsMax)
  for (let at = 0; at < rows.length; at += step) yield rows.slice(at, at + step)
}

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

/** Half an edit must not reach the disk: what throws in the middle of one stops the engine. */
export function editing<Result>(state: State, edit: () => Result): Result {
  try {
    return edit()
  } catch (error) {
    state.groups.stop(error as Error)
    throw error
  }
}

function applyBatch(state: State, group: Group, batch: RemoteBatch, cursor: Cursor): ApplyResult {
  const { arrived, held } = arrivedOf(state, batch, cursor.position)
  receiveStamp(state, latestOf(arrived))
  const number = state.topology.regions.find((region) => region.name === batch.origin)?.number
  const tally: Tally = { won: 0, ignored: 0, conflicts: 0, setAside: [] }
  for (const transaction of transactionsOf(arrived))
    state.writer.together({ region: batch.origin, epoch: batch.epoch }, () => {
      for (const each of transaction)
        count(tally, each.change, applyChange(state, group, each, { name: batch.origin, number }))
    })
  countMetrics(state, batch.origin, tally)
  const reached = Math.max(cursor.position, held === undefined ? batch.upTo : held.after)
  const proof = proofOf(batch, cursor, { reached, setAside: tally.setAside })
  state.cursors.put(group, batch.origin, { ...cursor, position: reached, proof })
  if (held !== undefined) return { applied: 'held', until: held.header.stamp, cursor: reached, ...tally }
  return { applied: 'all', cursor: reached, ...tally }
}

type Came = { readonly reached: Position; readonly setAside: readonly Position[] }

/**
 * A cursor that stays keeps its proof; one that moves takes the batch's, if it has come to the batch's end. A change that was quarantined
 * proves nothing: the origin may never have made it, and would take its own store for an older copy.
 */
function proofOf({ upTo, proof }: RemoteBatch, cursor: Cursor, { reached, setAside }: Came): Proof | undefined {
  if (reached === cursor.position) return cursor.proof
  return reached === upTo && proof !== undefined && !setAside.includes(proof.at) ? proof : undefined
}

/** No header: it cannot be trusted, and is set aside when its turn comes. */
type Arrived = { readonly change: BatchChange; readonly header: Row | undefined }

/** `header` is that of the change that is too early; `after` is the place before its transaction. */
type Held = { readonly header: Row; readonly after: Position }

/** What is new, up to the first transaction with a change from beyond the drift bound. */
function arrivedOf(state: State, batch: RemoteBatch, cursor: Position): { arrived: Arrived[]; held?: Held } {
  const arrived: Arrived[] = []
  for (const change of batch.changes) {
    if (change.position <= cursor) continue
    const header = decodeCheckedRow(change.row)
    if (header !== undefined && isBeyondDrift(state, header.stamp)) {
      const before = arrived.filter((each) => each.change.group !== change.group)
      const first = arrived[before.length]?.change ?? change
      return { arrived: before, held: { header, after: first.position - 1 } }
    }
    arrived.push({ change, header })
  }
  return { arrived }
}

/** Changes that their origin made together stay together here. */
function transactionsOf(arrived: readonly Arrived[]): readonly (readonly Arrived[])[] {
  const transactions: Arrived[][] = []
  for (const each of arrived) {
    const last = transactions.at(-1)
    if (last !== undefined && last[0]?.change.group === each.change.group) last.push(each)
    else transactions.push([each])
  }
  return transactions
}

function latestOf(arrived: readonly Arrived[]): Stamp | undefined {
  let latest: Stamp | undefined
  for (const { header } of arrived)
    if (header !== undefined && (latest === undefined || compareStamps(header.stamp, latest) > 0)) latest = header.stamp
  return latest
}

type Origin = { readonly name: string; readonly number: RegionNumber | undefined }

function applyChange(state: State, group: Group, { change, header }: Arrived, origin: Origin): Merged {
  const { table: id, key, row } = change
  if (header !== undefined && origin.number !== undefined && header.stamp.region !== origin.number) {
    addSetAside(state, group, { origin: origin.name, table: id, key, row, reason: 'it is stamped by another region' })
    return 'set-aside'
  }
  if (change.kind === 'register') return mergeRegister(state, group, { id, key, row, header, origin: origin.name })
  const table = state.catalog.decided(id)
  return table === undefined || isGoing(table)
    ? 'ignored'
    : mergeItem(state, group, { table, key, row, header, origin: origin.name })
}

type Tally = { won: number; ignored: number; conflicts: number; setAside: Position[] }

function count(tally: Tally, { position }: BatchChange, merged: Merged): void {
  if (merged === 'set-aside') tally.setAside.push(position)
  if (merged === 'ignored') tally.ignored += 1
  if (merged === 'won' || merged === 'conflict-won') tally.won += 1
  if (merged === 'conflict-won' || merged === 'conflict-lost') tally.conflicts += 1
}

function countMetrics(state: State, peer: string, tally: Pick<Tally, 'won' | 'ignored'>): void {
  if (tally.won > 0) state.meter.count('longitude_replication_applied_total', { peer }, tally.won)
  if (tally.ignored > 0) state.meter.count('longitude_replication_ignored_total', { peer }, tally.ignored)
}

/** Rejects when their time does not come soon: the caller asks again, of a peer that may say otherwise then. */
export async function untilWithinDrift(state: State, rows: readonly KeyedRow[]): Promise<void> {
  const sinceMs = state.clock.monotonicMs()
  for (const { row } of rows) {
    for (const stamp = stampIn(row); isBeyondDrift(state, stamp);) {
      if (state.clock.monotonicMs() - sinceMs > rowsHeldMsMax)
        throw new Error(`a peer’s row is stamped ahead of this region’s clock: ${stamp?.wallMs}`)
      state.log.warn('wait for the time of a peer’s row', { wallMs: stamp?.wallMs })
      await state.clock.sleep(driftPollMs)
    }
  }
}

const driftPollMs = 1000
const rowsHeldMsMax = 5000

export function isBeyondDrift(state: State, stamp: Stamp | undefined): boolean {
  return stamp !== undefined && stamp.wallMs > state.time.wallMs() + state.driftMsMax
}

/** Whatever this region writes after this is later than what it has received. */
export function receiveStamp(state: State, stamp: Stamp | undefined): void {
  if (stamp === undefined) return
  const { wallMs, counter } = state.head.clock
  if (stamp.wallMs > wallMs || (stamp.wallMs === wallMs && stamp.counter > counter))
    state.head.receive(stamp, state.time.wallMs())
}

function stampIn(row: Buffer): Stamp | undefined {
  return decodeCheckedRow(row)?.stamp
}
