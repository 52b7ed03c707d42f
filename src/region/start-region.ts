/**
 * A region, put together from an environment: engine, readers, caretaker and server, in one ordered list of things that start and stop. The
 * node, the simulator and the tests all start their regions here. It chooses no adapter.
 *
 * Starting goes from the disk outwards, so that a request finds everything there. Stopping goes inwards: what was accepted is answered, and nothing
 * writes to a store that is closed.
 */
import { logPositionsMax } from '../core/limits/limits.ts'
import { type Timing, timings } from '../core/table/waits.ts'
import { peersOf, type Topology } from '../core/topology.ts'
import type { Engine } from '../engine/engine.ts'
import { openEngine } from '../engine/open-engine.ts'
import type { RunningServer, ServerOptions } from '../http/server.ts'
import type { LambdaContext } from '../operations/lambda/lambda-operation.ts'
import { Faults } from '../operations/faults/faults.ts'
import { Insights } from '../operations/insights/insights.ts'
import type { OperationContext } from '../operations/operation.ts'
import type { ServiceEntry } from '../operations/service-entry.ts'
import { Caretaker } from '../operations/tables/caretaker.ts'
import type { Env } from '../ports/env.ts'
import type { PeerArchives } from '../ports/peer-archives.ts'
import type { Service } from '../ports/service.ts'
import type { SharedIdentities } from '../ports/shared-identities.ts'
import { archiveServices, type ArchiveSettings, type Copying } from '../readers/archive/archive-services.ts'
import { Lender } from '../readers/archive/lender.ts'
import { Expiry, type ExpirySettings } from '../readers/expiry/expiry.ts'
import type { Deciding } from '../core/change/cache-talk.ts'
import { identityExchange } from '../readers/identities/identity-exchange.ts'
import { type Invalidator, invalidator } from '../readers/invalidator/invalidator.ts'
import { type Replication, replicationOf } from '../readers/replication/renewing.ts'
import { TableKeys, type TableKeyPorts } from '../readers/keys/table-keys.ts'
import type { ReplicationSettings } from '../readers/replication/settings.ts'
import type { StreamingDestinations } from '../readers/triggers/streaming-destinations.ts'
import { streamKeeper, type StreamSettings, usualStreams } from '../readers/sweepers/change-streams.ts'
import { damagedRecords } from '../readers/sweepers/damaged-records.ts'
import { diskProbe } from '../readers/sweepers/disk-probe.ts'
import { registerSweeper } from '../readers/sweepers/gone-registers.ts'
import { type SweeperPace, tombstoneSweeper } from '../readers/sweepers/tombstones.ts'
import { arnsOfCopies, type CopyPorts, noBuckets } from './copies.ts'
import { Evacuation } from './evacuation.ts'
import { type FunctionPorts, lambdaOf, noFunctions, streamingOf } from './lambda.ts'
import { Positions } from './positions.ts'
import { Lifecycle } from './lifecycle.ts'
import { metricsOf, type MetricSettings } from './metric-services.ts'
import { RoutedEngine } from './strong/routed-engine.ts'
import { type GroupPorts, type Strong, strongOf } from './strong/strong.ts'

export type RegionOptions = {
  readonly topology: Topology
  /** As in ARNs; twelve zeros by default. */
  readonly accountId?: string
  /** Serve the operations of version 2017.11.29, which AWS refuses by now; false by default. */
  readonly globalTables2017?: boolean
  /** How long states last, and how long changes must wait: `timings.instant` by default; read whenever it is needed. */
  readonly timing?: Timing
  readonly onBrokenInvariant?: (error: Error) => void
  /** An engine that is open on `env.store` already. The region closes it. */
  readonly engine?: Engine
  /** Returns the engine that readers and operations see in the place of this one; the simulator looks over it. */
  readonly observe?: (engine: Engine) => Engine
  /** Services that need the engine, and that the readers need: they start before, and stop after, all readers. */
  readonly before?: readonly Service[]
  readonly replication?: ReplicationSettings
  readonly sweeping?: SweeperPace
  readonly streams?: StreamSettings
  /** Shards of every change stream; by the capacity of their tables where not given. */
  readonly streamShards?: number | undefined
  /** When expired items are deleted; as in readers/expiry unless said otherwise. */
  readonly expiry?: ExpirySettings
  /** What triggers may invoke, and where they report to; none by default. */
  readonly functions?: FunctionPorts
  /** Where exports go and imports come from; no bucket is known by default. */
  readonly copies?: CopyPorts
  /** How the log is archived; as in readers/archive unless said otherwise. */
  readonly archive?: ArchiveSettings
  /** Keys of tables; none by default, and encryption of tables is described only. */
  readonly keys?: TableKeyPorts | undefined
  /** Identities that regions share; none by default. */
  readonly identities?: SharedIdentities | undefined
  /** What tables with strong consistency between regions need beside a quorum in the environment; none by default. */
  readonly groups?: GroupPorts | undefined
  /** Where nodes take turns in leading the region: resolves once it is known that no other one led at the moment of the call. */
  readonly latest?: (() => Promise<void>) | undefined
  /** Metrics and alarms, and CloudWatch before them; none by default. */
  readonly metrics?: MetricSettings
}

