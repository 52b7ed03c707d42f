/**
 * This region's part of a group of regions with strong consistency: an engine of its own, whose commands come in the order that the group shares,
 * and the loops that an engine needs. It brings its replicas to the state that the group's registers ask for, as the caretaker does its indexes.
 *
 *   replica CREATING       ACTIVE when its indexes are filled, and its creation has lasted
 *   table that is given up removed by the caretaker, once the region that keeps it has everything
 */
import type { Topology } from '../../core/topology.ts'
import { identityRegister, replicaRegister, type ReplicaRegister } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { type Timing, type Wait, waitRestMs } from '../../core/table/waits.ts'
import type { QuorumOrder } from '../../engine/order/quorum-order.ts'
import type { Engine } from '../../engine/engine.ts'
import { DamagedRecord } from '../../engine/store/damaged-record.ts'
import { Caretaker } from '../../operations/tables/caretaker.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { StoreDamaged } from '../../ports/store.ts'
import { Archiver, type ArchiverDeps, type ArchiveSettings } from '../../readers/archive/archiver.ts'
import { Backups } from '../../readers/archive/backups.ts'
import { logTrimmer } from '../../readers/sweepers/log-trimmer.ts'
import { streamKeeper, type StreamSettings } from '../../readers/sweepers/change-streams.ts'
import { type SweeperPace, tombstoneSweeper } from '../../readers/sweepers/tombstones.ts'
import { Lifecycle } from '../lifecycle.ts'
import { groupArchive } from './group-archive.ts'

type OrderSight = ReturnType<QuorumOrder['sight']>

export type GroupMemberOptions = {
  readonly group: string
  readonly env: Env
  readonly engine: Engine
  readonly order: Pick<QuorumOrder, 'close' | 'place' | 'sight'>
  readonly main: Engine
  readonly topology: Topology
  readonly timing: Timing
  readonly sweeping: SweeperPace | undefined
  readonly streams: StreamSettings
  readonly archive: ArchiveSettings | undefined
  readonly streaming: Service & { measure(): void }
  /** Looks after a table that one region keeps. */
  readonly onLeaving: (table: Table) => void
}

export class GroupMember {
  readonly engine: Engine
  readonly #options: GroupMemberOptions
  readonly #life = new Lifecycle()
  readonly #caretaker: Caretaker
  readonly #busy = new Set<string>()
  #seen = -1
  #isStopped = false

  constructor(options: GroupMemberOptions) {
    this.#options = options
    this.engine = options.engine
    const { engine, env, order, topology } = options
    this.#caretaker = new Caretaker({
      engine,
      env,
      region: topology.self.name,
      get timing() {
        return options.timing
      },
    })
    this.#life.add(() => this.#caretaker.ended())
    this.#life.add(() => engine.close())
    this.#life.add(() => order.close())
  }

  async start(): Promise<void> {
    const { group, env, engine, main, topology, sweeping, streams, archive: settings, streaming } = this.#options
    const archive = groupArchive(group, main, engine)
    // Gauges say how the main engine is.
    const quiet = { ...env, meter: { ...meterOf(env), gauge: () => {} } }
    for (const service of [
      this.#caretaker,
      streamKeeper(quiet, engine, streams),
      tombstoneSweeper(quiet, engine, () => ({ ...engine.clock(), region: topology.self.number }), sweeping),
      new Archiver({ env, engine: archive, settings, of: this.#ofGroup() }),
      new Backups(quiet, archive, group),
      streaming,
      logTrimmer(quiet, engine, streams.everyMs),
    ])
      await this.#life.start(service)
    this.#life.add(engine.onFlushed(() => this.#look()))
    this.#look()
  }

  #ofGroup(): NonNullable<ArchiverDeps['of']> {
    const { group, main, engine, order } = this.#options
    return {
      shared: { group, log: engine.epoch },
      region: main,
      isWhole: () => engine.orderRecord() !== undefined,
      settledMs: async () => {
        // What is decided later has this time too, or a later one; what was decided before is durable once the barrier is.
        const { atMs } = order.place()
        await engine.barrier()
        return atMs - 1
      },
    }
  }

  sight(): OrderSight {
    return this.#options.order.sight()
  }

  /** Sets the gauges. */
  measure(): void {
    this.#options.streaming.measure()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#life.stop()
  }

  /** Of a part that cannot go on: its store is another's to make again. */
  async discard(): Promise<void> {
    await this.stop()
    await this.#options.env.store.close()
  }

  #look(): void {
    const { count } = this.engine.tableChanges
    if (count === this.#seen || this.#isStopped) return
    this.#seen = count
    for (const table of this.engine.tables()) this.#consider(table)
  }

  #consider(table: Table): void {
    const { name: region } = this.#options.topology.self
    if (table.strong?.leaving === region && table.strong.isOver !== true) this.#options.onLeaving(table)
    const own = table.replicas.find((replica) => replica.region === region)
    if (own?.status !== 'CREATING' || table.indexes.some(({ status }) => status === 'CREATING')) return
    if (this.#busy.has(table.id)) return
    this.#busy.add(table.id)
    const { env, timing } = this.#options
    const wait: Wait = table.strong?.witness === undefined ? 'strong creation' : 'strong creation with witness'
    const begun = { wait, beganMs: table.underWay?.beganMs ?? 0 }
    env.clock.after(waitRestMs(begun, timing, env.clock.wallMs()), () => void this.#join(table, region))
  }

  /** A region that has a table of that name already gets none. */
  async #join({ id, name, identity }: Table, region: string): Promise<void> {
    if (this.#isStopped) return
    const own = this.#options.main.tableNamed(name)
    const isTaken = own !== undefined && own.strong === undefined
    const failed: ReplicaRegister = {
      status: 'CREATION_FAILED',
      statusDescription: `The region has a table with name: ‘${name}’.`,
    }
    const value: ReplicaRegister = isTaken ? failed : { status: 'ACTIVE' }
    try {
      // The others know from it in which order the replicas were made.
      const called = identity === undefined ? [] : [{ register: identityRegister(region), value: identity }]
      await this.engine.define(id, [...called, { register: replicaRegister(region), value }])
    } catch (error) {
      this.#options.env.log.debug('a replica waits for its group', { table: name, error: String(error) })
    }
    this.#options.env.clock.after(againMs, () => {
      this.#busy.delete(id)
      this.#seen = -1
      this.#look()
    })
  }
}

const againMs = 1000

/** Of a store that cannot be opened as it is, or not believed. */
export const isDamage = (error: unknown): boolean => error instanceof StoreDamaged || error instanceof DamagedRecord

const meterOf = ({ meter }: Env) => ({
  count: meter.count.bind(meter),
  observe: meter.observe.bind(meter),
  forget: meter.forget.bind(meter),
})
