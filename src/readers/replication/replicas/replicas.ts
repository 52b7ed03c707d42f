/**
 * Keeps this region's replicas as the registers ask for: a table whose `replica/<this region>` says CREATING is joined, one
 * that this region has lost with its disk is joined again, and one that has been removed here is struck from the list. The
 * caretaker removes the data of a DELETING table (operations/tables/caretaker.ts).
 */
import type { Position } from '../../../core/change/change.ts'
import { joinsUnderWayMax, tablesSurveyedAtOnceMax } from '../../../core/limits/limits.ts'
import { leaveRegister, type LeaveRegister, ofOneReplica } from '../../../core/table/registers.ts'
import type { Replica, TableId } from '../../../core/table/table.ts'
import type { Service } from '../../../ports/service.ts'
import { pendingMerges, isMergeDue, noteDepartures, hasPendingMerges, settleMerge } from '../notes/pending-merges.ts'
import { forEach } from '../flow/gate.ts'
import type { JoinOptions } from './join.ts'
import { joinNote } from './join-progress.ts'
import { hasAll, registersOf, replicasOf } from '../notes/registers-of.ts'
import { Joins } from './joins.ts'
import { Loop } from '../flow/loop.ts'
import { doubtedTables } from '../notes/doubts.ts'
import { Refill } from './refill.ts'
import { type ReplicaCell, replicaCell } from './replica-table.ts'
import { Questions } from '../talk/questions.ts'
import { mergeFrom, type Transfers } from '../copy/transfer.ts'

const retryMs = 250

/** Where replication stood at a moment: the end of the own log, and of each peer's as last heard. */
export type LogEnds = { readonly own: Position; readonly peers: ReadonlyMap<string, Position> }

export type ReplicasOptions = JoinOptions &
  Transfers & {
    /** Undefined while one of these cannot be heard: what it has is not known then. */
    readonly logEnds: (replicas: readonly Replica[]) => LogEnds | undefined
    /** These regions have everything of the own log up to these ends, and it is here what theirs had. */
    readonly hasPassed: (logEnds: LogEnds, replicas: readonly Replica[]) => boolean
  }

export class Replicas implements Service {
  readonly #options: ReplicasOptions
  readonly #loop: Loop
  readonly #joins: Joins
  /** Tables to look at: those that have changed, and those that could not be settled when they were looked at. */
  readonly #due = new Set<TableId>()
  /** Changes of tables up to here are in `#due`, or were. */
  #surveyedUpTo: number | undefined
  readonly #refills = new Map<TableId, Refill>()
  /** Replicas that are to become tables of their own, with the ends of the logs when that could be asked for first. */
  readonly #releasing = new Map<TableId, LogEnds | undefined>()
  #running: Promise<void> | undefined
  #unsubscribe: () => void = () => undefined
  #seenChanges = 0
  #look = true

  constructor(options: ReplicasOptions) {
    this.#options = options
    this.#loop = new Loop(options.env.clock)
    this.#joins = new Joins(options, (id) => this.#joinEnded(id))
  }

  start(): void {
    this.#unsubscribe = this.#options.engine.onFlushed(() => this.#notice())
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
    const own = engine.tableWithId(id)?.replicas.find((replica) => replica.region === engine.region.name)
    return own !== undefined && hasAll(own) && !doubtedTables(engine).includes(id)
  }

  /** The replica is being made, not filled again with what is in doubt still there. */
  isFilling(id: TableId): boolean {
    const { engine } = this.#options
    return replicasOf(engine, id).get(engine.region.name)?.status === 'CREATING' && !doubtedTables(engine).includes(id)
  }

  /** Something that is known to others may be missing here. */
  get hasPendingMerges(): boolean {
    return hasPendingMerges(this.#options)
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#loop.stop()
    await Promise.all([this.#joins.stop(), this.#running])
  }

  /** The survey may have passed over the table while the join was at it. */
  #joinEnded(id: TableId): void {
    this.#due.add(id)
    this.consider()
  }

  #notice(): void {
    const changes = this.#options.engine.tableChanges.count
    if (changes === this.#seenChanges) return
    this.#seenChanges = changes
    this.consider()
  }

  async #run(): Promise<void> {
    while (!this.#loop.stopped) {
      const moved = await this.#turn().catch((error: unknown) => {
        if (!this.#loop.stopped) this.#options.retries.note('replicas', error, 'replicas wait')
        return false
      })
      const waits = this.#refills.size > 0 || this.#releasing.size > 0 || pendingMerges(this.#options).length > 0
      if (!moved) await this.#loop.wait(waits ? retryMs : undefined)
    }
  }

