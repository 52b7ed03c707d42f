/**
 * A cluster for tests: regions in this process that replicate to each other, with the engine, the readers and the API of a node, on memory.
 * No socket is opened unless an endpoint is asked for.
 *
 *   await using cluster = await createCluster({ regions: ['us-east-1', 'eu-west-1'], clock: 'manual' })
 *   const dynamodb = new DynamoDBClient(cluster.client('eu-west-1'))
 */
import type { MemoryHandler } from '../adapters/memory/memory-functions.ts'
import { timings } from '../core/table/waits.ts'
import { conflictsToldMax } from '../core/limits/limits.ts'
import { shownConflict } from '../node/admin/conflict-feed.ts'
import type { Region } from '../core/topology.ts'
import type { ListenOptions } from '../http/server.ts'
import type { Log } from '../ports/log.ts'
import type {
  ClientConfiguration,
  Cluster,
  ClusterConflict,
  ClusterLink,
  ClusterOptions,
  ClusterRegion,
  CreateCluster,
  Duration,
  SdkRequestHandler,
  SettleOptions,
  Snapshot,
} from './cluster-api.ts'
import {
  checkLink,
  capacityOf,
  checkLinked,
  checkRegion,
  linkDefaults,
  linkEnds,
  millisecondsOf,
  regionsOf,
  seedOf,
  startMsOf,
} from './cluster-options.ts'
import { differences, differenceText } from './convergence.ts'
import { Entrance } from './entrance.ts'
import { unsettled } from './quiet.ts'
import { clusterFaults } from './cluster-faults.ts'
import { createTables } from './tables/create-tables.ts'
import { readSources } from './tables/table-sources.ts'
import type { ApiSettings, RunningRegion } from './world-region.ts'
import { emptyState, World, type WorldSettings, type WorldState } from './world.ts'

/** More of them say nothing more. */
const differencesToldMax = 10
const settleMsMax = 600_000
/** Between two looks at whether a cluster has settled. */
const settleStepMs = 20
/** The clock of a cluster that makes tables: it must not be ahead of the machine's afterwards. */
const tablesMsMax = 3_600_000

export const createCluster: CreateCluster = async (options = {}) => await EmbeddedCluster.made(options)

type Making = {
  /** Beside the API, at every endpoint. */
  readonly routes?: ((cluster: Cluster) => ListenOptions['control']) | undefined
  readonly api?: ApiSettings
  /** The cluster that this one forks. */
  readonly from?: EmbeddedCluster
}

/** What the snapshots of all clusters hold. */
const states = new WeakMap<Snapshot, WorldState>()

/** The cluster with what its users do not see: for programs of this project and for its own tests. */
export class EmbeddedCluster implements Cluster {
  readonly seed: number
  readonly regions: readonly string[]
  readonly leftOut: readonly string[]
  readonly #options: ClusterOptions
  readonly #known: readonly Region[]
  readonly #definitions: Awaited<ReturnType<typeof readSources>>
  readonly #entrances: ReadonlyMap<string, Entrance>
  readonly #isFork: boolean
  readonly #api: ApiSettings
  #world: World
  #initial: WorldState
  #closed = false

