/**
 * The state of a peer instead of its log: when it is met for the first time, when its log no longer reaches back to our
 * cursor, or when its log is another, because its disk was wiped. Merging states is commutative and idempotent, so all that
 * it takes is every register and every row, tombstones included, of the tables that both have; changes made meanwhile come
 * through the log, from the position that it had when the transfer began.
 *
 * A wiped peer may have sent something to one region and not yet to another, and that one does not publish it: so whoever
 * sees a wiped peer owes itself a merge from everybody else too, once they have seen it as well (debts.ts).
 */
import type { Position } from '../../core/change/change.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Region } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { PeerSession } from '../../ports/bus.ts'
import type { Env } from '../../ports/env.ts'
import { oweFromOthers } from './debts.ts'
import type { Exclusive } from './exclusive.ts'
import { oldestHeld } from './log-part.ts'
import { Declined, Questions } from './questions.ts'

export type Transfers = {
  readonly env: Env
  readonly engine: Engine
  readonly peers: readonly Region[]
  /** Shared with whoever begins replicas: a cursor may only be set when no table has been begun meanwhile. */
  readonly exclusive: Exclusive
  readonly onRegisters: () => void
}

/** How far a transfer has come: a process that dies half-way goes on from here. */
type Progress = {
  readonly epoch: string
  /** The place in the peer's log, and about in its stream, when the transfer began. */
  readonly position: Position
  readonly sequence: number
  readonly done: readonly TableId[]
  /** How far the copy of one table has come. */
  readonly copied?: { readonly table: TableId; readonly after: string }
}

const progressNote = (peer: string): string => `replication/transfer/${peer}`

/** Parts of a snapshot between two notes of the progress. */
const notedEvery = 8

export async function transferState(room: Transfers, session: PeerSession, peer: Region, epoch: string): Promise<void> {
  const { engine, env } = room
  let progress = await resumed(room, session, peer, epoch)
  const questions = new Questions(session, engine.region.name)
  const tables = await questions.tables()
  await engine.regionNumbers.remember((await questions.places()).numbers)
  for (const { id } of tables) await engine.mergeRegisters(id, await questions.registers(id))
  room.onRegisters()
  const complete = new Set(tables.filter((table) => table.complete).map((table) => table.id))
  const known = new Set(tables.map((table) => table.id))
  const oldest = await oldestHeld({ session, region: engine.region.name, peer, epoch })
  for (;;) {
    const next = tableToCopy(engine, complete, progress.done)
    if (next !== undefined) {
      const copied = await copy(room, questions, peer, progress, next)
      // The peer has left the table since it was asked for its tables.
      if (copied === undefined) complete.delete(next)
      else progress = copied
    } else if (await finish(room, peer, progress, { complete, known, oldest })) break
  }
  env.log.info('the peer’s state is merged', { peer: peer.name, tables: complete.size, position: progress.position })
}

/** Merges every table that both have, for what the peer alone may know; no cursor moves. */
export async function mergeFrom(room: Transfers, session: PeerSession): Promise<void> {
  const { engine } = room
  const questions = new Questions(session, engine.region.name)
  for (const { id, complete } of await questions.tables()) {
    await engine.mergeRegisters(id, await questions.registers(id))
    if (complete && engine.tableWithId(id) !== undefined)
      await unlessLeft(questions, id, copyRows(engine, questions, id, undefined))
  }
  room.onRegisters()
}

async function resumed(room: Transfers, session: PeerSession, peer: Region, epoch: string): Promise<Progress> {
  const { engine } = room
  const noted = engine.note(progressNote(peer.name)) as Progress | undefined
  if (noted?.epoch === epoch) return noted
  // In this order: whatever the stream gets after its state was read lies, or goes on, beyond what is flushed then.
  const { lastSequence } = await session.state()
  const { flushed } = await new Questions(session, engine.region.name).hello()
  const progress: Progress = { epoch, position: flushed, sequence: lastSequence, done: [] }
  await engine.setNote(progressNote(peer.name), progress)
  return progress
}

