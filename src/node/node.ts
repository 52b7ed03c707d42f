/**
 * One region's node, put together: the only place that chooses adapters and starts the loops. Starting goes from the disk
 * outwards, so that a request finds everything there; stopping goes inwards, so that whatever was accepted is answered and
 * nothing writes to a store that is closed. The bus may be away at any time, from the start on: the region serves.
 */
import { type TimingName, timings } from '../core/table/waits.ts'
import { existsSync } from 'node:fs'
import { systemClock } from '../adapters/system/clocks.ts'
import { packing } from '../adapters/packing/packing.ts'
import { NatsBus } from '../adapters/nats/nats-bus.ts'
import type { PrometheusMeter } from '../adapters/metrics/prometheus-meter.ts'
import { watchTurns } from '../adapters/system/turn-watch.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { logPositionsMax } from '../core/limits.ts'
import type { Region as RegionName, Topology } from '../core/topology.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/open-engine.ts'
import { newTicketKeys, type PortCertificate } from '../http/secure.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import type { Buckets } from '../ports/buckets.ts'
import type { Env } from '../ports/env.ts'
import { bucketsOf } from './buckets/mapped-buckets.ts'
import type { Log } from '../ports/log.ts'
import type { AccessMode } from '../operations/access/authorizer.ts'
import { type CapacitySettings, isCounted } from '../operations/capacity/admission.ts'
import { Lifecycle } from '../region/lifecycle.ts'
import type { Meter } from '../ports/meter.ts'
import type { FunctionPorts } from '../region/lambda.ts'
import type { MetricSettings } from '../region/metrics.ts'
import { type Region, type RegionOptions, startRegion } from '../region/start-region.ts'
import type { ReplicationSettings } from '../readers/replication/settings.ts'
import { openAudit } from './audit-file.ts'
import { refuseContradictions } from './contradictions.ts'
import type { Audit } from '../ports/audit.ts'
import { accessParts } from './identity-services.ts'
import { kmsServices, openKeys } from './key-services.ts'
import type { Kms } from '../operations/kms/kms.ts'
import { adminRoutes } from './admin/admin.ts'
import { openPrivateListener } from './private-listener.ts'
import { type NodeFiles, quorumOf } from './quorum.ts'
import { type WatchedAccess, watchAccess } from '../deployment/secrets/identities.ts'
import type { NatsAccess } from '../deployment/secrets/nats-access.ts'
import { tightenFolder } from '../process/private-files.ts'
import type { RegionEntry } from '../deployment/regions.ts'
import { readinessOf } from './readiness.ts'
import { clockOf, expiryOf, streamSettings } from './region-settings.ts'
import type { DataKeys } from './store/data-keys.ts'
import { encryptedBus } from './store/encryption.ts'
import { groupsOf } from './store/group-stores.ts'
import { openOwnEngine, type Recovery } from './store/own-engine.ts'
import { RegionStore } from './store/region-store.ts'
import { FolderKeys } from '../deployment/secrets/message-keys.ts'
import { measureAll, measuring, metricsOf } from './measuring.ts'
import { nameTurns } from './named-turns.ts'
import { exportMetrics, type Observing, observing } from './observing/observing.ts'
import { type Peer, type TopologyWatch, watchTopology } from './topology-watch.ts'
import { type ShownCertificate, watchCertificates } from '../deployment/secrets/certificate-watch.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { messageOf } from '../process/failure.ts'
import { portFailure } from '../process/port-failure.ts'
import { scrubStore, type StoreScrub } from './store/store-scrub.ts'
import { watchStoreFolder } from './store/store-watch.ts'
import type { RegionsTold } from './workers/messages.ts'
import { Workers } from './workers/workers.ts'

