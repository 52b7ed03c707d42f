/** One region in this process with a cache before it, in memory, and clients of both; what the cache asks of the region is counted. */
import { type Timing, timings } from '../../src/core/table/waits.ts'
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { MemoryCacheLine } from '../../src/adapters/memory/memory-cache-line.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { Deciding } from '../../src/core/change/cache-talk.ts'
import type { Credentials } from '../../src/core/auth/credentials.ts'
import { cachePipeline } from '../../src/cache/http/cache-pipeline.ts'
import { upstreamAt } from '../../src/cache/http/upstream.ts'
import { serveApi } from '../../src/http/server.ts'
import { Signatures } from '../../src/http/access/signatures.ts'
import { startRegion } from '../../src/region/start-region.ts'
import type { Log } from '../../src/ports/log.ts'
import { Cache } from '../../src/cache/core/cache.ts'
import { DaxAccess } from '../../src/cache/dax/dax-access.ts'
import { compileIdentities, type Identities, noDefinitions } from '../../src/core/access/identities/identities.ts'
import { iamEntry } from '../../src/operations/iam/iam-entry.ts'
import { stsEntry } from '../../src/operations/sts/sts-entry.ts'
import { MetricStore } from '../../src/readers/metrics/metric-store.ts'
import type { AccessMode } from '../../src/operations/access/authorizer.ts'
import { type DaxPlace, startDax } from '../../src/cache/start-dax.ts'
import type { CacheOptions } from '../../src/cache/core/cache-options.ts'
import { startFollower } from '../../src/cache/core/follower.ts'

export type CachedRegionOptions = Partial<CacheOptions> & {
  /** Of the region: it verifies. */
  readonly credentials?: Credentials
  /** Whether the cache has them too. */
  readonly verifies?: boolean
  /** Empty; one in memory unless given. */
  readonly store?: MemoryStore
  /** Of the deployment, as the cache is told; none. */
  readonly otherRegions?: readonly string[]
  /** Other regions that a signature may be for at the cache. */
  readonly signedFor?: readonly string[]
  /** How long tables stay in states that pass; may be changed while it runs. */
  readonly pace?: { readonly timing: Timing }
  /** Policies, at the region and at the cache, which verifies then. */
  readonly policies?: { readonly mode: AccessMode; readonly identities: () => Identities }
  /** Whether the region answers CloudWatch, STS and IAM too. */
  readonly services?: boolean
  /** Whether the cache follows the log, whatever its mode. */
  readonly follows?: boolean
  /** Whether DAX's clients are served too, and what they are told of where. */
  readonly dax?: Omit<DaxPlace, 'port'>
}

export type CachedRegion = {
  readonly region: DynamoDBClient
  readonly cached: DynamoDBClient
  readonly cache: Cache
  readonly line: MemoryCacheLine
  readonly endpoint: string
  readonly regionEndpoint: string
  /** `dax://…`; empty where DAX's clients are not served. */
  readonly daxUrl: string
  /** Operations that have reached the region through the cache. */
  readonly asked: string[]
  /** Warnings and errors. */
  readonly logged: string[]
  /** As if the region had been started again with other settings. */
  decides(how: Deciding): void
  /** Bytes that region and cache hold for clients. */
  heldBytes(): number
  client(more?: DynamoDBClientConfig): DynamoDBClient
  close(): Promise<void>
}

const accountId = '000000000000'

/** Everything is in one process here, which may stand still for longer than a lease. */
const testLeaseMs = 60_000

const accessKey = { accessKeyId: 'anyone', secretAccessKey: 'anything' }

