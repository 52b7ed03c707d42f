/** One cache, put together: its keeping, the line to the region's log, the way to the region, and its own endpoint. */
import { X509Certificate } from 'node:crypto'
import { figuresText, processMetrics } from '../adapters/metrics/metrics-text.ts'
import { OtlpExporter } from '../adapters/otlp/otlp-exporter.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { NatsCacheLine } from '../adapters/nats/nats-cache-line.ts'
import type { NatsServer } from '../adapters/nats/nats-connect.ts'
import { histogramOf } from '../adapters/metrics/prometheus-meter.ts'
import { watchTurns } from '../adapters/system/turn-watch.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { cachePipeline, type CachePipelineOptions } from './http/cache-pipeline.ts'
import { lookAt, type Securing, upstreamAt } from './http/upstream.ts'
import { UpstreamWatch } from './http/upstream-watch.ts'
import type { PortCertificate } from '../http/secure.ts'
import { serveApi } from '../http/server.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import { Signatures } from '../http/access/signatures.ts'
import type { Credentials } from '../core/auth/credentials.ts'
import type { AccessMode } from '../operations/access/authorizer.ts'
import { endpointIn, type SignedRegions } from '../core/auth/signed-region.ts'
import type { CacheReport } from '../core/change/cache-talk.ts'
import type { Log } from '../ports/log.ts'
import { Cache } from './core/cache.ts'
import type { DaxCluster } from './dax/dax-cluster.ts'
import { withDaxControl } from './dax/dax-control.ts'
import { DaxAccess } from './dax/dax-access.ts'
import type { Policies } from './dax/dax-front.ts'
import { DaxTracing } from './dax/dax-tracing.ts'
import { type DaxOptions, type DaxPlace, nodeNameOf, startDax, type StartedDax } from './start-dax.ts'
import type { CacheMode } from './core/cache-options.ts'
import { type Follower, startFollower } from './core/follower.ts'
import { cacheFigures, cacheMetrics } from './core/cache-metrics.ts'
import { noAccount, watchAccess, type WatchedAccess } from '../deployment/secrets/identities/watched-access.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { SecureAgent } from '../process/requests/trust.ts'
import { portFailure } from '../process/port-failure.ts'

export type CacheNodeOptions = {
  readonly region: string
  /** Where clients reach the other regions, by region; none: the region is alone. */
  readonly peerEndpoints?: Readonly<Record<string, string>>
  /** Regions beside its own that a signature may be for. */
  readonly signedFor?: readonly string[] | undefined
  readonly upstream: URL
  readonly host: string
  readonly port: number
  readonly mode: CacheMode
  /** The region's own NATS server; without one a cache in mode `dax` goes by replies alone. */
  readonly nats: readonly NatsServer[] | undefined
  readonly itemTtlMs: number
  readonly queryTtlMs: number
  readonly memoryBytes: number
  readonly credentials?: string | undefined
  /** A file of them: signatures are verified by their keys too. */
  readonly identities?: string | undefined
  readonly accountId?: string
  /** What policies decide; needs `identities`. */
  readonly access?: 'off' | AccessMode
  readonly tls?: PortCertificate | undefined
  readonly visitors?: VisitorOptions
  /** Where Amazon's DAX clients are served too. */
  readonly dax?: DaxPlace | undefined
  /** A collector of OpenTelemetry's, which gets spans of what DAX's clients ask; and the share of them. */
  readonly otlp?: string | undefined
  readonly otlpShare?: number | undefined
  /** What /admin/ asks for; refused without. */
  readonly adminToken?: string | undefined
  readonly log: Log
}

export type RunningCache = {
  readonly url: string
  /** `dax://HOST:PORT`; undefined where DAX's clients are not served. */
  readonly daxUrl: string | undefined
  close(): Promise<void>
}