  constructor(
    options: ClusterOptions,
    definitions: Awaited<ReturnType<typeof readSources>>,
    { from, routes, api }: Making = {},
  ) {
    this.#options = options
    this.#definitions = definitions
    const endpointOf = (region: string): string | undefined => this.#entrances.get(region)?.listensAt
    this.#api = { endpointOf, capacity: capacityOf(options.capacity), ...api }
    this.#isFork = from !== undefined
    this.leftOut = definitions.flatMap(({ leftOut }) => leftOut)
    this.seed = from?.seed ?? seedOf(options.seed)
    this.#known = regionsOf(options.regions)
    this.regions = this.#known.map(({ name }) => name)
    this.#initial = from?.state() ?? emptyState(this.seed)
    const hasTables = definitions.length > 0 && from === undefined
    this.#world = new World(this.#settings(this.#initial.nowMs, hasTables ? tablesMsMax : 0), this.#initial)
    this.#entrances = new Map(
      this.regions.map((name) => [
        name,
        new Entrance({ name, region: () => this.#regionOf(name), routes: routes?.(this) }),
      ]),
    )
  }

  static async made(options: ClusterOptions, making: Omit<Making, 'from'> = {}): Promise<EmbeddedCluster> {
    const cluster = new EmbeddedCluster(options, await readSources(options.tables ?? []), making)
    await cluster.begin()
    return cluster
  }

  /** A region's process; undefined while the region is down. */
  running(name: string): RunningRegion | undefined {
    return this.#regionOf(name).running
  }

  /** Called once, by `made` and `fork`. */
  async begin(): Promise<void> {
    await this.#told(async () => {
      await this.#world.begin()
      if (this.#definitions.length > 0 && !this.#isFork) {
        const handlerOf = (region: string): SdkRequestHandler => this.#entrance(region).handler
        await createTables(this.#definitions, {
          regions: this.regions,
          handlerOf,
          settle: () => this.#settle(tablesMsMax),
        })
      }
      if (!this.#isFork) this.#setLinks()
      this.#initial = this.#world.state()
      if (this.#definitions.length > 0 && this.#isReal) await this.#renew(this.#initial)
      else if (this.#isReal) this.#world.time.pass()
    })
  }

  now(): Date {
    return new Date(this.#world.epochMs + this.#world.time.nowMs)
  }

  client(region = this.regions[0] ?? ''): ClientConfiguration {
    const { handler } = this.#entrance(region)
    const credentials = { accessKeyId: 'cluster', secretAccessKey: 'cluster' }
    return { region, endpoint: 'http://localhost', credentials, requestHandler: handler }
  }

  async endpoint(region = this.regions[0] ?? '', { port = 0 }: { readonly port?: number } = {}): Promise<string> {
    return await this.#entrance(region).url(port)
  }

  link(a: string, b: string): ClusterLink {
    checkLinked(a, b, this.#known)
    const ways = [
      [a, b],
      [b, a],
    ] as const
    const each = (work: (world: World, from: string, to: string) => void) => (): void => {
      for (const [from, to] of ways) work(this.#world, from, to)
    }
    return {
      cut: each(({ network }, from, to) => network.cut(from, to, 'black-hole')),
      heal: each(({ network }, from, to) => network.heal(from, to)),
      set: (settings) => {
        checkLink(settings, `link ${a}..${b}`)
        each((world, from, to) => world.setLink(from, to, settings))()
      },
    }
  }

  region(name: string): ClusterRegion {
    checkRegion(name, this.#known)
    const region = () => this.#regionOf(name)
    const entrance = this.#entrance(name)
    return {
      name,
      get isRunning() {
        return region().running !== undefined
      },
      faults: clusterFaults(region),
      kill: () => {
        region().kill()
        entrance.dropConnections()
        entrance.abandon()
      },
      restart: async () => await this.#told(async () => await region().start()),
      skew: (time) => region().skew(typeof time === 'number' && time < 0 ? time : millisecondsOf(time, 'skew')),
    }
  }

  async advance(time: Duration): Promise<void> {
    const ms = millisecondsOf(time, 'advance')
    await this.#told(async () => void (await this.#world.time.advance(ms)))
  }

  async settle({ within = settleMsMax }: SettleOptions = {}): Promise<void> {
    const ms = millisecondsOf(within, 'within')
    await this.#told(async () => await this.#settle(ms))
  }

  conflicts(table?: string): readonly ClusterConflict[] {
    const found = new Map<string, ClusterConflict>()
    for (const { running, name } of this.#world.regions.values())
      for (const conflict of running?.region.engine.conflicts(0, conflictsToldMax) ?? []) {
        const shown = shownConflict(conflict, { self: { name, number: 0 }, regions: this.#known })
        const id = JSON.stringify([shown.table, shown.key, shown.lost.stamp])
        if ((table === undefined || table === shown.table) && !found.has(id)) found.set(id, shown)
      }
    return [...found.values()].toSorted((a, b) => a.metMs - b.metMs)
  }

  async assertConverged(): Promise<void> {
    await this.#told(() => {
      const engines = [...this.#world.regions.values()].flatMap(({ name, running }) =>
        running === undefined ? [] : [[name, running.region.engine] as const],
      )
      const found = differences(new Map(engines), differencesToldMax)
      if (found.length > 0) throw new Error(`the replicas differ:\n${found.map(differenceText).join('\n')}`)
      return Promise.resolve()
    })
  }

  snapshot(): Snapshot {
    const snapshot = { takenAt: this.now() }
    states.set(snapshot, this.state())
    return snapshot
  }

  state(): WorldState {
    return this.#world.state()
  }

  async reset(snapshot?: Snapshot): Promise<void> {
    await this.#told(async () => {
      const state = snapshot === undefined ? this.#initial : states.get(snapshot)
      if (state === undefined) throw new TypeError('reset: this is no snapshot of a cluster')
      await this.#renew(state)
    })
  }

  async fork(): Promise<Cluster> {
    const fork = new EmbeddedCluster(this.#options, this.#definitions, { from: this })
    await fork.begin()
    return fork
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#world.end()
    for (const entrance of this.#entrances.values()) await entrance.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #isReal(): boolean {
    return this.#options.clock !== 'manual'
  }

  async #renew(state: WorldState): Promise<void> {
    this.#world.end()
    for (const entrance of this.#entrances.values()) entrance.abandon()
    this.#world = new World(this.#settings(state.nowMs, 0), state)
    await this.#world.begin()
    if (this.#isReal) this.#world.time.pass()
  }

  async #settle(withinMs: number): Promise<void> {
    const { time } = this.#world
    const endMs = time.nowMs + withinMs
    let waiting = unsettled(this.#world)
    while (waiting.length > 0) {
      if (time.nowMs >= endMs)
        throw new Error(`not settled within ${withinMs} ms:\n  ${waiting.slice(0, differencesToldMax).join('\n  ')}`)
      await time.advance(Math.min(settleStepMs, endMs - time.nowMs))
      waiting = unsettled(this.#world)
    }
  }

  /** An error of the cluster says with which seed it comes again; so does one that a region met by itself. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#closed) throw new Error('the cluster is closed')
      const result = await work()
      if (this.#world.time.failure !== undefined) throw this.#world.time.failure.error
      return result
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}\n(seed ${this.seed}: LONGITUDE_SEED=${this.seed} repeats it)`,
        {
          cause: error,
        },
      )
    }
  }

  #settings(nowMs: number, behindMs: number): WorldSettings {
    const {
      accountId,
      globalTables2017,
      timing,
      startAt,
      functions,
      destinations,
      dataStreams,
      buckets,
      streamShards,
    } = this.#options
    return {
      regions: this.#known,
      epochMs: this.#isReal ? Date.now() - nowMs - behindMs : startMsOf(startAt),
      region: {
        ...(accountId === undefined ? {} : { accountId }),
        ...(globalTables2017 === undefined ? {} : { globalTables2017 }),
        ...(timing === undefined ? {} : { timing: timings[timing] }),
        ...(functions === undefined ? {} : { handlers: functions as Readonly<Record<string, MemoryHandler>> }),
        ...(streamShards === undefined ? {} : { streamShards }),
        ...(destinations === undefined ? {} : { receivers: destinations }),
        ...(dataStreams === undefined ? {} : { dataStreams }),
        ...(buckets === undefined ? {} : { buckets }),
      },
      api: this.#api,
      log: (region) => this.#logOf(region, {}),
    }
  }

  #logOf(region: string, about: Readonly<Record<string, unknown>>): Log {
    const at =
      (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: Readonly<Record<string, unknown>>) =>
        this.#options.log?.({ region, level, event, fields: { ...about, ...fields } })
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => this.#logOf(region, { ...about, ...fields }),
    }
  }

  #setLinks(): void {
    const { default: all = {}, ...single } = this.#options.links ?? {}
    const usual = { ...linkDefaults, ...checkLink(all, 'links.default') }
    for (const from of this.regions)
      for (const to of this.regions) if (from !== to) this.#world.setLink(from, to, usual)
    for (const [name, settings] of Object.entries(single)) {
      const [from, to] = linkEnds(name, this.#known)
      checkLink(settings, `links ${name}`)
      this.#world.setLink(from, to, settings)
      this.#world.setLink(to, from, settings)
    }
  }

  #regionOf(name: string) {
    const region = this.#world.regions.get(name)
    if (region === undefined) throw new TypeError(`no region ${name}`)
    return region
  }

  #entrance(name: string): Entrance {
    checkRegion(name, this.#known)
    return this.#entrances.get(name) as Entrance
  }
}
