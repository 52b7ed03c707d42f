/**
 * One region of a cluster: a disk, a hardware clock and a node's process that comes and goes on them. The process is what a node runs
 * (region/start-region.ts), on the memory twins of a node's adapters. A killed process does nothing more, although its promises are still
 * around, because everything that it touches is fenced.
 */
import type { Timing } from '../core/table/waits.ts'
import { AesKeySeal } from '../adapters/encryption/key-seal.ts'
import { BlobShelf, MemoryBlobs } from '../adapters/memory/memory-blobs.ts'
import { MemoryBuckets, type Objects } from '../adapters/memory/memory-buckets.ts'
import { MemoryDisk, MemoryStore } from '../adapters/memory/memory-store.ts'
import type { MemoryNetwork } from '../adapters/memory/memory-bus.ts'
import type { MemoryQuorums } from '../adapters/memory/quorum/memory-quorum.ts'
import {
  MemoryDataStreams,
  MemoryDestinations,
  MemoryFunctions,
  type MemoryHandler,
  type MemoryReceiver,
} from '../adapters/memory/memory-functions.ts'
import { packing } from '../adapters/packing/packing.ts'
import { ProcessClock, RegionClock } from '../adapters/memory/region-clock.ts'
import { SeededRandom } from '../adapters/memory/seeded-random.ts'
import type { Region as RegionName } from '../core/topology.ts'
import { apiPipeline, type ApiPipelineOptions } from '../http/api-pipeline.ts'
import type { Answer, ApiRequest, Pipeline } from '../http/pipeline.ts'
import { registry } from '../operations/registry.ts'
import type { Env } from '../ports/env.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import { Collector } from '../readers/metrics/collector.ts'
import { MetricStore } from '../readers/metrics/metric-store.ts'
import { type StreamSettings, usualStreams } from '../readers/sweepers/change-streams.ts'
import type { SharedIdentities } from '../ports/shared-identities.ts'
import type { TableKeyPorts } from '../readers/keys/table-keys.ts'
import { type Region, startRegion } from '../region/start-region.ts'
import type { GroupPorts } from '../region/strong/strong.ts'
import type { ClusterTime } from './cluster-time.ts'

export type WorldRegionOptions = {
  readonly self: RegionName
  readonly regions: readonly RegionName[]
  readonly time: ClusterTime
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly epochMs: number
  readonly settings: RegionSettings
  readonly api: ApiSettings
  readonly log: Log
}

/** What all regions of a cluster have in common, as a node's options say it. */
export type RegionSettings = {
  readonly accountId?: string
  readonly globalTables2017?: boolean
  readonly timing?: Timing
  readonly streamShards?: number
  readonly handlers?: Readonly<Record<string, MemoryHandler>>
  readonly buckets?: Readonly<Record<string, Objects>>
  readonly receivers?: Readonly<Record<string, MemoryReceiver>>
  readonly dataStreams?: Readonly<Record<string, MemoryReceiver>>
}

export type ApiSettings = Pick<
  ApiPipelineOptions,
  'endpointOf' | 'signedFor' | 'capacity' | 'credentials' | 'access' | 'services' | 'audit'
> & {
  /** Keys of the tables of a region. */
  readonly keysOf?: (region: string) => TableKeyPorts
  /** What a region shares with the others of who may do what. */
  readonly identitiesOf?: (region: string) => SharedIdentities
}

/** All that a region begins with. */
export type RegionState = {
  readonly disk: MemoryDisk
  /** Of the groups of regions with strong consistency that it is in, by name. */
  readonly groupDisks: ReadonlyMap<string, MemoryDisk>
  readonly shelf: BlobShelf
  readonly random: readonly number[]
  readonly skewMs: number
  readonly running: boolean
}

export type RunningRegion = { readonly region: Region; readonly answer: Pipeline }

/** A cluster has no metrics but those of CloudWatch. */
const nothingMeasured: Meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }

type Life = {
  readonly clock: ProcessClock
  readonly store: MemoryStore
  readonly groupStores: MemoryStore[]
  readonly blobs: MemoryBlobs
  running: RunningRegion | undefined
}

/** All of the log is in memory. */
const streams: StreamSettings = { ...usualStreams, retentionBytes: 64 * 1024 * 1024 }

export class WorldRegion {
  readonly name: string
  readonly clock: RegionClock
  readonly #options: WorldRegionOptions
  readonly #random: SeededRandom
  readonly #disk: MemoryDisk
  readonly #groupDisks: Map<string, MemoryDisk>
  readonly #shelf: BlobShelf
  readonly #starting: boolean
  readonly #onKilled = new Set<() => void>()
  #skewMs = 0
  #life: Life | undefined

  constructor(options: WorldRegionOptions, state: RegionState) {
    this.#options = options
    this.name = options.self.name
    this.#random = SeededRandom.continuedFrom(state.random)
    this.#disk = state.disk.copy()
    this.#groupDisks = copied(state.groupDisks)
    this.#shelf = state.shelf.copy()
    this.#starting = state.running
    this.clock = new RegionClock(options.time, { epochMs: options.epochMs })
    this.skew(state.skewMs)
  }

  /** Undefined while the region is down. */
  get running(): RunningRegion | undefined {
    return this.#life?.running
  }

  get skewMs(): number {
    return this.#skewMs
  }