type ApiParts = ReturnType<typeof apiParts>

/** What the server of a region is started with; the context comes from the region. */
export type RegionServerOptions = Omit<ServerOptions, 'context' | 'lambda' | keyof ApiParts>

export type Region = {
  readonly env: Env
  readonly engine: Engine
  readonly replication: Replication
  readonly expiry: Expiry
  readonly invalidator: Invalidator
  readonly context: OperationContext
  readonly lambda: LambdaContext
  /** What is broken of the API on purpose. */
  readonly faults: Faults
  /** Which keys are accessed and throttled, of tables whose insights are enabled. */
  readonly insights: Insights
  readonly evacuation: Evacuation
  readonly positions: Positions
  /** Services of AWS beside DynamoDB and Lambda. */
  readonly services: readonly ServiceEntry[]
  /** Sets the gauges of what it is to be asked for. */
  measure(): Promise<void>
  /** Serves the API: once, when everything else runs. `others` resolves when other processes have given back what they had of it. */
  serve(options: RegionServerOptions, others?: () => Promise<unknown>): Promise<RunningServer>
  /** True once the region is stopping. */
  readonly stopping: boolean
  /** Ends everything in the reverse order of its start. The store and the bus stay open: they are the caller's. */
  stop(): Promise<void>
}

/** Rejects with the error of what could not start; everything before it is stopped by then. */
export async function startRegion(env: Env, options: RegionOptions): Promise<Region> {
  const life = new Lifecycle()
  try {
    return await startParts(env, options, life)
  } catch (error) {
    await life.undo()
    throw error
  }
}

async function startParts(env: Env, options: RegionOptions, life: Lifecycle): Promise<Region> {
  const { topology } = options
  const { opened, engine, settings, caretaker } = await engineOf(env, options, life)
  // Operations see the engines of all groups as one with the region's own.
  const strong = strongFrom({ env, engine, options, settings, replication: () => replication })
  const seen = strong === undefined ? engine : new RoutedEngine(engine, strong.regions.engines)
  const lender = new Lender({ env, engine, tables: seen, ofGroup: strong?.lend })
  const holding = { all: false }
  const replication = replicationOf(env, engine, topology, replicationSettings(options, lender, holding))
  await life.start(replication)
  if (strong !== undefined) await life.start(strong.regions)
  const caches = invalidator(env, engine)
  const hears = (peer: string): boolean => replication.hears(peer)
  const expiry = new Expiry({ env, engine, topology, hears, settings: options.expiry })
  const { sweeping, streams = usualStreams } = options
  const loops = loopsOf({ env, engine, opened, replication, sweeping, streams, options })
  const archives = peerArchives(replication)
  const { keys, latest } = options
  const shared = { env, settings, archives, keys: keys?.service, latest, strong: strong?.regions }
  const context: OperationContext = { ...shared, engine: seen }
  const copies = archiveServices({ env, engine, archives, copying: copyingOf(options, context) }, options.archive)
  const api = apiParts({ env, engine, opened, replication, settings })
  const { lambda, streaming } = sendingOf(options, context, engine)
  const measure = async (): Promise<void> => {
    strong?.regions.measure()
    await measured(env, { lambda, replication, streaming, ...api })
  }
  const measuring = { env, engine, context, ports: lambda, measure, api, caches: () => caches.caches() }
  const metrics = options.metrics && metricsOf(options.metrics, measuring)
  const services = metrics?.services ?? []
  const senders = [lambda.triggers, streaming, ...(metrics?.loops ?? [])]
  await startAll([...loops, expiry, caches, ...copies, caretaker, ...senders], life)
  // They let go of the log as they stop, one after another, and come back to where they were.
  holding.all = true
  life.add(() => (holding.all = false))
  const parts = { env, engine, replication, expiry, invalidator: caches, context, lambda, services, measure }
  return regionOf({ parts, api, latest: options.latest }, life)
}

