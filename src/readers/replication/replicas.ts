/**
 * Keeps this region's replicas as the registers ask for: a table whose `replica/<this region>` says CREATING is joined, one
 * that this region has lost with its disk is joined again, and one that has been removed here is struck from the list. The
 * removal of a DELETING table's data is the business of whoever removes tables (operations/tables/caretaker.ts).
 */
import type { Position } from '../../core/change/change.ts'
import { tablesSurveyedAtOnceMax } from '../../core/limits.ts'
import { ofOneReplica } from '../../core/table/registers.ts'
import { replicaStates } from '../../core/table/table-view.ts'
import type { Replica, TableId } from '../../core/table/table.ts'
import { debts, isDue, noteDepartures, owesMerges, settle } from './debts.ts'
import { Join, joinNote, type JoinOptions } from './join.ts'
import { Loop } from './loop.ts'
import { Questions } from './questions.ts'
import { mergeFrom, type Transfers } from './transfer.ts'

const retryMs = 250

/** Where replication stood at a moment: the end of the own log, and of each peer's as last heard. */
export type Mark = { readonly own: Position; readonly peers: ReadonlyMap<string, Position> }

export type ReplicasOptions = JoinOptions &
  Transfers & {
    /** Undefined while one of these cannot be heard: what it has is not known then. */
    readonly mark: (replicas: readonly Replica[]) => Mark | undefined
    /** These regions have everything of the own log up to the mark, and it is here what theirs had. */
    readonly hasPassed: (mark: Mark, replicas: readonly Replica[]) => boolean
  }

export class Replicas {
  readonly #options: ReplicasOptions
  readonly #loop: Loop
  readonly #joins = new Map<TableId, Join>()
  readonly #releasing = new Map<TableId, Mark | undefined>()
  readonly #running: Promise<void>
  readonly #unsubscribe: () => void
  #seenTables: readonly unknown[] = []
  #look = true

  constructor(options: ReplicasOptions) {
    this.#options = options
    this.#loop = new Loop(options.env.clock)
    this.#unsubscribe = options.engine.onFlushed(() => this.#notice())
    this.#running = this.#run()
  }

  /** Registers may have changed, or a peer may have become reachable. */
  consider(): void {
    this.#look = true
    this.#loop.ring()
  }

  /** This region has the table and everything of it that it is supposed to have. */
  isComplete(id: TableId): boolean {
    const { engine } = this.#options
    const status = engine.tableWithId(id)?.replicas.find((replica) => replica.region === engine.region.name)?.status
    return status === 'ACTIVE' || status === 'UPDATING'
  }

  /** Something that is known to others may be missing here. */
  get owes(): boolean {
    return owesMerges(this.#options)
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#loop.stop()
    await this.#running
  }

  #notice(): void {
    const tables = this.#options.engine.tables()
    if (tables === this.#seenTables) return
    this.#seenTables = tables
    this.consider()
  }

  async #run(): Promise<void> {
    while (!this.#loop.stopped) {
      const moved = await this.#turn().catch((error: unknown) => {
        if (!this.#loop.stopped) this.#options.env.log.debug('replicas wait', { error: String(error) })
        return false
      })
      const waits = this.#joins.size > 0 || this.#releasing.size > 0 || debts(this.#options).length > 0
      if (!moved) await this.#loop.wait(waits ? retryMs : undefined)
    }
  }

  /** One step of each join and one debt; true when something moved. */
  async #turn(): Promise<boolean> {
    if (this.#look) {
      this.#look = false
      await this.#survey()
    }
    let moved = false
    for (const join of this.#joins.values()) moved = (await this.#advance(join)) || moved
    moved = (await this.#release()) || moved
    return (await this.#settle()) || moved
  }

  async #survey(): Promise<void> {
    const { engine, env } = this.#options
    await noteDepartures(this.#options)
    for (const [at, id] of engine.knownTables().entries()) {
      if (at % tablesSurveyedAtOnceMax === tablesSurveyedAtOnceMax - 1) await env.clock.sleep(0)
      const replicas = replicaStates(engine.registerValues(id))
      const { status: own, keepsTable } = replicas.find(({ region }) => region === engine.region.name) ?? {}
      const here = engine.tableWithId(id) !== undefined
      const leaves = own === 'DELETING' || keepsTable === true
      const wanted = own === 'CREATING' || (!here && !leaves && (own === 'ACTIVE' || own === 'UPDATING'))
      if (wanted && !this.#joins.has(id)) this.#joins.set(id, new Join(this.#options, id))
      if (!wanted) this.#joins.delete(id)
      if (!here && leaves) await this.#strike(id)
    }
  }

  async #strike(id: TableId): Promise<void> {
    const { engine } = this.#options
    const { name } = engine.region
    const known = new Set(engine.registers(id).map(({ key }) => key.toString('utf8')))
    await engine.define(
      id,
      ofOneReplica(name)
        .filter((register) => known.has(register))
        .map((register) => ({ register, value: undefined })),
    )
    await engine.setNote(joinNote(id), undefined)
  }

  /** Replicas that are to become tables of their own do, once all that was under way when it was asked for has arrived. */
  async #release(): Promise<boolean> {
    const { engine, env, mark, hasPassed } = this.#options
    let moved = false
    for (const id of this.#releasing.keys()) if (engine.tableWithId(id) === undefined) this.#releasing.delete(id)
    for (const table of engine.tables()) {
      if (!table.replicas.some(({ region, keepsTable }) => region === engine.region.name && keepsTable === true))
        continue
      // A replica that is being made may need this one as its source.
      if (table.replicas.some(({ status }) => status === 'CREATING')) continue
      const others = table.replicas.filter((replica) => replica.status === 'ACTIVE')
      const since = this.#releasing.get(table.id) ?? mark(others)
      this.#releasing.set(table.id, since)
      if (since === undefined || !hasPassed(since, others)) continue
      await engine.detach(table.id, env.random.uuid())
      this.#releasing.delete(table.id)
      env.log.info('replica disassociated', { table: table.name })
      moved = true
    }
    return moved
  }

  async #advance(join: Join): Promise<boolean> {
    const { env } = this.#options
    if (this.#loop.stopped) return false
    try {
      const step = await join.step()
      if (step === 'done' || step === 'failed') this.#joins.delete(join.table)
      return step !== 'wait'
    } catch (error) {
      env.log.debug('join waits', { table: join.table, error: String(error) })
      return false
    }
  }

  /** A table is about to be begun. One whose definition went with the last disk that had it never will be. */
  #isBeginning(): boolean {
    return [...this.#joins.values()].some((join) => !join.begun && join.isDefined)
  }

  /** Merges once from each peer that is owed for; a table that is about to be begun must not miss it. */
  async #settle(): Promise<boolean> {
    const { engine, sessionTo, env } = this.#options
    if (this.#isBeginning()) return false
    let moved = false
    for (const debt of debts(this.#options)) {
      const { peer, of } = debt
      const session = sessionTo(peer)
      if (session === undefined || this.#loop.stopped) continue
      try {
        if (!isDue(debt, await new Questions(session, engine.region.name).places())) continue
        await mergeFrom(this.#options, session)
        if (this.#isBeginning()) return true
        await settle(engine, debt)
        env.log.info('merged what only a peer knew of another region', { peer, of })
        moved = true
      } catch (error) {
        env.log.debug('merge waits', { peer, error: String(error) })
      }
    }
    return moved
  }
}