export async function cachedRegion(options: CachedRegionOptions = {}): Promise<CachedRegion> {
  const {
    credentials,
    verifies = false,
    pace = { timing: timings.instant },
    store = new MemoryStore(),
    otherRegions = [],
    signedFor = [],
    dax: place,
    policies: policed,
    services = false,
    follows = options.mode !== 'dax',
    ...more
  } = options
  const self = { name: 'us-east-1', number: 1 }
  const logged: string[] = []
  const network = new MemoryNetwork(systemClock, systemRandom)
  const meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
  const log = logInto(logged)
  const bus = network.join(self.name)
  const blobs = new MemoryBlobs()
  const env = { clock: systemClock, random: systemRandom, store, bus, blobs, log, meter }
  const running = await startRegion(env, {
    ...(services ? { metrics: { store: new MetricStore({ env, blobs }), blobs, isEager: false } } : {}),
    topology: { self, regions: [self] },
    get timing() {
      return pace.timing
    },
  })
  const routes = {
    readiness: () => ({ ready: true }),
    metrics: async () => Promise.resolve({ contentType: '', text: '' }),
  }
  const current = credentials === undefined ? undefined : () => credentials
  const server = await running.serve({
    ...routes,
    port: 0,
    ...(current === undefined ? {} : { credentials: current }),
    access: policed,
    services: services ? identityServices() : [],
  })
  const line = new MemoryCacheLine(network, self.name)
  const cache = new Cache({
    clock: systemClock,
    mode: 'coherent',
    itemTtlMs: 300_000,
    queryTtlMs: 300_000,
    memoryBytes: 64 * 1024 * 1024,
    ...more,
  })
  const upstream = upstreamAt(new URL(server.url))
  const asked: string[] = []
  const counting: typeof upstream = {
    ...upstream,
    send: (request) => {
      asked.push(String(request.headers['x-amz-target']).split('.')[1] ?? '')
      return upstream.send(request)
    },
  }
  const all = [self.name, ...otherRegions]
  const regions = { own: self.name, all: () => all, endpointOf: () => undefined, alsoFor: new Set(signedFor) }
  const signatures =
    current === undefined || !verifies
      ? {}
      : {
          verifying: {
            signatures: new Signatures({ credentials: current, regions, clock: systemClock }),
            credentials: current,
          },
        }
  const fronting = { cache, upstream: counting, regions, log, ...signatures }
  const answer = cachePipeline({ ...fronting, underPolicies: policed?.mode === 'strict' ? 'never' : 'open' })
  const policies =
    policed === undefined || current === undefined
      ? undefined
      : {
          access: new DaxAccess({ ...policed, credentials: current, region: self.name, accountId, env }),
          pipeline: cachePipeline({ ...fronting, underPolicies: 'always' }),
        }
  const front = await serveApi({ ...routes, port: 0, region: self.name, env, answer })
  const dax =
    place === undefined
      ? undefined
      : await startDax({
          ...place,
          host: '127.0.0.1',
          port: 0,
          cache,
          pipeline: answer,
          upstream: counting,
          upstreamUrl: new URL(server.url),
          regions,
          credentials: verifies ? current : undefined,
          policies,
          log,
        })
  const report = () => ({ id: 'one', endpoint: front.url, mode: cache.mode, figures: {} })
  const decided = (how: Deciding): void =>
    cache.close((how === 'policed' && policed?.mode !== 'strict') || (how === 'verified' && !verifies))
  const follower = follows
    ? startFollower({ env: { clock: systemClock, log }, line, cache, report, decided, leaseMs: testLeaseMs })
    : undefined
  while (!cache.serves && follower?.place() === undefined) await systemClock.sleep(5)
  const clientAt = (endpoint: string, extra: DynamoDBClientConfig = {}): DynamoDBClient =>
    new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: accessKey, maxAttempts: 1, ...extra })
  const clients: DynamoDBClient[] = []
  const client = (extra: DynamoDBClientConfig = {}): DynamoDBClient => {
    const made = clientAt(front.url, extra)
    clients.push(made)
    return made
  }
  const region = clientAt(server.url)
  clients.push(region)
  return {
    region,
    cached: client(),
    cache,
    line,
    endpoint: front.url,
    regionEndpoint: server.url,
    daxUrl: dax?.url ?? '',
    asked,
    logged,
    decides: (how) => running.invalidator.decides(how),
    heldBytes: () => server.heldBytes() + front.heldBytes() + (dax?.heldBytes() ?? 0),
    client,
    close: async () => {
      for (const each of clients) each.destroy()
      await Promise.all([front.close(), dax?.close()])
      await follower?.stop()
      upstream.close()
      await running.stop()
    },
  }
}

/** Of an account without users. */
function identityServices() {
  const identities = compileIdentities(accountId, noDefinitions)
  const ports = { identities: () => identities, clock: systemClock, random: systemRandom, mode: 'off' } as const
  const change = async (): Promise<void> => await Promise.resolve()
  return [stsEntry({ ...ports, issue: () => undefined }), iamEntry({ ...ports, change })]
}

function logInto(lines: string[]): Log {
  const note = (event: string, fields: unknown = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`)
  return { debug: () => {}, info: () => {}, warn: note, error: note, with: () => logInto(lines) }
}