  /** Sets how far the region's clock is ahead of the true time. */
  skew(ms: number): void {
    this.clock.step(ms - this.#skewMs)
    this.#skewMs = ms
  }

  /** For work that ends when the process is killed; the returned function forgets it. */
  whenKilled(work: () => void): () => void {
    this.#onKilled.add(work)
    return () => void this.#onKilled.delete(work)
  }

  /** A copy of what would be there after a power failure at this moment. */
  state(): RegionState {
    return {
      disk: this.#disk.copy(),
      groupDisks: copied(this.#groupDisks),
      shelf: this.#shelf.copy(),
      random: this.#random.state(),
      skewMs: this.#skewMs,
      running: this.#life !== undefined,
    }
  }

  /** Goes on with the state that the region was made with. */
  async begin(): Promise<void> {
    if (this.#starting) await this.start()
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return
    const { self, regions, time, api } = this.#options
    const { handlers = {}, receivers = {}, dataStreams = {}, buckets, ...settings } = this.#options.settings
    const clock = new ProcessClock(this.clock, 0)
    const store = new MemoryStore({ disk: this.#disk, durable: () => time.sleep(0) })
    const blobs = new MemoryBlobs({ shelf: this.#shelf, before: () => time.sleep(0) })
    const life: Life = { clock, store, groupStores: [], blobs, running: undefined }
    this.#life = life
    const functions = {
      functions: new MemoryFunctions(handlers, clock),
      destinations: new MemoryDestinations(receivers),
      dataStreams: new MemoryDataStreams(dataStreams),
    }
    // What a killed process has asked of a bucket never takes effect.
    const before = async (): Promise<void> => {
      await time.sleep(0)
      if (this.#life !== life) await new Promise<never>(() => {})
    }
    const copies = buckets === undefined ? {} : { copies: { buckets: new MemoryBuckets({ buckets, before }), packing } }
    const points = new MetricStore({ env: { clock, log: this.#options.log }, blobs })
    const metrics = { store: points, blobs, isEager: false }
    const env = this.#env(life, points)
    const own = { groups: this.#groups(life, env), ...ownPorts(api, self.name) }
    const parts = { topology: { self, regions }, streams, functions, metrics, ...own }
    const region = await startRegion(env, { ...parts, ...copies, ...settings })
    if (this.#life !== life) return
    const pipeline = apiPipeline({
      ...api,
      context: region.context,
      lambda: region.lambda,
      ...partsOf(region),
      services: [...region.services, ...(api.services ?? [])],
      onBrokenInvariant: (error) => time.fail(error),
    })
    const answer: Pipeline = (request, requestId, done) => {
      time.admit()
      // What a change of tables leads to at once has happened when it is answered.
      const rested = async (given: Answer): Promise<void> => {
        await time.rest()
        done(given)
      }
      pipeline(request, requestId, (given) => {
        env.meter.count('longitude_requests_total', { operation: given.operation, outcome: given.outcome })
        if (isControl(request)) void rested(given)
        else done(given)
      })
    }
    life.running = { region, answer }
  }

  /** As by kill -9: what was not durable is lost, and no request in flight is answered. */
  kill(): void {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.clock.crash()
    for (const store of [life.store, ...life.groupStores]) store.crash()
    life.blobs.crash()
    this.#options.network.node(this.name)?.crash()
    this.#options.quorums.crash(this.name)
    const told = [...this.#onKilled]
    this.#onKilled.clear()
    for (const work of told) work()
  }

  #groups(life: Life, { random }: Env): GroupPorts {
    return {
      storeOf: (group, number, isNew) => Promise.resolve(this.#groupStore(life, `${group} ${number}`, isNew)),
      seal: new AesKeySeal(random),
    }
  }

  #groupStore(life: Life, group: string, isNew: boolean): MemoryStore {
    const { time } = this.#options
    const disk = (isNew ? undefined : this.#groupDisks.get(group)) ?? new MemoryDisk()
    this.#groupDisks.set(group, disk)
    const store = new MemoryStore({ disk, durable: () => time.sleep(0) })
    life.groupStores.push(store)
    return store
  }

  #env({ store, clock, blobs }: Life, metrics: MetricStore): Env {
    const { network, quorums, log } = this.#options
    const bus = network.join(this.name)
    const quorum = quorums.join(this.name)
    const meter = new Collector(nothingMeasured, { clock, store: metrics })
    return { clock, random: this.#random.fork(), store, bus, quorum, blobs, log, meter }
  }
}

const ownPorts = ({ keysOf, identitiesOf }: ApiSettings, region: string) => ({
  keys: keysOf?.(region),
  identities: identitiesOf?.(region),
})

const copied = (disks: ReadonlyMap<string, MemoryDisk>): Map<string, MemoryDisk> =>
  new Map([...disks].map(([group, disk]) => [group, disk.copy()]))

const partsOf = ({ faults, insights, evacuation, positions }: Region) => ({ faults, insights, evacuation, positions })

function isControl({ headers }: ApiRequest): boolean {
  const target = String(headers['x-amz-target'])
  return registry.get(target.slice(target.indexOf('.') + 1))?.kind === 'control'
}

export function freshRegion(random: SeededRandom): RegionState {
  return {
    disk: new MemoryDisk(),
    groupDisks: new Map(),
    shelf: new BlobShelf(),
    random: random.fork().state(),
    skewMs: 0,
    running: true,
  }
}
