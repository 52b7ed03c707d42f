/**
 * A table comes to this region. From the moment that it is begun its changes are applied; what they were before is in the
 * snapshot, provided that the snapshot's source has passed every cursor that this region had at that moment. So: begin, note
 * the cursors, wait for a source that has passed them, merge its rows in key order, and say that the replica is ACTIVE.
 * Each step is short and each can be repeated; a process that dies half-way goes on from its note.
 */
import { decodeRow, seenOf, vectorOf } from '../../../core/item/row.ts'
import { type RegisterValues, type ReplicaRegister, replicaRegister } from '../../../core/table/registers.ts'
import type { KeySchema, Replica, ReplicaStatus, Table, TableId } from '../../../core/table/table.ts'
import type { Timing } from '../../../core/table/waits.ts'
import type { Region } from '../../../core/topology.ts'
import { tablesMax } from '../../../core/limits/limits.ts'
import type { RegisterEdit } from '../../../engine/commands/command.ts'
import type { Engine } from '../../../engine/engine.ts'
import { incompleteStatus } from '../../../engine/store/leftovers.ts'
import { oneAtATime, withinTables } from '../../../engine/one-at-a-time.ts'
import type { Env } from '../../../ports/env.ts'
import { awaitMerges } from '../notes/pending-merges.ts'
import type { Mutex } from '../flow/mutex.ts'
import { hasPassed, joinNote, joinProgress, placesOf, type Progress } from './join-progress.ts'
import { CreationWait } from './creation-wait.ts'
import { recoverOrphan } from './orphan-recovery.ts'
import { Questions } from '../talk/questions.ts'
import { hasAll, registersOf, replicasOf } from '../notes/registers-of.ts'
import type { Retries } from '../../retries.ts'
import { RowParts } from '../talk/row-parts.ts'
import type { Source, Sources } from './copy-sources.ts'
import type { Session } from '../talk/session.ts'

export type JoinOptions = {
  readonly env: Env
  readonly engine: Engine
  readonly peers: readonly Region[]
  readonly mutex: Mutex
  readonly retries: Retries
  readonly sources: Sources
  readonly sessionTo: (region: string) => Session | undefined
  readonly leftovers?: Remainder | undefined
  /** How long a new replica is CREATING at least; no time where it is absent. */
  readonly timing?: Timing | undefined
}

/** What is left of this region's own damaged store (engine/store/leftovers.ts). Says whether none of the table can be missing in it. */
export type Remainder = { merge(table: TableId): Promise<boolean> }

export type JoinStep = 'done' | 'failed' | 'wait' | 'progress'

const progressMsMin = 1000

export class Join {
  readonly table: TableId
  readonly #options: JoinOptions
  /** Peers known to have passed the noted cursors; they do not go back. */
  readonly #passed = new Set<string>()
  #source: string | undefined
  #parts: RowParts | undefined
  /** Items of the table, as sources have said; one that does not know it is asked again. */
  readonly #told = new Map<string, number>()
  /** Of the table at the source; undefined until it has said so. */
  #items: number | undefined
  #toldPercent = 0
  #toldAtMs = 0
  readonly #creation = new CreationWait()

  constructor(options: JoinOptions, table: TableId) {
    this.#options = options
    this.table = table
  }

  get begun(): boolean {
    return (
      this.#options.engine.tableWithId(this.table) !== undefined &&
      joinProgress(this.#options.engine, this.table) !== undefined
    )
  }

  /** What the table is, is known here. */
  get isDefined(): boolean {
    return this.#definition() !== undefined
  }

  async step(): Promise<JoinStep> {
    if (!this.#isWanted()) return 'failed'
    if (this.#creation.holds(this.#options.env.clock)) return 'wait'
    return this.begun ? this.#copy() : this.#begin()
  }

  /** The replica may have been removed since the step before; beginning it now would bring it back. */
  #isWanted(): boolean {
    const status = this.#ownReplica()?.status
    return status === 'CREATING' || status === 'ACTIVE' || status === 'UPDATING'
  }

  async #begin(): Promise<JoinStep> {
    const { engine } = this.#options
    await this.#learn()
    const definition = this.#definition()
    if (definition === undefined) return 'wait'
    // A CreateTable of the name, or another global table of it, may come at the same moment.
    return this.#options.mutex.share(() =>
      oneAtATime(engine, definition.name, async () => {
        const other = engine.tableNamed(definition.name)
        if (other !== undefined && other.id !== this.table) return this.#giveWay(other, definition)
        return this.#startWithin(definition)
      }),
    )
  }

