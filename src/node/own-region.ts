/** The region that a node runs on its store, and what its server is started with. */
import { threadedPacking } from '../adapters/packing/threaded-packing.ts'
import type { PrometheusMeter } from '../adapters/metrics/prometheus-meter.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { restWhenIdle } from '../adapters/system/idle-heap.ts'
import { watchTurns } from '../adapters/system/turn-watch.ts'
import { logPositionsMax } from '../core/limits/limits.ts'
import { timings } from '../core/table/waits.ts'
import type { Topology } from '../core/topology.ts'
import { watchCertificates } from '../deployment/secrets/certificates/certificate-watch.ts'
import type { WatchedAccess } from '../deployment/secrets/identities/watched-access.ts'
import type { FolderKeys } from '../deployment/secrets/keys/message-keys.ts'
import type { Engine } from '../engine/engine.ts'
import type { EngineOptions } from '../engine/open-engine.ts'
import { newTicketKeys } from '../http/secure.ts'
import type { Kms } from '../operations/kms/kms.ts'
import type { Audit } from '../ports/audit.ts'
import type { Env } from '../ports/env.ts'
import type { Meter } from '../ports/meter.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { messageOf } from '../process/failure.ts'
import type { ReplicationSettings } from '../readers/replication/settings.ts'
import type { FunctionPorts } from '../region/lambda.ts'
import type { Lifecycle } from '../region/lifecycle.ts'
import type { GroupPorts } from '../region/strong/strong.ts'
import { type Region, type RegionOptions, type RegionServerOptions, startRegion } from '../region/start-region.ts'
import { adminRoutes } from './admin/admin.ts'
import type { Around, Environment } from './around.ts'
import { openAudit } from './audit-file.ts'
import type { OpenFunctions } from './functions/open-functions.ts'
import { accessParts } from './identity-services.ts'
import { kmsServices } from './key-services.ts'
import { measureAll, metricsOf } from './measuring.ts'
import { nameTurns } from './named-turns.ts'
import type { NodeOptions } from './node-options.ts'
import { exportMetrics, type Observing, observing } from './observing/observing.ts'
import { openPrivateListener } from './private-port.ts'
import { readinessOf } from './readiness.ts'
import { expiryOf, streamSettings } from './region-settings.ts'
import type { DataKeys } from './store/data-keys.ts'
import type { RegionRecovery } from './store/own-engine.ts'
import type { StoreScrub } from './store/store-scrub.ts'
import type { TopologyWatch } from './topology-watch.ts'

/** What is open when a region is started on it. */
export type OpenedStore = {
  readonly env: Env
  readonly engine: Engine
  readonly recovery: RegionRecovery
  /** Of the store. */
  readonly folder: string
  readonly scrub: StoreScrub
}

export type OwnRegion = {
  readonly region: Region
  /** What the store is encrypted with. */
  readonly dataKeys: DataKeys | undefined
  readonly watch: TopologyWatch
  readonly meter: Meter
  readonly prometheus: PrometheusMeter
  readonly folder: string
  readonly scrub: StoreScrub
  readonly recovery: RegionRecovery
  readonly access: WatchedAccess
  readonly audit: Audit | undefined
  readonly privately: ReturnType<typeof openPrivateListener>
  readonly kms: Kms | undefined
  readonly told: Observing
  readonly functions: OpenFunctions | undefined
}

export type RunOptions = {
  readonly options: NodeOptions
  readonly around: Around
  readonly environment: Environment
  readonly opened: OpenedStore
  /** Where tables that regions share with strong consistency have their stores. */
  readonly groups: GroupPorts | undefined
  /** As of RegionOptions. */
  readonly latest?: () => Promise<void>
}