/** Rejects with a Failure when the port cannot be had. */
export async function startCache(options: CacheNodeOptions): Promise<RunningCache> {
  const [{ region, log, mode }, clock] = [options, systemClock]
  const cache = new Cache({ ...options, clock })
  const upstream = upstreamAt(options.upstream, securing)
  const access = watchAccess(options, log)
  const own = processOf(options)
  const silent = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
  const end = (): void => {
    own.stop()
    watch.stop()
    access.stop()
    upstream.close()
  }
  const regions = signedRegions(options)
  let url = ''
  const watch = watchUpstream(options)
  const view = viewOf({ options, cache, watch })
  const report = reporting(
    () => connections(),
    (open) => view.report(url, open),
  )
  let follower: Follower | undefined
  let dax: StartedDax | undefined
  let connections = async (): Promise<number> => Promise.resolve(0)
  const fronting = { cache, upstream, regions, log, ...verifyingBy(access.credentials, regions) }
  const answer = cachePipeline({ ...fronting, underPolicies: options.access === 'strict' ? 'never' : 'open' })
  const policies = policiesOf(options, { access, fronting })
  const server = await serveApi({
    host: options.host,
    port: options.port,
    connectionsMax: connectionsAffordable(),
    region,
    env: { clock, random: systemRandom, meter: silent },
    answer: withDaxControl(answer, daxControl(options, { regions, access, policies, dax: () => dax })),
    giveUp: () => upstream.close(),
    ...accessOf(options),
    readiness: () => readinessOf(watch, { region, mode, serving: cache.serves }),
    metrics: async () => await own.metrics(view.metrics(await connections())),
    admin: [{ method: 'GET', path: '/admin/status', answer: () => view.status(url, follower) }],
  }).catch((error: unknown) => {
    end()
    throw portFailure(error, options)
  })
  url = server.url
  const parts = { cache, pipeline: answer, upstream, upstreamUrl: options.upstream, regions, log }
  dax = await daxOf(options, { ...parts, credentials: access.credentials, policies }).catch(async (error: unknown) => {
    await server.close()
    end()
    throw error
  })
  connections = async () => (await server.connections()) + (dax?.connections() ?? 0)
  follower = followed(options, { cache, report, verifies: access.credentials !== undefined })
  return {
    url: server.url,
    daxUrl: dax?.url,
    close: async () => {
      await Promise.all([server.close(), dax?.close()])
      await follower?.stop()
      end()
    },
  }
}

/** Spans of what DAX's clients ask. */
function tracingOf({ otlp: url, otlpShare: share = 1, region, log }: CacheNodeOptions) {
  if (url === undefined) return undefined
  const resource = {
    'service.name': 'longitude-cache',
    'service.instance.id': `${region}/${process.pid}`,
    'cloud.region': region,
  }
  const exporter = new OtlpExporter({ url, resource, log, meter: { count: () => {} } })
  const tracing = new DaxTracing({
    region,
    share,
    wallMs: () => systemClock.wallMs(),
    random: systemRandom,
    onSpan: (span) => exporter.span(span),
  })
  return { tracing, stop: () => exporter.stop() }
}

type Followed = { readonly cache: Cache; readonly report: () => CacheReport; readonly verifies: boolean }

/** Undefined where there is no line to the log. */
function followed({ region, nats, log, access }: CacheNodeOptions, { cache, report, verifies }: Followed) {
  if (nats === undefined) return undefined
  return startFollower({
    env: { clock: systemClock, log },
    line: new NatsCacheLine(region, nats),
    cache,
    report,
    // A cache that is full of hits need not see a reply of a region that asks policies since it was started again. One that asks them itself answers DAX's clients alone.
    decided: (how) => cache.close((how === 'policed' && access !== 'strict') || (how === 'verified' && !verifies)),
  })
}

type Controlled = {
  readonly regions: SignedRegions
  readonly access: WatchedAccess
  readonly policies: Policies | undefined
  readonly dax: () => StartedDax | undefined
}

function daxControl(
  { region, accountId = noAccount, itemTtlMs, queryTtlMs }: CacheNodeOptions,
  { regions, access, policies, dax }: Controlled,
) {
  const { credentials } = access
  const signatures =
    credentials === undefined ? undefined : new Signatures({ credentials, regions, clock: systemClock, service: 'dax' })
  const cluster = (): DaxCluster | undefined => {
    const running = dax()
    if (running === undefined) return undefined
    const { url, nodes, present } = running
    return {
      accountId,
      region,
      scheme: url.slice(0, url.indexOf(':')),
      nodes,
      active: present().length,
      itemTtlMs,
      queryTtlMs,
    }
  }
  return { regions, signatures, access: policies?.access, cluster }
}

type Policed = { readonly access: WatchedAccess; readonly fronting: CachePipelineOptions }

/** Undefined where policies decide nothing. */
function policiesOf(
  { access: mode = 'off', accountId = noAccount, region, log }: CacheNodeOptions,
  { access: { identities, credentials }, fronting }: Policed,
): Policies | undefined {
  if (mode === 'off' || identities === undefined || credentials === undefined) return undefined
  const { figures } = fronting.cache
  const meter = { count: () => void figures.denied++, gauge: () => {}, observe: () => {}, forget: () => {} }
  const access = new DaxAccess({
    mode,
    identities,
    credentials,
    region,
    accountId,
    env: { clock: systemClock, log, meter },
  })
  if (access.actsAs() === undefined)
    log.warn('access: without a sessionKey among the identities DAX clients need the rights of DynamoDB as well')
  return { access, pipeline: cachePipeline({ ...fronting, underPolicies: 'always' }) }
}

async function daxOf(
  options: CacheNodeOptions,
  parts: Omit<DaxOptions, keyof DaxPlace | 'host' | 'tls' | 'tracing'>,
): Promise<StartedDax | undefined> {
  const { dax, host, tls } = options
  if (dax === undefined) return undefined
  const spans = tracingOf(options)
  const started = await startDax({ ...parts, ...dax, host, tls, tracing: spans?.tracing }).catch(
    async (error: unknown) => {
      await spans?.stop()
      throw portFailure(error, { host, port: dax.port })
    },
  )
  const close = async (): Promise<void> => {
    await started.close()
    await spans?.stop()
  }
  return { ...started, close }
}