  /** A table that this region had before it lost its disk comes back whatever the limit says. */
  async #startWithin({ name }: RegisterValues['definition']): Promise<JoinStep> {
    const max = this.#ownReplica()?.status === 'CREATING' ? tablesMax : Infinity
    const step = await withinTables(this.#options.engine, max, async () => {
      await this.#start()
      return 'progress' as const
    })
    return step ?? this.#fail(name, `Subscriber limit exceeded: There is a limit of ${max} tables per subscriber`)
  }

  /** Gets the registers from the first source that answers. */
  async #learn(): Promise<void> {
    const { engine } = this.#options
    for (const { questions, region } of this.#sources()) {
      try {
        await engine.mergeRegisters(this.table, await questions.registers(this.table))
        if (this.isDefined) return
      } catch (error) {
        this.#pass(region, error)
      }
    }
  }

  async #start(): Promise<void> {
    const { engine, env, peers } = this.#options
    const own = this.#ownReplica()
    if (!this.#isWanted()) return
    const status: RegisterValues['local/status'] = { status: 'CREATING', sinceMs: env.clock.wallMs() }
    const edits: RegisterEdit[] = [{ register: 'local/status', value: status }]
    // It was there before, so this region's disk was lost; and what that had sent to only some of the peers is with them.
    const wiped = own?.status !== 'CREATING'
    if (wiped) {
      edits.push(this.#replicaEdit({ status: 'CREATING', percentProgress: 0 }))
      await awaitMerges(this.#options, engine.region.name, engine.epoch)
    }
    await engine.define(this.table, edits)
    const places = placesOf(engine, peers, this.#wasHere())
    const progress: Progress = { places, rows: 0, ...(wiped ? { again: true } : {}) }
    await engine.setNote(joinNote(this.table), progress)
    env.log.info('replica begun', { table: this.table, wiped })
  }

  /** What this region wrote to a replica that it had before went with that replica; only the others can give it back. */
  #wasHere(): boolean {
    const { engine } = this.#options
    const own = replicaRegister(engine.region.name)
    const register = engine.registers(this.table).find(({ key }) => key.toString('utf8') === own)
    return register !== undefined && seenOf(vectorOf(decodeRow(register.row)), engine.region.number) !== undefined
  }

  /** One that is being removed is waited for; an empty one of the same key makes place where that was asked for; any other stays. */
  async #giveWay(other: Table, definition: RegisterValues['definition']): Promise<JoinStep> {
    const { engine, env } = this.#options
    const { name } = definition
    if (other.status === 'DELETING') return 'wait'
    const asked = registersOf(engine, this.table).get(replicaRegister(engine.region.name)) as
      | ReplicaRegister
      | undefined
    // AWS's words for it.
    if (asked?.takesOver !== true)
      return this.#fail(
        name,
        `Failed to create a the new replica of table with name: '${name}' because one or more replicas already existed as tables.`,
      )
    if (other.replicas.length > 0) return this.#fail(name, `Table: '${name}' is part of another global table.`)
    if (other.settings.deletionProtection) return this.#fail(name, `Table: '${name}' has deletion protection enabled.`)
    if (engine.size(other).items > 0) return this.#fail(name, `Table: '${name}' is not empty.`)
    if (!sameKey(other.key, definition.key))
      return this.#fail(name, `Table: '${name}' has another key schema than the global table.`)
    const going: RegisterValues['local/status'] = { status: 'DELETING', sinceMs: env.clock.wallMs() }
    await engine.define(other.id, [{ register: 'local/status', value: going }])
    return 'progress'
  }

  async #fail(name: string, statusDescription: string): Promise<JoinStep> {
    await this.#options.engine.define(this.table, [this.#replicaEdit({ status: 'CREATION_FAILED', statusDescription })])
    this.#options.env.log.warn('replica failed', { table: name })
    return 'failed'
  }

  async #copy(): Promise<JoinStep> {
    const { engine } = this.#options
    const progress = joinProgress(this.#options.engine, this.table) as Progress
    if (this.#isAlone()) return this.#finish(progress, { isLast: true })
    const source = await this.#readySource(progress)
    if (source === undefined) return this.#recoverOrphan(progress)
    const parts = this.#partsOf(source, progress)
    const chunk = await this.#options.sources.part(source, parts, this.#items).catch((error: unknown) => {
      this.#pass(source.region, error)
    })
    if (chunk === undefined) {
      // Another may do, at the next step.
      this.#passed.delete(source.region)
      this.#source = undefined
      return 'wait'
    }
    const last = chunk.rows.at(-1)
    if (last !== undefined) await engine.merge(this.table, chunk.rows)
    if (last === undefined || chunk.done) {
      await this.#takeHorizon(source)
      return this.#finish(progress)
    }
    const rows = progress.rows + chunk.rows.length
    await engine.setNote(joinNote(this.table), { ...progress, after: last.key.toString('base64'), rows })
    await this.#tell(rows)
    return 'progress'
  }

  /** Those that are under way, unless the session has ended meanwhile, or what came last was not merged. */
  #partsOf({ questions }: Source, { after }: Progress): RowParts {
    const start = after === undefined ? undefined : Buffer.from(after, 'base64')
    if (this.#parts?.goesOn(questions, start) === true) return this.#parts
    this.end()
    this.#parts = new RowParts({ questions, table: this.table, after: start, items: this.#items })
    return this.#parts
  }

  /** No step follows, for now: what was asked for ahead is given up. */
  end(): void {
    this.#parts?.end()
    this.#parts = undefined
  }

  async #recoverOrphan(progress: Progress): Promise<JoinStep> {
    this.end()
    if (!(await recoverOrphan(this.#options, this.table, this.#replicas().values()))) return 'wait'
    this.#options.env.log.warn('no region has all of the table: what is left of it is the table', { table: this.table })
    return this.#finish(progress, { isLast: true })
  }

  /** What is not in the snapshot may have been deleted and forgotten: a source that no longer says up to when does not do. */
  async #takeHorizon({ region, questions }: Source): Promise<void> {
    const { engine } = this.#options
    const told = await questions.table(this.table)
    if (told?.complete !== true) {
      this.#passed.delete(region)
      this.#source = undefined
      throw new Error(`${region} does not have all of the table any more`)
    }
    if (told.horizon !== undefined)
      await engine.raiseHorizon(this.table, { ...told.horizon, region: engine.region.number })
  }

  /**
   * All rows are here; with the indexes over them, the replica is complete, and serves from the moment that it says so. `isLast`:
   * no peer could add anything, so what damage has taken from the own disk is missing.
   */
  async #finish(progress: Progress, { isLast = false } = {}): Promise<JoinStep> {
    const { engine, env, leftovers } = this.#options
    if (this.#ownReplica()?.status !== 'CREATING') return 'failed'
    const isWhole = (await leftovers?.merge(this.table)) ?? true
    if (engine.tableWithId(this.table)?.indexes.some((index) => index.status === 'CREATING')) return 'wait'
    const { timing } = this.#options
    if (progress.again !== true && !this.#creation.isOver(this.table, { engine, clock: env.clock, timing }))
      return 'wait'
    const served = isWhole || !isLast ? 'ACTIVE' : incompleteStatus
    const status: RegisterValues['local/status'] = { status: served, sinceMs: env.clock.wallMs() }
    await engine.define(this.table, [
      { register: 'local/status', value: status },
      this.#replicaEdit({ status: 'ACTIVE' }),
    ])
    await engine.setNote(joinNote(this.table), undefined)
    env.log.info('replica complete', { table: this.table, rows: progress.rows, source: this.#source })
    return 'done'
  }

  /** Rarely: each is a change that goes to every region. */
  async #tell(rows: number): Promise<void> {
    const { engine, env } = this.#options
    const items = this.#items ?? 0
    const percent = items === 0 ? 0 : Math.min(99, Math.floor((rows / items) * 100))
    if (!this.#isWanted() || percent <= this.#toldPercent || env.clock.monotonicMs() - this.#toldAtMs < progressMsMin)
      return
    this.#toldPercent = percent
    this.#toldAtMs = env.clock.monotonicMs()
    await engine.define(this.table, [this.#replicaEdit({ status: 'CREATING', percentProgress: percent })])
  }

  /** The source so far if it is still there, else another that has passed the noted cursors. */
  async #readySource(progress: Progress): Promise<Source | undefined> {
    const sources = this.#sources().toSorted(
      (a, b) => Number(b.region === this.#source) - Number(a.region === this.#source),
    )
    for (const source of sources) {
      try {
        if (!(await this.#isReady(progress, source))) continue
        if (this.#source !== source.region) await this.#take(source)
        return source
      } catch (error) {
        this.#pass(source.region, error)
      }
    }
    return undefined
  }

  async #isReady(progress: Progress, source: Source): Promise<boolean> {
    const { region } = source
    if (this.#passed.has(region)) return true
    const told = this.#told.has(region) ? undefined : source.questions.table(this.table)
    // Asked at the same time: over a long line each question costs as much as many rows.
    const [places, table] = await Promise.all([this.#options.sources.places(source), told])
    if (table !== undefined) this.#told.set(region, table.items)
    if (!hasPassed(this.#options, progress, region, places)) return false
    this.#passed.add(region)
    return true
  }

  /** A node that is down while its NATS server is up must not keep us from asking another. */
  #pass(region: string, error: unknown): void {
    this.#options.sources.noteSilent(region)
    this.#options.retries.note('join', error, 'a source does not answer', { table: this.table, region })
  }

  async #take(source: Source): Promise<void> {
    this.#items = this.#told.get(source.region) ?? (await source.questions.table(this.table))?.items
    this.#source = source.region
  }

  #sources(): readonly Source[] {
    const { peers, sessionTo, engine, sources } = this.#options
    const replicas = this.#replicas()
    const all = peers.flatMap(({ name }) => {
      const session = sessionTo(name)
      const known = replicas.get(name)
      // Before anything but our own name is known of the table, every peer that is there is asked.
      const may = (known !== undefined && hasAll(known)) || replicas.size <= 1
      return session !== undefined && may
        ? [{ region: name, questions: new Questions(session, engine.region.name) }]
        : []
    })
    return sources.sorted(all)
  }

  /** No other region has, or will have, anything of the table: what is here is all that there is. Others must be known for that, as gone. */
  #isAlone(): boolean {
    const { engine } = this.#options
    const own = replicaRegister(engine.region.name)
    const known = engine.registers(this.table).map(({ key }) => key.toString('utf8'))
    if (!known.some((name) => name !== own && name.startsWith(replicaRegister('')))) return false
    const left: readonly ReplicaStatus[] = ['DELETING', 'CREATION_FAILED']
    return [...this.#replicas().values()].every(
      ({ region, status, mayStay }) => region === engine.region.name || (left.includes(status) && mayStay !== true),
    )
  }

  #replicas(): ReadonlyMap<string, Replica> {
    return replicasOf(this.#options.engine, this.table)
  }

  #ownReplica(): Replica | undefined {
    return this.#replicas().get(this.#options.engine.region.name)
  }

  #definition(): RegisterValues['definition'] | undefined {
    return registersOf(this.#options.engine, this.table).get('definition') as RegisterValues['definition'] | undefined
  }

  #replicaEdit(value: ReplicaRegister): RegisterEdit {
    return { register: replicaRegister(this.#options.engine.region.name), value }
  }
}

function sameKey(a: KeySchema, b: KeySchema): boolean {
  const text = ({ partition, sort }: KeySchema): string => JSON.stringify([partition, sort])
  return text(a) === text(b)
}
