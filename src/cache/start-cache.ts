/** One cache, put together: its keeping, the line to the region's log, the way to the region, and its own endpoint. */
import { figuresText, processMetrics } from '../adapters/metrics/metrics-text.ts'
import { systemClock } from '../adapters/system/clocks.ts'
import { NatsCacheLine } from '../adapters/nats/nats-cache-line.ts'
import type { NatsServer } from '../adapters/nats/nats-connect.ts'
import { histogramOf } from '../adapters/metrics/prometheus-meter.ts'
import { watchTurns } from '../adapters/system/turn-watch.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { cachePipeline } from './http/cache-pipeline.ts'
import { upstreamAt } from './http/upstream.ts'
import { serveApi } from '../http/server.ts'
import type { VisitorOptions } from '../http/access/visitors.ts'
import { Signatures } from '../http/access/signatures.ts'
import { endpointIn, type SignedRegions } from '../core/auth/signed-region.ts'
import type { CacheReport } from '../core/change/cache-talk.ts'
import type { Log } from '../ports/log.ts'
import { Cache } from './core/cache.ts'
import type { CacheMode } from './core/options.ts'
import { type Follower, startFollower } from './core/follower.ts'
import { cacheFigures, cacheMetrics } from './core/metrics.ts'
import { watchCredentials } from '../deployment/secrets/credentials.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import { Failure, codeOf, messageOf } from '../process/failure.ts'

export type CacheNodeOptions = {
  readonly region: string
  /** Where clients reach the other regions, by region; none: the region is alone. */
  readonly peerEndpoints?: Readonly<Record<string, string>>
  /** Regions beside its own that a signature may be for. */
  readonly signedFor?: readonly string[] | undefined
  readonly upstream: URL
  /** What the region's certificate is checked by, in PEM; the system's authorities when undefined. */
  readonly ca?: string | undefined
  readonly host: string
  readonly port: number
  readonly mode: CacheMode
  /** The region's own NATS server; without one a cache in mode `dax` goes by replies alone. */
  readonly nats: NatsServer | undefined
  readonly itemTtlMs: number
  readonly queryTtlMs: number
  readonly memoryBytes: number
  readonly credentials?: string | undefined
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly visitors?: VisitorOptions
  /** What /admin/ asks for; refused without. */
  readonly adminToken?: string | undefined
  readonly log: Log
}

export type RunningCache = { readonly url: string; close(): Promise<void> }

/** Rejects with a Failure when the port cannot be had. */
export async function startCache(options: CacheNodeOptions): Promise<RunningCache> {
  const [{ region, log, mode, nats, tls }, clock] = [options, systemClock]
  const cache = new Cache({ ...options, clock })
  const upstream = upstreamAt(options.upstream, options.ca === undefined ? {} : { ca: options.ca })
  const credentials = options.credentials === undefined ? undefined : watchCredentials(options.credentials, log)
  const metrics = processMetrics({ region })
  const delays = histogramOf('longitude_event_loop_delay_seconds')
  const turns = watchTurns({ meter: { observe: (_, seconds) => delays.observe(seconds, {}) }, log })
  const silent = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
  const current = credentials?.current
  const regions = signedRegions(options)
  const verifying =
    current === undefined
      ? {}
      : { verifying: { signatures: new Signatures({ credentials: current, regions, clock }), credentials: current } }
  let url = ''
  const id = systemRandom.uuid()
  const report = (): CacheReport => ({ id, endpoint: url, mode, figures: cacheFigures(cache) })
  let follower: Follower | undefined
  let connections = async (): Promise<number> => Promise.resolve(0)
  const server = await serveApi({
    host: options.host,
    port: options.port,
    connectionsMax: connectionsAffordable(),
    region,
    env: { clock, random: systemRandom, meter: silent },
    answer: cachePipeline({ cache, upstream, regions, log, ...verifying }),
    giveUp: () => upstream.close(),
    ...(tls === undefined ? {} : { tls }),
    ...(options.visitors === undefined ? {} : { visitors: options.visitors }),
    ...(options.adminToken === undefined ? {} : { adminToken: options.adminToken }),
    readiness: () => ({ ready: true, region, mode, serving: cache.serves }),
    metrics: async () => ({
      contentType: metrics.contentType,
      text: `${figuresText(cacheMetrics(cache, await connections()), { region })}\n${await metrics.text()}${delays.render({ region })}`,
    }),
    admin: [
      {
        method: 'GET',
        path: '/admin/status',
        answer: () => ({ region, upstream: options.upstream.href, ...report(), place: follower?.place() ?? null }),
      },
    ],
  }).catch((error: unknown) => {
    turns.stop()
    upstream.close()
    credentials?.stop()
    throw portFailure(error, options)
  })
  url = server.url
  connections = server.connections
  if (nats !== undefined)
    follower = startFollower({ env: { clock, log }, line: new NatsCacheLine(region, nats), cache, report })
  return {
    url: server.url,
    close: async () => {
      turns.stop()
      await server.close()
      await follower?.stop()
      credentials?.stop()
      upstream.close()
    },
  }
}

function portFailure(error: unknown, { host, port }: CacheNodeOptions): unknown {
  if (codeOf(error) === 'EADDRINUSE') return new Failure(`port ${port} on ${host} is in use by another program`)
  if (codeOf(error) === undefined) return error
  return new Failure(`cannot listen on ${host}, port ${port}: ${messageOf(error)}`)
}

function signedRegions({ region, peerEndpoints = {}, signedFor = [] }: CacheNodeOptions): SignedRegions {
  const names = [...new Set([region, ...Object.keys(peerEndpoints)])]
  const endpointOf = (name: string): string | undefined => endpointIn(peerEndpoints, name)
  return { own: region, all: () => names, endpointOf, alsoFor: new Set(signedFor) }
}
