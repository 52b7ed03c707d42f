/**
 * Tables with strong consistency between regions, as one region has to do with them. A register of the main engine says that there is such a table
 * and which group has it; it travels to every region, and each member opens its part of the group, for good.
 *
 *   main engine    strong/group {name, replicas, witness, table}          of every region, under the table's id in the group
 *   group engine   definition, settings, indexes, replicas, items         of every replica, in one order
 *
 * A table moves twice: from the main engine of its region into the group's, without items, and back into one main engine, with all of them.
 * Meanwhile the main engine has it too, marked, and takes no writes of it. Each step can be done again, and is after a crash.
 */
import { ServiceError, validationError } from '../../core/errors.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { StrongGroup, Table, TableId } from '../../core/table/table.ts'
import type { ReplicaState } from '../../engine/order/replica-state.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { GroupStatus, StrongTables } from '../../operations/tables/strong-tables.ts'
import type { Env } from '../../ports/env.ts'
import type { QuorumSight } from '../../ports/quorum.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../../readers/retries.ts'
import { type GroupKeys, isReplicaOf, membersOf } from './group-keys.ts'
import { type GroupMember, isDamage } from './group-member.ts'
import { groupStatus, type ReplicaEnd } from './group-status.ts'
import {
  copyItems,
  dissolving,
  streamedIn,
  markerOf,
  ownRecovery,
  ownStream,
  registersToKeep,
  registersToMove,
} from './moved-table.ts'

export type StrongDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly main: Engine
  readonly keys: Pick<GroupKeys, 'of'>
  /** Opens this region's part of a group; where it is its witness, only the copy of the stream. */
  readonly openReplica: (opening: ReplicaOpening) => Promise<GroupMember>
  /** The state of the group in another region. */
  readonly stateAt: (region: string, group: string) => ReplicaState
  readonly openWitness: (group: string) => Promise<{ sight(): QuorumSight }>
}

export type ReplicaOpening = {
  readonly group: string
  readonly key: Buffer
  /** Of its store: a replica that starts from another one has the next. */
  readonly number: number
  readonly startsFrom?: ReplicaState | undefined
  readonly onLeaving: (table: Table) => void
  readonly onEnd: (why: ReplicaEnd) => void
}

type Birth = { readonly engine: Engine; readonly group: StrongGroup; readonly edits: readonly RegisterEdit[] }

const storeNote = (group: string): string => `strong/store/${group}`
const groupsNote = 'strong/groups'
const againMs = 1000
/** An UpdateTable waits so long for the group's key, its engine and its majority: a stream that is new elects a leader first. */
const openMsMax = 30_000
/** So long a request waits to learn whether the group has got its table, whose entry had no answer. */
const settleMsMax = 10_000

export class StrongRegions implements StrongTables, Service {
  /** Of the groups in which this region is a replica, by name. */
  readonly engines = new Map<string, Engine>()
  readonly #deps: StrongDeps
  readonly #members = new Map<string, GroupMember>()
  readonly #copies = new Map<string, { sight(): QuorumSight }>()
  /** Of replicas that cannot go on, until they have the state of another one. */
  readonly #ends = new Map<string, ReplicaEnd>()
  readonly #opening = new Map<string, Promise<void>>()
  /** Groups that are opened until it is done: one loop for each. */
  readonly #joining = new Set<string>()
  /** The last renewal of a group: the next one begins after it. */
  readonly #renewals = new Map<string, Promise<void>>()
  readonly #busy = new Set<TableId>()
  readonly #retries: Retries
  #seen = -1
  #isStopped = false
  #unsubscribe = (): void => {}

  constructor(deps: StrongDeps) {
    this.#deps = deps
    this.#retries = new Retries(deps.env)
  }