function accessOf({ tls, visitors, adminToken }: CacheNodeOptions) {
  return {
    ...(tls === undefined ? {} : { tls }),
    ...(visitors === undefined ? {} : { visitors }),
    ...(adminToken === undefined ? {} : { adminToken }),
  }
}

function verifyingBy(credentials: (() => Credentials) | undefined, regions: SignedRegions) {
  if (credentials === undefined) return {}
  const signatures = new Signatures({ credentials, regions, clock: systemClock })
  return { verifying: { signatures, credentials } }
}

/** How often is looked whether the region answers, and how long it may take. */
const lookEveryMs = 1000
const lookMsMax = 2000

const securing: Securing = (settings) => new SecureAgent(settings)

type Watched = Pick<UpstreamWatch, 'trouble'> & { stop(): void }

function watchUpstream({ upstream: url, log }: CacheNodeOptions): Watched {
  const look = async (): Promise<void> => await lookAt(url, { securing, timeoutMs: lookMsMax })
  const watch = new UpstreamWatch({ look, nowMs: () => systemClock.wallMs(), log, upstream: url.href })
  const timer = setInterval(() => void watch.look(), lookEveryMs).unref()
  return {
    get trouble() {
      return watch.trouble
    },
    stop: () => clearInterval(timer),
  }
}

type Viewed = { readonly options: CacheNodeOptions; readonly cache: Cache; readonly watch: Watched }

/** What the cache says of itself. `connections`: open now. */
function viewOf({ options: { region, mode, upstream, dax, tls }, cache, watch }: Viewed) {
  const id = systemRandom.uuid()
  const node = dax === undefined ? undefined : nodeNameOf(dax)
  const startedMs = systemClock.monotonicMs()
  const figures = (connections: number): CacheReport['figures'] => ({
    ...cacheFigures(cache),
    connections,
    uptimeMs: systemClock.monotonicMs() - startedMs,
    cpuMs: (process.cpuUsage().user + process.cpuUsage().system) / 1000,
    upstream: watch.trouble === undefined ? 1 : 0,
  })
  const report = (url: string, connections = 0): CacheReport => ({
    id,
    endpoint: url,
    mode,
    ...(node === undefined ? {} : { node }),
    figures: figures(connections),
  })
  return {
    report,
    metrics: (open: number): string =>
      figuresText([...cacheMetrics(cache, open), reachedMetric(watch), ...certificateMetrics(tls)], { region }),
    status: (url: string, follower: Follower | undefined) => ({
      region,
      upstream: upstream.href,
      ...report(url),
      place: follower?.place() ?? null,
    }),
  }
}

/** What every process of ours says of itself, and of its turns. */
function processOf({ region, log }: CacheNodeOptions) {
  const metrics = processMetrics({ region })
  const delays = histogramOf('longitude_event_loop_delay_seconds')
  const turns = watchTurns({ meter: { observe: (_, seconds) => delays.observe(seconds, {}) }, log })
  return {
    metrics: async (before: string) => ({
      contentType: metrics.contentType,
      text: `${before}\n${await metrics.text()}${delays.render({ region })}`,
    }),
    stop: () => turns.stop(),
  }
}

/** With the connections that were counted for the report before. */
function reporting(connections: () => Promise<number>, report: (open: number) => CacheReport): () => CacheReport {
  let open = 0
  return () => {
    void connections().then((count) => (open = count))
    return report(open)
  }
}

type CacheState = { readonly region: string; readonly mode: CacheMode; readonly serving: boolean }

/** Without its region a cache answers at most what it keeps, so it is not ready. */
function readinessOf({ trouble }: Watched, state: CacheState) {
  if (trouble === undefined) return { ready: true, ...state }
  const upstream = { reason: trouble.reason, since: new Date(trouble.sinceMs).toISOString() }
  return { ready: false, ...state, reason: 'the region behind this cache does not answer', upstream }
}

function certificateMetrics(tls: PortCertificate | undefined) {
  if (tls === undefined) return []
  const value = Date.parse(new X509Certificate(tls.cert).validTo) / 1000
  const help = 'When the certificate that is shown to clients ends, in seconds since 1970.'
  return [{ name: 'longitude_certificate_end_seconds', kind: 'gauge' as const, help, value }]
}

function reachedMetric({ trouble }: Watched) {
  const help = '1 while the region behind the cache answers, 0 while it does not.'
  return {
    name: 'longitude_cache_upstream_reachable',
    kind: 'gauge' as const,
    help,
    value: trouble === undefined ? 1 : 0,
  }
}

function signedRegions({ region, peerEndpoints = {}, signedFor = [] }: CacheNodeOptions): SignedRegions {
  const names = [...new Set([region, ...Object.keys(peerEndpoints)])]
  const endpointOf = (name: string): string | undefined => endpointIn(peerEndpoints, name)
  return { own: region, all: () => names, endpointOf, alsoFor: new Set(signedFor) }
}
