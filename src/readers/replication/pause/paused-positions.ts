/**
 * Tables whose changes of one origin are passed over while they are paused. Before the cursor goes past the first of them, it
 * is noted where the table stands; when the pause is over, what the table lacks is asked of the origin, which keeps its log
 * from there on, up to the cursor; from then on the table goes with the others again. Where the origin's log no longer
 * reaches back, its state does.
 */
import type { Batch, BatchChange } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { PausedPosition } from '../../../core/change/control.ts'
import { UnknownFormat } from '../../../core/change/message.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import { placeOf } from '../talk/greeting.ts'
import type { LogQuestion } from '../talk/log-part.ts'
import { walkLog } from '../talk/log-walk.ts'
import type { Pauses } from './pauses.ts'
import { Declined, Questions } from '../talk/questions.ts'
import { replicasOf } from '../notes/registers-of.ts'
import { walkRows } from '../talk/row-walk.ts'
import { RowParts } from '../talk/row-parts.ts'
import type { PeerErrors } from '../talk/peer-errors.ts'
import type { Retries } from '../../retries.ts'
import type { Session } from '../talk/session.ts'

type PausedPositionsEngine = Pick<
  Engine,
  'cursor' | 'merge' | 'note' | 'region' | 'registers' | 'setNote' | 'tableWithId'
>

type Deps = {
  readonly engine: PausedPositionsEngine
  readonly clock: Clock
  readonly log: Log
  readonly retries: Retries
  readonly pauses: Pauses
  readonly peer: Region
  readonly peerErrors: PeerErrors
  /** What a table had missed is durable; without changes when its state was merged instead. */
  readonly onCaughtUp: (epoch: string, changes?: readonly BatchChange[]) => void
}

const againMs = 2000

export type Place = { readonly epoch: string; readonly position: Position }

type Places = ReadonlyMap<TableId, Place>

const noteOf = (peer: string): string => `replication/parked/${peer}`

export function pausedPositionsOf(engine: PausedPositionsEngine, peer: string): Places {
  return new Map(Object.entries((engine.note(noteOf(peer)) ?? {}) as Record<TableId, Place>))
}

/** The note that keeps them. */
export function pausedPositionsNote(peer: string, places: Places): readonly [string, unknown] {
  return [noteOf(peer), places.size === 0 ? undefined : Object.fromEntries(places)]
}

export class PausedPositions {
  readonly #deps: Deps
  #againAtMs = -Infinity
  #places: Places

  constructor(deps: Deps) {
    this.#deps = deps
    this.#places = pausedPositionsOf(deps.engine, deps.peer.name)
  }