  /** Groups that this region had before are open when it resolves, as far as they can be read here. */
  async start(): Promise<void> {
    for (const group of this.#known()) await this.#open(group).catch((error: unknown) => this.#note(group, error))
    this.#unsubscribe = this.#deps.main.onFlushed(() => this.#look())
    this.#look()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe()
    await Promise.allSettled(this.#opening.values())
    for (const member of this.#members.values()) await member.stop()
  }

  get any(): boolean {
    return this.engines.size > 0
  }

  status(): readonly GroupStatus[] {
    const region = this.#deps.main.region.name
    const names = new Set([...this.#known(), ...this.#joining, ...this.#members.keys(), ...this.#copies.keys()])
    return [...names].toSorted().map((name) => {
      const [member, copy, end] = [this.#members.get(name), this.#copies.get(name), this.#ends.get(name)]
      return groupStatus({ name, region, member, copy, end })
    })
  }

  measure(): void {
    for (const member of this.#members.values()) member.measure()
  }

  async latest(group: string): Promise<void> {
    await this.engines.get(group)?.barrier()
  }

  async begin(table: Table, group: StrongGroup, edits: readonly RegisterEdit[]): Promise<void> {
    const engine = await this.#engineOf(group.name)
    // Until it is known what becomes of it here, nothing else settles it.
    this.#busy.add(table.id)
    try {
      await this.#moveIn(table, { engine, group, edits })
    } catch (error) {
      this.#busy.delete(table.id)
      await Promise.race([this.#settleBirth(table.id), this.#deps.env.clock.sleep(settleMsMax)])
      // Its place in the order was only unknown. A client that asked again would be refused for a table that it has made.
      if (engine.tableWithId(group.table) === undefined) throw error
      return
    }
    this.#busy.delete(table.id)
    await this.#leaveMain(table.id)
  }

  async #moveIn(table: Table, { engine, group, edits }: Birth): Promise<void> {
    const { main, env } = this.#deps
    await main.define(table.id, [{ register: 'strong/group', value: group }])
    if (main.size(table).items > 0) throw validationError('Table must be empty to be one with strong consistency.')
    await main.define(group.table, [{ register: 'strong/group', value: group }])
    await engine.define(group.table, [
      ...registersToMove(table, main),
      ...edits,
      ...ownStream(table),
      ...ownRecovery(table, engine, { group: group.name, nowMs: env.clock.wallMs() }),
      { register: 'settings/strong', value: group },
    ])
  }

  async end({ id, strong }: Table): Promise<void> {
    const { main, env } = this.#deps
    const engine = strong === undefined ? undefined : this.engines.get(strong.name)
    if (engine === undefined) throw new ServiceError('InternalServerError', 'Internal server error')
    const status: RegisterValues['local/status'] = {
      status: 'UPDATING',
      sinceMs: env.clock.wallMs(),
      wait: 'strong dissolution',
    }
    const value = { ...strong, leaving: main.region.name }
    await engine.define(id, [
      { register: 'settings/strong', value },
      { register: 'local/status', value: status },
    ])
  }

  #look(): void {
    const { main } = this.#deps
    const { tableChanges } = main
    const { count } = tableChanges
    if (count === this.#seen || this.#isStopped) return
    const changed = this.#seen < 0 ? undefined : tableChanges.since(this.#seen)
    this.#seen = count
    const grouped = main.groupedTables()
    for (const id of changed ?? grouped) if (grouped.has(id)) this.#consider(id)
  }

  #consider(id: TableId): void {
    const { main } = this.#deps
    const group = markerOf(main, id)
    if (group === undefined) return
    void this.#member(group)
    // Of a birth that a crash has broken off.
    const table = main.tableWithId(id)
    if (table?.strong?.isElsewhere === true && group.table !== id && table.status !== 'DELETING') this.#settleLater(id)
  }

  async #member({ name }: Pick<StrongGroup, 'name'>): Promise<void> {
    if (this.#joining.has(name)) return
    this.#joining.add(name)
    await this.#untilMember(name)
    this.#joining.delete(name)
  }

  async #untilMember(name: string): Promise<void> {
    while (!this.#isStopped && !this.#members.has(name))
      try {
        await this.#open(name)
        if (!isReplicaOf(name, this.#deps.main.region.name)) return
      } catch (error) {
        this.#note(name, error)
        await this.#deps.env.clock.sleep(againMs)
      }
  }

  #open(name: string): Promise<void> {
    const opening = this.#opening.get(name) ?? this.#openOnce(name).finally(() => this.#opening.delete(name))
    this.#opening.set(name, opening)
    return opening
  }

  async #openOnce(name: string): Promise<void> {
    const { keys, main, openReplica, openWitness } = this.#deps
    if (this.#members.has(name) || this.#isStopped) return
    if (membersOf(name).witness === main.region.name) this.#copies.set(name, await openWitness(name))
    if (!isReplicaOf(name, this.#deps.main.region.name)) return
    if (this.#ends.has(name)) throw new Error('it takes the state of another replica')
    const key = await keys.of(name)
    const number = this.#numberOf(name)
    const opening = this.#openingOf(name, number)
    const member = await openReplica({ ...opening, key }).catch((error: unknown) => {
      if (isDamage(error)) opening.onEnd('damaged')
      throw error
    })
    await this.#remember(name)
    this.#members.set(name, member)
    this.engines.set(name, member.engine)
    await member.start()
  }

  #openingOf(name: string, number: number) {
    return {
      group: name,
      number,
      onLeaving: (table: Table) => this.#keepLater(table),
      onEnd: (why: ReplicaEnd) => {
        const before = this.#renewals.get(name) ?? Promise.resolve()
        // Of a replica that another has replaced by then nothing is to be done.
        const isCurrent = (): boolean => number === this.#numberOf(name)
        if (isCurrent()) this.#ends.set(name, why)
        const renewal = before.then(() => (isCurrent() ? this.#renew(name, why) : undefined))
        this.#renewals.set(name, renewal)
      },
    }
  }

  #numberOf(name: string): number {
    return (this.#deps.main.note(storeNote(name)) as number | undefined) ?? 0
  }

  /** This replica cannot go on with its own store. It reads from it until it has the state of another one. */
  async #renew(name: string, why: ReplicaEnd): Promise<void> {
    const { replicas } = membersOf(name)
    // Of two that differ neither can know which one is right, and no state helps with a wrong key.
    if (why === 'sealed otherwise' || (why === 'differs' && replicas.length < 3)) return
    await this.#opening.get(name)?.catch(() => undefined)
    const others = replicas.filter((region) => region !== this.#deps.main.region.name)
    for (let n = 0; !this.#isStopped; n++) {
      await this.#deps.env.clock.sleep(againMs)
      try {
        return await this.#startFrom(name, others[n % others.length] ?? '')
      } catch (error) {
        this.#note(name, error)
      }
    }
  }

  async #startFrom(name: string, region: string): Promise<void> {
    const { main, keys, openReplica, stateAt, env } = this.#deps
    const former = this.#members.get(name)
    const number = this.#numberOf(name) + 1
    const opening = { ...this.#openingOf(name, number), key: await keys.of(name) }
    const member = await openReplica({ ...opening, startsFrom: stateAt(region, name) })
    try {
      const given = { group: name, nowMs: env.clock.wallMs() }
      for (const table of former?.engine.tables() ?? [])
        await member.engine.define(table.id, registersToKeep(table, member.engine, given))
      await main.setNote(storeNote(name), number)
    } catch (error) {
      await member.discard()
      throw error
    }
    this.#members.set(name, member)
    this.engines.set(name, member.engine)
    this.#ends.delete(name)
    await member.start()
    await former?.stop()
    const streamsBeginAgain = streamedIn(former?.engine)
    env.log.warn('a group of regions goes on here', { group: name, from: region, streamsBeginAgain })
  }

  #known(): readonly string[] {
    return (this.#deps.main.note(groupsNote) as readonly string[] | undefined) ?? []
  }

  async #remember(name: string): Promise<void> {
    const known = this.#known()
    if (!known.includes(name)) await this.#deps.main.setNote(groupsNote, [...known, name])
  }

  async #engineOf(name: string): Promise<Engine> {
    const { clock } = this.#deps.env
    const untilMs = clock.monotonicMs() + openMsMax
    for (;;)
      try {
        await this.#open(name)
        const engine = this.engines.get(name)
        if (engine === undefined) throw new Error(`the group ${name} is not open`)
        await engine.barrier()
        return engine
      } catch (error) {
        this.#note(name, error)
        if (clock.monotonicMs() >= untilMs) throw new ServiceError('InternalServerError', 'Internal server error')
        await clock.sleep(againMs)
      }
  }

  /** The group has the table: the main engine gives it up. */
  async #leaveMain(id: TableId): Promise<void> {
    const value: RegisterValues['local/status'] = { status: 'DELETING', sinceMs: this.#deps.env.clock.wallMs() }
    await this.#deps.main.define(id, [{ register: 'local/status', value }])
  }

  #settleLater(id: TableId): void {
    this.#deps.env.clock.after(againMs, () => void this.#settleBirth(id))
  }

  /** Of a table whose birth was broken off: the group has it, or it stays what it was. */
  async #settleBirth(id: TableId): Promise<void> {
    if (this.#busy.has(id)) return
    this.#busy.add(id)
    const { main } = this.#deps
    await this.#untilDone(id, async () => {
      const table = main.tableWithId(id)
      const group = table?.strong
      if (group?.isElsewhere !== true || table?.status === 'DELETING') return
      const engine = this.engines.get(group.name)
      // What has a place by now is known here after it.
      await engine?.barrier()
      if (engine?.tableWithId(group.table) !== undefined) return await this.#leaveMain(id)
      await main.define(group.table, [{ register: 'strong/group', value: undefined }])
      await main.define(id, [{ register: 'strong/group', value: undefined }])
    })
    this.#busy.delete(id)
  }

  #keepLater(table: Table): void {
    if (this.#busy.has(table.id)) return
    this.#busy.add(table.id)
    void this.#untilDone(table.id, () => this.#keep(table)).then(() => this.#busy.delete(table.id))
  }

  /** This region keeps the table: its main engine gets all of it, and then the others give it up. */
  async #keep(table: Table): Promise<void> {
    const { main, env } = this.#deps
    const { id, strong } = table
    const group = strong === undefined ? undefined : this.engines.get(strong.name)
    if (strong === undefined || group === undefined) return
    if (markerOf(main, id) !== undefined) {
      await main.define(id, [
        ...registersToMove(table, group),
        ...dissolving(table),
        { register: 'strong/group', value: strong },
      ])
      await copyItems(group, main, table)
      const { stream } = table.settings
      await main.define(id, [
        ...(stream === undefined ? [] : [{ register: 'settings/stream', value: stream }]),
        // The log has not told of the copied items.
        ...ownRecovery(table, main, { nowMs: env.clock.wallMs() }),
        { register: 'strong/group', value: undefined },
      ])
    }
    await group.define(id, [{ register: 'settings/strong', value: { ...strong, isOver: true } }])
  }

  async #untilDone(id: TableId, work: () => Promise<void>): Promise<void> {
    while (!this.#isStopped)
      try {
        return await work()
      } catch (error) {
        if (this.#isStopped) return
        this.#retries.note('replicas', error, 'a table waits for its group', { table: id })
        await this.#deps.env.clock.sleep(againMs)
      }
  }

  #note(group: string, error: unknown): void {
    if (!this.#isStopped) this.#retries.note('replicas', error, 'a group of regions cannot be opened yet', { group })
  }
}