function tableToCopy(engine: Engine, complete: ReadonlySet<TableId>, done: readonly TableId[]): TableId | undefined {
  return [...complete].find((id) => !done.includes(id) && engine.tableWithId(id) !== undefined)
}

/** Undefined when the peer says itself that it does not have all of the table any more. */
async function copy(
  { engine }: Transfers,
  questions: Questions,
  peer: Region,
  progress: Progress,
  table: TableId,
): Promise<Progress | undefined> {
  const { copied, ...rest } = progress
  const start = copied?.table === table ? Buffer.from(copied.after, 'base64') : undefined
  const copying = copyRows(engine, questions, table, start, (after) =>
    engine.setNote(progressNote(peer.name), { ...rest, copied: { table, after: after.toString('base64') } }),
  )
  if (!(await unlessLeft(questions, table, copying))) return undefined
  const next: Progress = { ...rest, done: [...progress.done, table] }
  await engine.setNote(progressNote(peer.name), next)
  return next
}

/**
 * False when the peer has left the table meanwhile. Its refusal alone does not say so: a peer that is stopping, or has just
 * started, refuses too. Then the transfer ends here and goes on later.
 */
async function unlessLeft(questions: Questions, table: TableId, copying: Promise<void>): Promise<boolean> {
  try {
    await copying
    return true
  } catch (error) {
    if (!(error instanceof Declined)) throw error
    const isStillThere = (await questions.tables()).some(({ id, complete }) => id === table && complete)
    if (isStillThere) throw error
    return false
  }
}

/** Rejects when the peer stops before the last row. */
async function copyRows(
  engine: Engine,
  questions: Questions,
  table: TableId,
  start: Buffer | undefined,
  note?: (after: Buffer) => Promise<void>,
): Promise<void> {
  let after = start
  for (let part = 1; ; part++) {
    const chunk = await questions.rows(table, after)
    const last = chunk.rows.at(-1)
    if (last === undefined || engine.tableWithId(table) === undefined) return
    await engine.merge(table, chunk.rows)
    if (chunk.done) return
    after = Buffer.from(last.key)
    if (note !== undefined && part % notedEvery === 0) await note(after)
  }
}

type Told = {
  readonly complete: ReadonlySet<TableId>
  /** Shared tables that the peer has, or had. */
  readonly known: ReadonlySet<TableId>
  /** The first position that the peer's log still holds. */
  readonly oldest: Position
}

/** False when a table has been begun meanwhile, which lacks what the peer wrote to it before. */
function finish(
  room: Transfers,
  peer: Region,
  progress: Progress,
  { complete, known, oldest }: Told,
): Promise<boolean> {
  const { engine } = room
  return room.exclusive.run(async () => {
    if (tableToCopy(engine, complete, progress.done) !== undefined) return false
    if (hasLostDisk(room, peer, progress, complete)) await oweFromOthers(room, peer.name, progress.epoch)
    const { epoch, sequence } = progress
    // A peer that has left a table has no state of it to give, but its log still has what it wrote before it left;
    // also when this region is the only one that is left, and its table says nothing of others any more.
    const hasAll = engine
      .tables()
      .every(({ id, replicas }) => complete.has(id) || (replicas.length === 0 && !known.has(id)))
    const position = hasAll ? progress.position : Math.min(progress.position, oldest - 1)
    await engine.setCursor(peer.name, { epoch, position, sequence })
    await engine.setNote(progressNote(peer.name), undefined)
    return true
  })
}

/** Its log is another than the one known here; or it is met for the first time, and lacks items of a table that it has. */
function hasLostDisk(
  { engine }: Transfers,
  { name }: Region,
  { epoch }: Progress,
  complete: ReadonlySet<TableId>,
): boolean {
  const before = engine.cursor(name)
  if (before !== undefined) return before.epoch !== epoch
  return engine.tables().some(({ id, replicas }) => !complete.has(id) && replicas.some(({ region }) => region === name))
}
