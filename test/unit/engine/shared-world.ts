/** Engines of three regions that share an order in virtual time, on a quorum and stores that fail as their seed says. */
import { AesKeySeal } from '../../../src/adapters/encryption/key-seal.ts'
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { MemoryQuorums } from '../../../src/adapters/memory/quorum/memory-quorum.ts'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { ProcessClock, RegionClock } from '../../../src/adapters/memory/region-clock.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { type OrderEnd, QuorumOrder } from '../../../src/engine/order/quorum-order.ts'
import type { ReplicaState } from '../../../src/engine/order/replica-state.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { Log } from '../../../src/ports/log.ts'
import { type RegionName, regionNames, topologyOf } from './region.ts'

export type SharedRegion = {
  readonly name: RegionName
  readonly engine: Engine
  readonly order: QuorumOrder
  readonly store: MemoryStore
  readonly ends: string[]
  readonly clock: ProcessClock
  readonly timers: Timers
}

/** Timers that its order and its engine have set: how many wait, and how many have fired. */
export type Timers = { waiting: number; fired: number }

function countingClock(clock: Clock): { readonly counting: Clock; readonly timers: Timers } {
  const timers = { waiting: 0, fired: 0 }
  const after = (ms: number, work: () => void): (() => void) => {
    let isWaiting = true
    const end = (): void => {
      if (isWaiting) timers.waiting -= 1
      isWaiting = false
    }
    timers.waiting += 1
    const cancel = clock.after(ms, () => {
      end()
      timers.fired += 1
      work()
    })
    return () => {
      end()
      cancel()
    }
  }
  const counting: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
  }
  return { counting, timers }
}

export const groupName = 'a-group'
export const groupKey = Buffer.alloc(32, 5)

export class SharedWorld {
  readonly random: SeededRandom
  readonly time: Scheduler
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly regions = new Map<RegionName, SharedRegion>()
  /** Of a write to a store, from 0 to 1. */
  storeFails = 0
  guards = false
  readonly #clocks = new Map<RegionName, RegionClock>()
  readonly #replicas: readonly RegionName[]

  constructor(seed: number, replicas: readonly RegionName[] = regionNames) {
    this.random = new SeededRandom(seed)
    this.time = new Scheduler(this.random.fork())
    this.network = new MemoryNetwork(this.time, this.random.fork(), { delayMs: 20, jitterMs: 5 })
    for (const name of regionNames) this.#clocks.set(name, new RegionClock(this.time))
    const wallMs = (name: string): number => this.#clocks.get(name as RegionName)?.wallMs() ?? 0
    this.quorums = new MemoryQuorums({ network: this.network, random: this.random.fork(), wallMs })
    this.#replicas = replicas
  }

  clockOf(name: RegionName): RegionClock {
    return this.#clocks.get(name) as RegionClock
  }

  async start(name: RegionName, disk?: MemoryStore, startsFrom?: ReplicaState): Promise<SharedRegion> {
    const clock = new ProcessClock(this.clockOf(name))
    const { counting, timers } = countingClock(clock)
    const durable = async (): Promise<void> => {
      await this.time.sleep(1 + this.random.between(0, 3))
      if (this.storeFails > 0 && this.random.chance(this.storeFails)) throw new Error('the disk says no')
    }
    const store = disk === undefined ? new MemoryStore({ durable }) : disk.crash(0, { durable })
    const quorum = this.quorums.join(name)
    const ends: string[] = []
    const random = this.random.fork()
    const order = new QuorumOrder({
      open: () => quorum.open(groupName, regionNames),
      self: topologyOf(name).self,
      group: groupName,
      replicas: this.#replicas.length,
      key: groupKey,
      seal: new AesKeySeal(random),
      guards: this.guards,
      clock: counting,
      random,
      log: silent,
      onEnd: (why: OrderEnd, message) => ends.push(`${why}: ${message}`),
    })
    const env: Env = {
      clock: counting,
      store,
      random,
      log: silent,
      meter: unmeasured,
      blobs: new MemoryBlobs(),
      bus: noBus,
    }
    const onBrokenInvariant = (error: Error): void => this.time.fail(error)
    const engine = await openEngine(env, { topology: topologyOf(name), order, startsFrom, onBrokenInvariant })
    const region = { name, engine, order, store, ends, clock, timers }
    this.regions.set(name, region)
    return region
  }

  /** As by kill -9, and back on the same disk. */
  async restart(name: RegionName): Promise<void> {
    const former = this.regions.get(name) as SharedRegion
    former.clock.crash()
    this.quorums.crash(name)
    await this.start(name, former.store)
  }

  /** With an empty disk, from the state of another region that goes on. */
  async replace(name: RegionName, by: RegionName): Promise<SharedRegion> {
    this.regions.get(name)?.clock.crash()
    this.quorums.crash(name)
    return await this.start(name, undefined, this.#stateOf(by))
  }

  /** A few rows at a time, as over a distance. */
  #stateOf(name: RegionName): ReplicaState {
    const answer = async <T>(work: (engine: Engine) => T): Promise<T> => {
      await this.time.sleep(40)
      return work((this.regions.get(name) as SharedRegion).engine)
    }
    const tableOf = (engine: Engine, id: string) => ({
      id,
      isHere: engine.tableWithId(id) !== undefined,
      horizon: engine.horizon(id),
    })
    return {
      record: () => answer((engine) => engine.orderRecord()),
      tables: () => answer((engine) => engine.knownTables().map((id) => tableOf(engine, id))),
      registers: (id) => answer((engine) => engine.registers(id)),
      rows: (id, after) => answer((engine) => engine.rows(id, after, 3, 1_000_000)),
    }
  }

  all(): readonly SharedRegion[] {
    return [...this.regions.values()]
  }

  cutOff(name: RegionName): void {
    for (const other of regionNames)
      if (other !== name) this.#both(name, other, (a, b) => this.network.cut(a, b, 'black-hole'))
  }

  heal(): void {
    for (const [n, one] of regionNames.entries())
      for (const other of regionNames.slice(n + 1)) this.#both(one, other, (a, b) => this.network.heal(a, b))
  }

  #both(one: string, other: string, work: (from: string, to: string) => void): void {
    work(one, other)
    work(other, one)
  }
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }
const unmeasured = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
const noBus = undefined as unknown as Bus