export type NodeOptions = NodeFiles & {
  readonly self: RegionName
  /** Told by flag: they stay. */
  readonly peers: readonly Peer[]
  /** What is known of regions now, asked again and again. */
  readonly readRegions: () => readonly RegionEntry[]
  readonly host: string
  readonly port: number
  /** Whose pages and which names are served; see http/access/visitors.ts. */
  readonly visitors?: VisitorOptions
  /** What /admin/ asks for; refused without. */
  readonly adminToken?: string
  /** The store is in a folder below it. */
  readonly data: string
  /** Address of this region's own NATS server. */
  readonly nats: string
  readonly natsAccess: NatsAccess
  /** Until then messages of version 0.1.0 are taken. */
  readonly admitUnsignedUntilMs?: number | undefined
  /** Of the endpoint: HTTPS. */
  readonly tls?: PortCertificate | undefined
  readonly loopbackPort?: number | undefined
  /** Watched for their ends. */
  readonly certificates?: readonly ShownCertificate[]
  readonly accountId: string
  readonly globalTables2017?: 'refuse' | 'serve'
  /** Whether a write is refused that did not know of another region's write of its item. */
  readonly mrscConflicts?: 'refuse' | 'off'
  /** Processes that serve, this one among them. */
  readonly workers?: number | undefined
  /** Files of them: signatures are verified, and `identities` have policies too. */
  readonly credentials?: string | undefined
  readonly identities?: string | undefined
  /** What the policies decide; `off` unless given. */
  readonly access?: 'off' | AccessMode
  /** The file of the audit log. */
  readonly auditLog?: string | undefined
  readonly auditData?: boolean
  readonly privateListen?: string | undefined
  readonly privatePolicy?: string | undefined
  readonly privateId?: string | undefined
  /** Regions beside its own that a signature may be for. */
  readonly signedFor?: readonly string[] | undefined
  /** Where clients reach the other regions, by region. */
  readonly peerEndpoints?: Readonly<Record<string, string>>
  readonly timing?: TimingName
  readonly capacity?: CapacitySettings | undefined
  readonly streamShards?: number | undefined
  readonly streamRollMs?: number | undefined
  readonly streamRetentionBytes?: number | undefined
  /** The file of functions. */
  readonly functions?: string | undefined
  /** Where buckets are, and where in them backups lie; beside the store where not given. */
  readonly s3?: string | undefined
  readonly backups?: string | undefined
  /** Seconds; as in readers/expiry unless said otherwise. */
  readonly ttlDelay?: number
  readonly ttlGrace?: number
  /** Told of requests beside the metrics. */
  readonly slow?: number | undefined
  readonly otlp?: string | undefined
  readonly otlpShare?: number
  /** Where a drill may say that the wall clock is wrong. */
  readonly clockFile?: string | undefined
  readonly log: Log
  readonly onBrokenInvariant: (error: Error) => void
  /** The store's folder was removed: what is written from now on is lost when this process ends. */
  readonly onStoreGone: (reason: string) => void
  /** Pages of the store changed on the disk while this node ran: its next start repairs that. */
  readonly onStoreDamaged: (reason: string) => void
  /** The start takes longer, and goes on. */
  readonly onProgress?: () => void
}

export type RunningNode = { readonly url: string; close(): Promise<void> }

/** A node that lives so long does not die of its store. */
const steadyMs = 60_000

/** Rejects with a Failure when the folder or the port cannot be had; whatever was started by then is stopped. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  refuseContradictions(options)
  const life = new Lifecycle()
  try {
    const url = await startParts(options, life)
    return { url, close: async () => await life.stop() }
  } catch (error) {
    await life.undo()
    throw portFailure(error, options)
  }
}

/** Registers in `life` each part as soon as it runs. Returns the endpoint. */
async function startParts(options: NodeOptions, life: Lifecycle): Promise<string> {
  const { self, log } = options
  const watch = regionsWatch(options)
  const { topology } = watch
  const access = watchAccess(options, log)
  life.add(() => access.stop())
  if (existsSync(options.data)) tightenFolder(options.data)
  const { kms, encryption, dataKeys, tableKeys, regionStore } = await storeOf(options, life)
  const clock = clockOf(options)
  const { prometheus, metrics, meter } = measuring(options, clock, encryption)
  const { folder } = regionStore
  const natsBus = natsBusOf(options, watch)
  life.add(() => natsBus.close())
  const messageKeys = messageKeysOf(options)
  const bus = encryptedBus(natsBus, { self: self.name, keys: messageKeys, encrypts: encryption !== undefined })
  const { buckets, blobs: plainBlobs } = bucketsOf(options, life)
  const blobs = encryption?.blobs(plainBlobs) ?? plainBlobs
  const shared = quorumOf(options, { topology, meter, life })
  const around = { clock, random: systemRandom, bus, blobs, log, meter, ...shared }
  const opened = await openOwnEngine(regionStore, around, engineOptions(options, topology, folder))
  const { store, env, engine, recovery } = opened
  life.add(() => regionStore.steady())
  life.add(() => env.store.close())
  life.add(watchStoreFolder(folder, options.onStoreGone))
  const scrub = scrubStore(folder, store.scrub(), options.onStoreDamaged)
  life.add(() => scrub.stop())
  const turns = watchTurns({ meter, log })
  life.add(() => turns.stop())
  nameTurns(engine, turns)
  const functions = await functionsOf(options, life)
  const asked = { audit: openAudit(options, clock, life), privately: openPrivateListener(options, life) }
  const requests = { region: self.name, epoch: () => engine.epoch, clock, random: systemRandom, log, meter }
  const told = observing(options, requests)
  const secrets = { ...tableKeys, identities: access.shared, groups: groupsOf(options, dataKeys, life) }
  const given = { topology, engine, metrics, recovery, messageKeys, buckets, functions, told, secrets }
  const region = await startedRegion(env, options, given)
  life.add(() => region.stop())
  life.add(
    watch.start((changed) => {
      for (const [name, url] of changed) natsBus.setPeer(name, url === undefined ? url : options.natsAccess.peer(url))
      region.replication.topologyChanged()
    }),
  )
  life.add(watchCertificates(options.certificates ?? [], env))
  const parts = { region, dataKeys, watch, meter, prometheus, folder, scrub, recovery, access, ...asked, kms, told }
  life.add(exportMetrics(told.exporter, { prometheus, clock, measure: async () => await measureAll(parts) }))
  const url = await serve(options, parts)
  functions?.listensAt(url)
  life.add(steadyLater(regionStore))
  return url
}