/** Registers in `life` each part as soon as it runs. The engine ends with the region. */
export async function runRegion(run: RunOptions, life: Lifecycle): Promise<OwnRegion> {
  const { options, around, environment, opened, groups, latest } = run
  const { self, log } = options
  const { env, engine, recovery, folder, scrub } = opened
  const { clock, meter } = env
  const { watch, access, prometheus } = around
  const { kms, dataKeys, tableKeys } = around.keys
  const { natsBus, messageKeys, metrics, buckets } = environment
  const turns = watchTurns({ meter, log })
  life.add(() => turns.stop())
  const idle = restWhenIdle({ ran: (what, ms) => turns.ran(what, ms) })
  life.add(() => idle.stop())
  nameTurns(engine, turns)
  const functions = await functionsOf(options, life)
  const asked = { audit: openAudit(options, clock, life), privately: openPrivateListener(options, life) }
  const requests = { region: self.name, epoch: () => engine.epoch, clock, random: systemRandom, log, meter }
  const told = observing(options, requests)
  const secrets = { ...tableKeys, identities: access.shared, groups }
  const { topology } = watch
  const invoked =
    functions && told.tracing ? { ...functions, functions: told.tracing.invoking(functions.functions) } : functions
  const given = { topology, engine, metrics, recovery, messageKeys, buckets, functions: invoked, told, secrets, latest }
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
  return { ...parts, functions }
}

type Given = Pick<RegionOptions, 'topology'> &
  Pick<Environment, 'metrics' | 'messageKeys' | 'buckets'> & {
    readonly functions: FunctionPorts | undefined
    readonly engine: Engine
    readonly recovery: RegionRecovery
    readonly told: Observing
    readonly secrets: Pick<RegionOptions, 'keys' | 'identities' | 'groups'>
    readonly latest: RegionOptions['latest']
  }

async function startedRegion(env: Env, options: NodeOptions, given: Given): Promise<Region> {
  const { topology, engine, metrics, recovery, messageKeys, buckets, functions, told, secrets, latest } = given
  return await startRegion(env, {
    topology,
    latest,
    engine,
    ...(told.tracing === undefined ? {} : { observe: told.tracing.watching }),
    accountId: options.accountId,
    globalTables2017: options.globalTables2017 === 'serve',
    timing: timings[options.timing ?? 'instant'],
    streams: streamSettings(options),
    expiry: expiryOf(options),
    ...(functions === undefined ? {} : { functions }),
    copies: { buckets, packing: threadedPacking },
    before: [recovery],
    ...secrets,
    metrics,
    replication: replicationOf(options, messageKeys, recovery),
  })
}

/** They end after the region, which invokes them. */
async function functionsOf({ functions: path, self, log }: NodeOptions, life: Lifecycle) {
  if (path === undefined) return undefined
  const { openFunctions } = await import('./functions/open-functions.ts')
  const functions = openFunctions(path, { region: self.name, log })
  life.add(() => functions.stop())
  return functions
}

function replicationOf(
  options: NodeOptions,
  keys: FolderKeys | undefined,
  recovery: RegionRecovery,
): ReplicationSettings {
  return {
    logPositionsMax,
    keys,
    admitUnsignedUntilMs: options.admitUnsignedUntilMs,
    get leftovers() {
      return recovery.leftovers
    },
  }
}

export function engineOptions(options: NodeOptions, topology: Topology, folder: string): EngineOptions {
  const rest = `the node stops, and its next start moves the store in ${folder} away and fills a new one from its peers`
  return {
    topology,
    streamShards: options.streamShards,
    onBrokenInvariant: options.onBrokenInvariant,
    onDamagedLog: (error) => options.onStoreDamaged(`${messageOf(error)}; ${rest}`),
    onProgress: options.onProgress,
  }
}

export const secureOf = ({ tls }: NodeOptions) => ({
  tls,
  ticketKeys: tls === undefined ? undefined : newTicketKeys(),
})

/** What the region's server is started with. */
export function serverOptionsOf(options: NodeOptions, own: OwnRegion): RegionServerOptions {
  const { self } = options
  const { region, watch, scrub, recovery, access, kms, told, privately, audit } = own
  const { engine, replication, invalidator, expiry, faults, evacuation } = region
  const trouble = (): string | undefined =>
    region.stopping ? 'it is stopping' : (engine.trouble()?.reason ?? replication.halted)
  return {
    ...listenOf(options),
    endpointOf: (name) => watch.endpoints.get(name),
    ...accessParts(options.access, access, { others: kmsServices(kms), privately }),
    audit,
    observer: told.observer,
    readiness: () => readinessOf(self.name, trouble(), { damage: recovery.notice(), replication, evacuation }),
    metrics: () => metricsOf(own),
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
  }
}

export function listenOf({
  host,
  port,
  loopbackPort,
  visitors = {},
  signedFor = [],
  capacity,
  adminToken,
}: NodeOptions) {
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