type Parts = {
  readonly parts: Omit<Region, keyof ApiParts | 'serve' | 'stopping' | 'stop'>
  readonly api: ApiParts
  readonly latest: RegionOptions['latest']
}

function regionOf({ parts, api, latest }: Parts, life: Lifecycle): Region {
  const { context, lambda, replication, invalidator: caches, services } = parts
  let stopping = false
  return {
    ...parts,
    ...api,
    serve: async (server, others) => {
      // Writes that an older copy of the store takes come after those that peers have of the region.
      // Those of several nodes know from their order which store is the latest.
      if (latest === undefined) await replication.checked()
      caches.decides(decidingOf(server))
      const all = [...services, ...(server.services ?? [])]
      return await served({ ...server, context, lambda, ...api, services: all }, { life, others })
    },
    get stopping() {
      return stopping
    },
    stop: async () => {
      stopping = true
      await life.stop()
    },
  }
}

/** The engine, with what has to be there before anything reads its log. */
async function engineOf(env: Env, options: RegionOptions, life: Lifecycle) {
  const opened = options.engine ?? (await openEngine(env, options))
  const engine = options.observe?.(opened) ?? opened
  const settings = settingsOf(options)
  const caretaker = caretakerOf({ engine, env, settings })
  // What the caretaker has in flight ends when the engine closes.
  life.add(() => caretaker.ended())
  life.add(() => opened.close())
  await startAll([...tableKeys(env, engine, options, settings), ...(options.before ?? [])], life)
  return { opened, engine, settings, caretaker }
}

type StrongParts = Omit<ApiDeps, 'opened' | 'replication'> & {
  readonly options: RegionOptions
  readonly replication: () => Replication
}

function strongFrom({ env, engine, options, settings, replication }: StrongParts): Strong | undefined {
  const { topology, groups, functions, streams = usualStreams, sweeping, streamShards, onBrokenInvariant } = options
  if (groups === undefined) return undefined
  return strongOf({
    env,
    main: engine,
    topology,
    ports: groups,
    timing: () => settings.timing,
    sweeping,
    streams,
    archive: options.archive,
    streaming: (of) => streamingOf({ env, settings }, of, functions?.dataStreams),
    engineOptions: { streamShards, ...(onBrokenInvariant === undefined ? {} : { onBrokenInvariant }) },
    peers: () => peerArchives(replication()),
  })
}

/** As a reply to a cache says it (http/marking.ts). */
function decidingOf({ access, credentials }: RegionServerOptions): Deciding {
  if (access?.mode === 'strict') return 'policed'
  return credentials === undefined ? 'open' : 'verified'
}

function tableKeys(env: Env, engine: Engine, { keys }: RegionOptions, settings: OperationContext['settings']) {
  if (keys === undefined) return []
  const { accountId } = settings
  const timing = (): Timing => settings.timing
  return [
    new TableKeys({
      ...keys,
      env,
      engine,
      accountId,
      get timing() {
        return timing()
      },
    }),
  ]
}

const copyingOf = ({ copies = noBuckets }: RegionOptions, context: OperationContext): Copying => ({
  ...copies,
  arnsOf: arnsOfCopies(context),
})

type ApiDeps = Pick<Loops, 'env' | 'engine' | 'opened' | 'replication'> & Pick<OperationContext, 'settings'>

function apiParts({ env, engine, opened, replication, settings }: ApiDeps) {
  return {
    demand: engine.pace.demand,
    faults: new Faults(env, opened.former),
    insights: new Insights({ env, engine, settings }),
    evacuation: new Evacuation(opened, env),
    positions: new Positions({ engine, replication, settings, clock: env.clock }),
  }
}