type Given = Pick<RegionOptions, 'topology'> & {
  readonly metrics: MetricSettings
  readonly functions: FunctionPorts | undefined
  readonly engine: Engine
  readonly recovery: Recovery
  readonly messageKeys: FolderKeys | undefined
  readonly buckets: Buckets
  readonly told: Observing
  readonly secrets: Pick<RegionOptions, 'keys' | 'identities' | 'groups'>
}

async function startedRegion(env: Env, options: NodeOptions, given: Given): Promise<Region> {
  const { topology, engine, metrics, recovery, messageKeys, buckets, functions, told, secrets } = given
  return await startRegion(env, {
    topology,
    engine,
    ...(told.tracing === undefined ? {} : { observe: told.tracing.watching }),
    accountId: options.accountId,
    globalTables2017: options.globalTables2017 === 'serve',
    timing: timings[options.timing ?? 'instant'],
    streams: streamSettings(options),
    expiry: expiryOf(options),
    ...(functions === undefined ? {} : { functions }),
    copies: { buckets, packing },
    before: [recovery],
    ...secrets,
    metrics,
    replication: replicationOf(options, messageKeys, recovery),
  })
}

async function storeOf(options: NodeOptions, life: Lifecycle) {
  const { data, log, onProgress = () => undefined } = options
  const opened = await openKeys(options, life)
  return { ...opened, regionStore: new RegionStore({ data, log, onProgress, keys: opened.dataKeys }) }
}

function natsBusOf({ self, natsAccess, nats, log }: NodeOptions, { addresses }: TopologyWatch): NatsBus {
  const peers = Object.fromEntries([...addresses].map(([name, url]) => [name, natsAccess.peer(url)]))
  return new NatsBus({ region: self.name, own: natsAccess.own(nats), peers, log })
}

function steadyLater(regionStore: RegionStore): () => void {
  const steady = setTimeout(() => regionStore.steady(), steadyMs).unref()
  return () => clearTimeout(steady)
}

/** They end after the region, which invokes them. */
async function functionsOf({ functions: path, self, log }: NodeOptions, life: Lifecycle) {
  if (path === undefined) return undefined
  const { openFunctions } = await import('./functions/open-functions.ts')
  const functions = openFunctions(path, { region: self.name, log })
  life.add(() => functions.stop())
  return functions
}

function regionsWatch({ self, log, peers, peerEndpoints = {}, readRegions }: NodeOptions): TopologyWatch {
  return watchTopology({ self, fixed: peers, fixedEndpoints: peerEndpoints, read: readRegions, log })
}

function replicationOf(options: NodeOptions, keys: FolderKeys | undefined, recovery: Recovery): ReplicationSettings {
  return {
    logPositionsMax,
    keys,
    admitUnsignedUntilMs: options.admitUnsignedUntilMs,
    get leftovers() {
      return recovery.leftovers
    },
  }
}

