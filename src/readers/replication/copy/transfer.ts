/**
 * The state of a peer instead of its log: when it is met for the first time, when its log no longer reaches back to our
 * cursor, or when its log is another, because its disk was wiped. Merging states is commutative and idempotent, so all that
 * it takes is every register and every row, tombstones included, of the tables that both have; changes made meanwhile come
 * through the log, from the position that it had when the transfer began.
 *
 * A wiped peer may have sent something to one region and not yet to another, and that one does not publish it: so a region
 * that sees a wiped peer also merges from each other peer, once that has seen it as well (pending-merges.ts).
 */
import type { Position } from '../../../core/change/change.ts'
import {
  emptyPartBytes,
  joinBytesUnderWayMax,
  snapshotTargetBytes,
  transferTablesUnderWayMax,
} from '../../../core/limits/limits.ts'
import type { Rows } from '../../../core/change/rows.ts'
import type { SharedTable } from '../../../core/change/control.ts'
import { proofByStart } from '../../../core/change/proof.ts'
import { isAfter } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { everyRegion } from '../../../core/hybrid-logical-clock/stamp.ts'
import { indexRegister } from '../../../core/table/registers.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { SharedLog } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Env } from '../../../ports/env.ts'
import { rememberFormerLog } from '../prove/claims.ts'
import { awaitMerges } from '../notes/pending-merges.ts'
import type { Mutex } from '../flow/mutex.ts'
import { formerLogs, formerNote, placeBehind, placeFromFormer, placeInLog, withNewLog } from './former-logs.ts'
import { forEach, Gate } from '../flow/gate.ts'
import { oldestHeld } from '../talk/log-part.ts'
import { pausedPositionsNote, pausedPositionsOf, type Place } from '../pause/paused-positions.ts'
import { Declined, Questions } from '../talk/questions.ts'
import { walkRows } from '../talk/row-walk.ts'
import { RowParts } from '../talk/row-parts.ts'
import { TransferProgress } from './transfer-progress.ts'
import type { Session } from '../talk/session.ts'

export type Transfers = {
  readonly env: Env
  readonly engine: Engine
  readonly peers: readonly Region[]
  /** Shared with the joins: a cursor may only be set when no table has been begun meanwhile. */
  readonly mutex: Mutex
  readonly onRegisters: () => void
  readonly emptied: Emptied
}

/** Transfers under way: one that was copying rows to a table that is emptied begins again. */
export class Emptied {
  readonly #running = new Set<TransferProgress>()