type Serving = { readonly life: Lifecycle; readonly others: (() => Promise<unknown>) | undefined }

async function served(options: ServerOptions, { life, others }: Serving): Promise<RunningServer> {
  // A region without a server, as of the embedded cluster, does not load one.
  const { startServer } = await import('../http/server.ts')
  const running = await startServer(options)
  life.add(() => running.close(others?.()))
  // Requests that they hold are answered before the server ends.
  life.add(() => void options.faults?.clear())
  return running
}

function caretakerOf({ engine, env, settings }: OperationContext & { readonly engine: Engine; readonly env: Env }) {
  return new Caretaker({
    engine,
    env,
    region: settings.region,
    get timing() {
      return settings.timing
    },
  })
}

async function startAll(services: readonly Service[], life: Lifecycle): Promise<void> {
  for (const service of services) await life.start(service)
}

/** What sends change streams to functions, and to data streams. */
function sendingOf({ functions = noFunctions }: RegionOptions, context: OperationContext, engine: Engine) {
  return {
    lambda: lambdaOf(context, engine, functions),
    streaming: streamingOf(context, engine, functions.dataStreams),
  }
}

type Measured = Pick<Region, 'lambda' | 'replication' | 'evacuation'> & { readonly streaming: StreamingDestinations }

async function measured({ meter }: Env, of: Measured): Promise<void> {
  const { lambda, replication, evacuation, streaming } = of
  meter.gauge('longitude_evacuation_fenced', evacuation.fence === undefined ? 0 : 1)
  lambda.triggers.measure()
  streaming.measure()
  await replication.measure()
}

/** Other regions of the deployment, as they answer by replication's sessions. */
const peerArchives = (replication: Replication): PeerArchives => ({
  ask: async (region, question) => JSON.parse(await replication.askAside(region, 'archive', JSON.stringify(question))),
})

function exchangeOf(env: Env, { identities, topology }: RegionOptions, replication: Replication): readonly Service[] {
  if (identities === undefined) return []
  const peers = (): readonly string[] => peersOf(topology).map(({ name }) => name)
  const ask = (peer: string, question: string): Promise<string> => replication.askAside(peer, 'identities', question)
  return [identityExchange({ env, shared: identities, peers, ask })]
}

/** `holding`: whether all readers have their holds on the log. */
function replicationSettings(
  options: RegionOptions,
  lender: Lender,
  holding: { readonly all: boolean },
): ReplicationSettings {
  const { replication = { logPositionsMax }, identities } = options
  return {
    ...replication,
    mayTrim: () => holding.all && replication.mayTrim?.() !== false,
    archive: (question, asker) => lender.answer(question, asker),
    ...(identities === undefined ? {} : { identities: async (question) => identities.answer(question) }),
    get leftovers() {
      return replication.leftovers
    },
    get timing() {
      return options.timing ?? timings.instant
    },
  }
}

function settingsOf(options: RegionOptions): OperationContext['settings'] {
  const { topology, accountId = '000000000000', globalTables2017 = false, streams = usualStreams } = options
  return {
    accountId,
    globalTables2017,
    region: topology.self.name,
    get regions() {
      return topology.regions.map(({ name }) => name)
    },
    get timing() {
      return options.timing ?? timings.instant
    },
    streamRetentionMs: streams.retentionMs,
  }
}

type Loops = {
  readonly env: Env
  readonly engine: Engine
  /** The engine that the region closes. */
  readonly opened: Engine
  readonly replication: Replication
  readonly sweeping: SweeperPace | undefined
  readonly streams: StreamSettings
  readonly options: RegionOptions
}

function loopsOf({ env, engine, opened, replication, sweeping, streams, options }: Loops): readonly Service[] {
  return [
    streamKeeper(env, engine, streams),
    tombstoneSweeper(env, engine, (table) => replication.horizon(table), sweeping),
    registerSweeper(env, engine, (table) => replication.registerHorizon(table), sweeping),
    diskProbe(env, opened),
    damagedRecords(env, { engine, repair: (table) => replication.repair(table) }),
    ...exchangeOf(env, options, replication),
  ]
}