  /** Those that do not go with the others. */
  get tables(): readonly TableId[] {
    return [...this.#places.keys()]
  }

  /** Up to where every table has everything, once this region's cursor is at `cursor`. */
  reach(cursor: Position): Position {
    return Math.min(cursor, ...[...this.#places.values()].map(({ position }) => position))
  }

  /** For the origin; a table that is paused and has missed nothing yet stands where the cursor stands. */
  told(cursor: Position): readonly PausedPosition[] {
    const { engine, pauses } = this.#deps
    const paused = pauses.active().flatMap((pause) => ('table' in pause ? [pause.table] : []))
    return [...new Set([...this.#places.keys(), ...paused])]
      .filter((table) => engine.tableWithId(table) !== undefined)
      .map((table) => ({
        table,
        position: this.#places.get(table)?.position ?? cursor,
        untilMs: pauses.ofTable(table),
      }))
  }

  /** A pause is over: `catchUp` has something to do. */
  get isDue(): boolean {
    if (this.#places.size === 0 || this.#deps.clock.monotonicMs() < this.#againAtMs) return false
    return [...this.#places.keys()].some((table) => this.#deps.pauses.ofTable(table) === 0)
  }

  /** The batch without what is to wait; resolves when it is noted that it waits. */
  async without(batch: Batch, cursor: Place): Promise<Batch> {
    // The everyday case: nothing is asked of each change.
    if (this.#places.size === 0 && this.#deps.pauses.active().length === 0) return batch
    const waits = new Set<TableId>()
    for (const { kind, table } of batch.changes) if (kind === 'item' && this.#waits(table)) waits.add(table)
    if (waits.size === 0) return batch
    const fresh = [...waits].filter((table) => !this.#places.has(table))
    const { epoch, position } = cursor
    if (fresh.length > 0)
      await this.#keep(new Map([...this.#places, ...fresh.map((table) => [table, { epoch, position }] as const)]))
    return { ...batch, changes: batch.changes.filter(({ kind, table }) => kind !== 'item' || !waits.has(table)) }
  }

  /**
   * Brings up to the cursor what is no longer paused; true when there was something. An origin whose node does not answer is
   * asked again later: its stream may flow all the same, and the other tables with it.
   */
  async catchUp(session: Session): Promise<boolean> {
    const { engine, pauses, log, peer, clock, peerErrors, retries } = this.#deps
    let moved = false
    for (const [table] of this.#places) {
      if (pauses.ofTable(table) > 0 || clock.monotonicMs() < this.#againAtMs) continue
      try {
        if (engine.tableWithId(table) !== undefined) await this.#catchUpTable(session, table)
      } catch (error) {
        if (error instanceof UnknownFormat) throw error
        if (error instanceof RangeError) peerErrors.note('answer', error)
        retries.note('catch up', error, 'catching up waits', { table, peer: peer.name })
        this.#againAtMs = clock.monotonicMs() + againMs
        continue
      }
      await this.#keep(new Map([...this.#places].filter(([id]) => id !== table)))
      log.info('the table has caught up', { table, peer: peer.name })
      moved = true
    }
    return moved
  }

  /** The origin's state was merged: of the tables that were not among it, the places have moved with the cursor (transfer.ts). */
  transferred(): void {
    const { engine, peer } = this.#deps
    this.#places = pausedPositionsOf(engine, peer.name)
  }

  #waits(table: TableId): boolean {
    return this.#places.has(table) || this.#deps.pauses.ofTable(table) > 0
  }

  async #catchUpTable(session: Session, table: TableId): Promise<void> {
    const { engine, peer } = this.#deps
    const region = engine.region.name
    const question = (): LogQuestion | undefined => {
      const place = this.#places.get(table)
      const cursor = engine.cursor(peer.name)
      if (place === undefined || cursor === undefined || place.position >= cursor.position) return undefined
      const { epoch, position: after } = place
      const at = cursor.epoch === epoch ? placeOf(cursor) : {}
      return { session, region, peer, epoch, after, upTo: cursor.position, table, ...at }
    }
    const gone = await walkLog(question, async ({ epoch, changes, upTo }) => {
      const rows = changes.filter(({ kind }) => kind === 'item')
      if (rows.length > 0) await engine.merge(table, rows)
      await this.#keep(new Map([...this.#places, [table, { epoch, position: upTo }]]))
      this.#deps.onCaughtUp(epoch, rows)
    })
    if (gone === undefined) return
    await this.#copyState(session, table)
    this.#deps.onCaughtUp(gone.epoch)
  }

  async #copyState(session: Session, table: TableId): Promise<void> {
    const { engine, log, peer } = this.#deps
    log.warn('the log does not reach back to the pause: merge the table’s state', { table, peer: peer.name })
    const parts = new RowParts({ questions: new Questions(session, engine.region.name), table, after: undefined })
    try {
      for await (const { rows } of walkRows(() => parts.next())) await engine.merge(table, rows)
    } catch (error) {
      // A peer that has left the table has no state of it; what its log let go of went with its replica.
      if (!(error instanceof Declined) || replicasOf(engine, table).has(peer.name)) throw error
    } finally {
      parts.end()
    }
  }

  async #keep(places: Places): Promise<void> {
    const { engine, peer } = this.#deps
    await engine.setNote(...pausedPositionsNote(peer.name, places))
    this.#places = places
  }
}