function engineOptions(options: NodeOptions, topology: Topology, folder: string): EngineOptions {
  const rest = `the node stops, and its next start moves the store in ${folder} away and fills a new one from its peers`
  return {
    topology,
    streamShards: options.streamShards,
    onBrokenInvariant: options.onBrokenInvariant,
    onDamagedLog: (error) => options.onStoreDamaged(`${messageOf(error)}; ${rest}`),
    onProgress: options.onProgress,
  }
}

/** Throws a Failure where the region's own key cannot be read. */
function messageKeysOf({ messageKeysFolder: folder, self, log }: NodeOptions): FolderKeys | undefined {
  if (folder !== undefined) return new FolderKeys({ folder, self: self.name, clock: systemClock, log })
  log.warn('messages between regions are not signed: any program that reaches a NATS server can speak for its region', {
    advice: 'start the node with --message-keys, as `longitude up` does',
  })
  return undefined
}

type Served = {
  readonly region: Region
  /** What the store is encrypted with. */
  readonly dataKeys: DataKeys | undefined
  readonly watch: TopologyWatch
  readonly meter: Meter
  readonly prometheus: PrometheusMeter
  readonly folder: string
  readonly scrub: StoreScrub
  readonly recovery: Recovery
  readonly access: WatchedAccess
  readonly audit: Audit | undefined
  readonly privately: ReturnType<typeof openPrivateListener>
  readonly kms: Kms | undefined
  readonly told: Observing
}

function regionsTold({ watch, region }: Served): RegionsTold {
  return {
    names: watch.topology.regions.map(({ name }) => name),
    endpoints: Object.fromEntries(watch.endpoints),
    standsInFor: region.evacuation.standsInFor.map((each) => each.region),
  }
}

/** Starts the server, and the workers behind it. Returns the endpoint. */
async function serve(options: NodeOptions, served: Served): Promise<string> {
  const { self, log, visitors = {}, signedFor = [], accountId, host } = options
  const { region, watch, meter, folder, scrub, recovery, access, dataKeys, kms, told } = served
  const { engine, replication, invalidator, expiry, faults, evacuation } = region
  const count = (options.workers ?? 1) - 1
  const secure = { tls: options.tls, ticketKeys: options.tls === undefined ? undefined : newTicketKeys() }
  const workers = new Workers({
    count,
    start: { folder, region: self, accountId, ...workersTold(options), signedFor, visitors, host },
    dataKeys,
    secure,
    regions: () => regionsTold(served),
    faults,
    log,
    meter,
    onFailed: (message, record) => {
      if (record !== undefined) engine.damage.recheck(record)
      scrub.suspect(new Error(message))
    },
  })
  const trouble = (): string | undefined =>
    region.stopping ? 'it is stopping' : (engine.trouble()?.reason ?? replication.halted)
  const server = await region.serve(
    {
      ...listenOf(options),
      ...secure,
      endpointOf: (name) => watch.endpoints.get(name),
      ...accessParts(options.access, access, { others: kmsServices(kms), privately: served.privately }),
      audit: served.audit,
      observer: told.observer,
      ...(count > 0 ? { distribute: workers.distribute } : {}),
      readiness: () => readinessOf(self.name, trouble(), { damage: recovery.notice(), replication, evacuation }),
      metrics: () => metricsOf(served),
      admin: adminRoutes({
        engine,
        replication,
        topology: watch.topology,
        context: region.context,
        invalidator,
        expiry,
        triggers: region.lambda.triggers,
        faults,
        evacuation,
        damage: () => recovery.notice(),
      }),
      onBrokenInvariant: options.onBrokenInvariant,
      onFailed: scrub.suspect,
    },
    // Workers still forward requests, and hand over connections: the server is there until they have ended.
    () => workers.stop(),
  )
  await workers.start(server)
  return server.url
}

function listenOf({ host, port, loopbackPort, visitors = {}, signedFor = [], capacity, adminToken }: NodeOptions) {
  return {
    host,
    port,
    loopbackPort,
    connectionsMax: connectionsAffordable(),
    visitors,
    signedFor,
    ...(capacity === undefined ? {} : { capacity }),
    ...(adminToken === undefined ? {} : { adminToken }),
  }
}

const workersTold = ({ credentials, identities, access = 'off', capacity, slow, otlp, otlpShare }: NodeOptions) => {
  const countsCapacity = isCounted(capacity)
  return { credentials, identities, access, countsCapacity, observing: { slow, otlp, otlpShare } }
}