  /** One survey and one pending merge, while joins go on by themselves; true when something moved. */
  async #turn(): Promise<boolean> {
    if (this.#look) {
      this.#look = false
      await this.#survey()
    }
    let moved = await this.#refill()
    moved = (await this.#release()) || moved
    return (await this.#settleMerge()) || moved
  }

  async #survey(): Promise<void> {
    const { env } = this.#options
    await noteDepartures(this.#options)
    this.#noteChanged()
    const struck: TableId[] = []
    for (const [at, id] of [...this.#due].entries()) {
      if (at % tablesSurveyedAtOnceMax === tablesSurveyedAtOnceMax - 1) await env.clock.sleep(0)
      if (!this.#joins.mayChange(id)) continue
      const outcome = this.#surveyTable(id)
      if (outcome === 'strike') struck.push(id)
      else if (outcome === 'part') await this.#part(id)
      else this.#due.delete(id)
    }
    // Each strike changes the table's registers, and is looked at once more by that.
    await forEach(struck, joinsUnderWayMax, (id) => this.#strike(id))
  }

  /** Costs as much as has changed: a region may have ten thousand tables. Only when that is no longer known are all of them due. */
  #noteChanged(): void {
    const { tableChanges } = this.#options.engine
    const changed = this.#surveyedUpTo === undefined ? undefined : tableChanges.since(this.#surveyedUpTo)
    this.#surveyedUpTo = tableChanges.count
    for (const id of changed ?? this.#options.engine.knownTables()) this.#due.add(id)
  }

  #surveyTable(id: TableId): ReplicaCell['action'] | undefined {
    const { engine } = this.#options
    const action = replicaCell(engine.tableWithId(id), replicasOf(engine, id), engine.region.name)?.action
    // A table in doubt is filled again before anything else becomes of it.
    const isDoubted = doubtedTables(engine).includes(id)
    if (isDoubted && !this.#refills.has(id)) this.#refills.set(id, new Refill(this.#options, id))
    if (action === 'release') this.#releasing.set(id, this.#releasing.get(id))
    if (action === 'join' && !isDoubted) this.#joins.begin(id)
    else this.#joins.drop(id)
    return action
  }

  async #part(id: TableId): Promise<void> {
    const { engine, env } = this.#options
    const table = engine.tableWithId(id)?.name
    await engine.detach(id, env.random.uuid())
    env.log.warn('replica struck by another region goes on alone: it has deletion protection', { table })
  }

  async #refill(): Promise<boolean> {
    let moved = false
    for (const [id, refill] of this.#refills) {
      if (this.#loop.stopped) return moved
      const step = await refill.step().catch((error: unknown) => {
        this.#options.retries.note('refill', error, 'a table in doubt waits', { table: id })
        return 'wait' as const
      })
      moved = moved || step !== 'wait'
      if (doubtedTables(this.#options.engine).includes(id)) continue
      this.#refills.delete(id)
      this.#due.add(id)
      this.#look = true
    }
    return moved
  }

  async #strike(id: TableId): Promise<void> {
    const { engine } = this.#options
    const { name } = engine.region
    const registers = registersOf(engine, id)
    // A region that was ordered to leave before this one was deleted may learn of both only now.
    const { by } = (registers.get(leaveRegister(name)) ?? {}) as LeaveRegister
    await engine.define(
      id,
      ofOneReplica(name)
        .filter((register) => registers.has(register) && (register !== leaveRegister(name) || by !== name))
        .map((register) => ({ register, value: undefined })),
    )
    await engine.setNote(joinNote(id), undefined)
  }

  /** Replicas that are to become tables of their own do, once all that was under way when it was asked for has arrived. */
  async #release(): Promise<boolean> {
    const { engine, env, logEnds, hasPassed } = this.#options
    let moved = false
    for (const id of this.#releasing.keys()) {
      const table = engine.tableWithId(id)
      if (!table?.replicas.some(({ region, keepsTable }) => region === engine.region.name && keepsTable === true)) {
        this.#releasing.delete(id)
        continue
      }
      if (!this.#joins.mayChange(id)) continue
      // A replica that is being made may need this one as its source.
      if (table.replicas.some(({ status }) => status === 'CREATING')) continue
      const others = table.replicas.filter((replica) => replica.status === 'ACTIVE')
      const since = this.#releasing.get(table.id) ?? logEnds(others)
      this.#releasing.set(table.id, since)
      if (since === undefined || !hasPassed(since, others)) continue
      await engine.detach(table.id, env.random.uuid())
      this.#releasing.delete(table.id)
      env.log.info('replica disassociated', { table: table.name })
      moved = true
    }
    return moved
  }

  /** Makes each pending merge once; a table that is about to be begun must not miss it. */
  async #settleMerge(): Promise<boolean> {
    const { engine, sessionTo, env } = this.#options
    if (this.#joins.areBeginning) return false
    let moved = false
    for (const pending of pendingMerges(this.#options)) {
      const { peer, of } = pending
      const session = sessionTo(peer)
      if (session === undefined || this.#loop.stopped) continue
      try {
        if (!isMergeDue(pending, await new Questions(session, engine.region.name).places())) continue
        await mergeFrom(this.#options, session)
        if (this.#joins.areBeginning) return true
        await settleMerge(engine, pending)
        env.log.info('merged what only a peer knew of another region', { peer, of })
        moved = true
      } catch (error) {
        this.#options.retries.note('merge', error, 'merge waits', { peer, of })
      }
    }
    return moved
  }
}