  async during(progress: TransferProgress, work: () => Promise<void>): Promise<void> {
    this.#running.add(progress)
    await work().finally(() => this.#running.delete(progress))
  }

  async begin(engine: Engine, peers: readonly Region[]): Promise<void> {
    for (const progress of this.#running) progress.abandon()
    for (const { name } of peers) await TransferProgress.forget(engine, name)
  }
}

export async function transferState(deps: Transfers, session: Session, peer: Region, epoch: string): Promise<void> {
  const { engine } = deps
  const questions = new Questions(session, engine.region.name)
  const progress =
    TransferProgress.resumed(engine, peer.name, epoch) ?? (await begin(engine, session, { questions, peer, epoch }))
  await deps.emptied.during(progress, () => bring(deps, { session, peer, questions }, progress))
}

type From = { readonly session: Session; readonly peer: Region; readonly questions: Questions }

async function bring(deps: Transfers, { session, peer, questions }: From, progress: TransferProgress): Promise<void> {
  const { engine, env } = deps
  const { epoch } = progress.begun
  const tables = await questions.tables()
  const { numbers, confirmed, cursors, shared = [] } = await questions.places()
  await engine.regionNumbers.remember(numbers)
  await rememberFormerLog(engine, peer.name, cursors)
  const stood =
    confirmed?.epoch === engine.epoch
      ? placeInLog(formerLogs(engine, peer.name), engine.cursor(peer.name), epoch)
      : undefined
  await forEach(tables, transferTablesUnderWayMax, async (table) => mergeRegisters(engine, questions, table))
  deps.onRegisters()
  const log = { session, region: engine.region.name, peer, epoch }
  const oldest = await oldestHeld(log)
  const told: Told = {
    complete: new Map(tables.filter(({ complete }) => complete).map((table) => [table.id, table])),
    known: new Set(tables.map(({ id }) => id)),
    oldest,
    held: oldest === 1 ? oldest : await oldestHeld(log, 1),
    floor: stood === undefined ? 0 : Math.min(stood, confirmed?.position ?? 0),
    shared,
  }
  const copies = new Copies(engine, questions)
  for (;;) {
    const lacking = tablesToCopy(engine, told, progress)
    if (lacking.length === 0 && (await finish(deps, peer, progress, told))) break
    await forEach(lacking, transferTablesUnderWayMax, async (table) => {
      const isWhole = await copies.copy(table, progress)
      // The peer has left the table since it was asked for its tables.
      if (!isWhole) told.complete.delete(table.id)
    })
  }
  const { position } = progress.begun
  env.log.info('the peer’s state is merged', { peer: peer.name, tables: told.complete.size, position })
}

/**
 * Merges every table that both have, for what the peer alone may know; no cursor moves. A replica that is still being made there
 * counts, too: a region that is lost may have told this one alone, after the replica was begun.
 */
export async function mergeFrom(deps: Transfers, session: Session): Promise<void> {
  const { engine } = deps
  const questions = new Questions(session, engine.region.name)
  const copies = new Copies(engine, questions)
  await forEach(await questions.tables(), transferTablesUnderWayMax, async (table) => {
    await mergeRegisters(engine, questions, table)
    if (engine.tableWithId(table.id) === undefined) return
    if (table.complete) await copies.copy(table)
    else if (table.filling === true) await copies.copyPart(table)
  })
  deps.onRegisters()
}

/**
 * What the peer knows of the table, and no more than that of its indexes: one that it has known and forgotten was deleted. The peer is asked
 * twice, before and after its registers: a new disk in between has no registers, and says nothing of forgotten ones.
 */
async function mergeRegisters(engine: Engine, questions: Questions, { id, forgotten }: SharedTable): Promise<void> {
  const registers = await questions.registers(id)
  await engine.mergeRegisters(id, registers)
  if (forgotten === undefined || registers.length === 0) return
  const still = (await questions.table(id))?.forgotten
  if (still === undefined || isAfter(forgotten, still)) return
  const has = registers.map(({ key }) => key.toString('utf8')).filter((name) => name.startsWith(indexRegister('')))
  await engine.followForgetting(id, { upTo: { ...forgotten, region: everyRegion }, has })
}

type Beginning = { readonly questions: Questions; readonly peer: Region; readonly epoch: string }

async function begin(
  engine: Engine,
  session: Session,
  { questions, peer, epoch }: Beginning,
): Promise<TransferProgress> {
  // In this order: whatever the stream gets after its state was read lies, or goes on, beyond what is flushed then.
  const { lastSequence } = await session.state()
  const { flushed, start } = await questions.hello()
  const by = start === undefined ? {} : { start }
  return TransferProgress.begin(engine, peer.name, { epoch, position: flushed, sequence: lastSequence, ...by })
}

function tablesToCopy(engine: Engine, { complete }: Told, progress: TransferProgress): readonly SharedTable[] {
  return [...complete.values()].filter(({ id }) => !progress.isDone(id) && engine.tableWithId(id) !== undefined)
}

/** Copies of several tables at a time, with bounded bytes under way together. */
class Copies {
  readonly #engine: Engine
  readonly #questions: Questions
  readonly #gate = new Gate(joinBytesUnderWayMax)

  constructor(engine: Engine, questions: Questions) {
    this.#engine = engine
    this.#questions = questions
  }

  /**
   * False when the peer has left the table meanwhile. Its refusal alone does not say so: a peer that is stopping, or has just
   * started, refuses too. Then the transfer ends here and goes on later.
   */
  async copy(table: SharedTable, progress?: TransferProgress): Promise<boolean> {
    try {
      await this.#copyRows(table, progress)
    } catch (error) {
      if (!(error instanceof Declined)) throw error
      const told = await this.#questions.table(table.id)
      if (told?.complete === true) throw error
      return false
    }
    await progress?.finished(table.id)
    return true
  }

  /** What the peer has of a replica that is being made there. */
  async copyPart({ id }: SharedTable): Promise<void> {
    const next = (after: Buffer | undefined): Promise<Rows> =>
      this.#gate.pass(snapshotTargetBytes, () => this.#questions.partialRows(id, after))
    for await (const { rows } of walkRows(next)) {
      if (this.#engine.tableWithId(id) === undefined) return
      await this.#engine.merge(id, rows)
    }
  }

  /** Rejects when the peer stops before the last row. */
  async #copyRows({ id, items }: SharedTable, progress: TransferProgress | undefined): Promise<void> {
    const weight = items === 0 ? emptyPartBytes : snapshotTargetBytes
    const parts = new RowParts({ questions: this.#questions, table: id, after: progress?.startOf(id), items })
    try {
      const next = (): Promise<Rows> => (parts.isAhead ? parts.next() : this.#gate.pass(weight, () => parts.next()))
      for await (const { rows, last, done } of walkRows(next)) {
        if (this.#engine.tableWithId(id) === undefined) return
        await this.#engine.merge(id, rows)
        if (!done) await progress?.copied(id, last)
      }
    } finally {
      parts.end()
    }
  }
}

type Told = {
  readonly complete: Map<TableId, SharedTable>
  /** Shared tables that the peer has, or had. */
  readonly known: ReadonlySet<TableId>
  /** The first position that the peer's log still holds for a region that has not followed a former one. */
  readonly oldest: Position
  /** The first of all: what is before `oldest` is of a former log, too. */
  readonly held: Position
  /** What this region has confirmed of that log, and so has; also where it has followed another one of the peer's since. */
  readonly floor: Position
  /** The peer's former logs, and up to where the present one is the same. */
  readonly shared: readonly SharedLog[]
}

/** False when a table has been begun meanwhile, which lacks what the peer wrote to it before. */
function finish(deps: Transfers, peer: Region, progress: TransferProgress, told: Told): Promise<boolean> {
  const { engine } = deps
  const { complete, known, shared } = told
  const { epoch, sequence, position: begun, start } = progress.begun
  return deps.mutex.run(async () => {
    progress.assertWhole()
    if (tablesToCopy(engine, told, progress).length > 0) return false
    if (hasLostDisk(deps, peer, epoch, told)) await awaitMerges(deps, peer.name, epoch)
    // A peer that has left a table has no state of it to give, but its log still has what it wrote before it left;
    // also when this region is the only one that is left, and its table says nothing of others any more.
    const hasAll = engine
      .tables()
      .every(({ id, replicas }) => complete.has(id) || (replicas.length === 0 && !known.has(id)))
    const cursor = engine.cursor(peer.name)
    const former = cursor && withNewLog(formerLogs(engine, peer.name), cursor, { epoch, shared })
    const stood = former && (cursor.epoch === epoch ? cursor.position : placeFromFormer(former))
    const reached = hasAll ? begun : Math.min(begun, placeIn(told, stood))
    // A copy of the peer's store may have answered, of which the log ends earlier.
    const position = Math.max(reached, told.floor)
    const proof =
      start === undefined || position !== reached || position === 0 ? undefined : proofByStart(position, start)
    await engine.setCursor(peer.name, { epoch, position, sequence, proof }, [
      ...(former === undefined || cursor?.epoch === epoch ? [] : [[formerNote(peer.name), former] as const]),
      pausedPositionsNote(peer.name, stillPaused({ engine, peer, progress, told }, { epoch, position })),
    ])
    await progress.end()
    return true
  })
}

/** Where the peer's log goes on for this region, which stood at `stood` in it or in a former one. */
function placeIn({ oldest, held, floor }: Told, stood: Position | undefined): Position {
  const place = Math.max(oldest - 1, floor)
  // Nothing of what it has had already, since that may be deleted and forgotten; all of what it has not, since perhaps no other region has it.
  return held === oldest || stood === undefined ? place : Math.max(held - 1, Math.min(place, stood))
}

type Behind = {
  readonly engine: Engine
  readonly peer: Region
  readonly progress: TransferProgress
  readonly told: Told
}

/** Of tables that a pause has held back and that the peer's state was without: what they lack is still to be asked of its log. */
function stillPaused({ engine, peer, progress, told }: Behind, next: Place): ReadonlyMap<TableId, Place> {
  const { epoch, position: end } = next
  const before = formerLogs(engine, peer.name)
  const moved = [...pausedPositionsOf(engine, peer.name)].flatMap(([id, place]) => {
    if (progress.isDone(id) || engine.tableWithId(id) === undefined) return []
    const stood = place.epoch === epoch ? place.position : placeBehind(before, place, { epoch, shared: told.shared })
    const position = stood === undefined ? told.oldest - 1 : Math.max(told.held - 1, stood)
    return position < end ? [[id, { epoch, position }] as const] : []
  })
  return new Map(moved)
}

/** Its log is another than the one known here; or it is met for the first time, and lacks items of a table that it has. */
function hasLostDisk({ engine }: Transfers, { name }: Region, epoch: string, { complete }: Told): boolean {
  const before = engine.cursor(name)
  if (before !== undefined) return before.epoch !== epoch
  return engine.tables().some(({ id, replicas }) => !complete.has(id) && replicas.some(({ region }) => region === name))
}
