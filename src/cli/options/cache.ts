/** The options of a cache. Rows of rows.ts. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { daxNodesMax } from '../../core/limits/dax-limits.ts'
import { durationMs } from '../../process/duration.ts'

const day = 24 * 60 * 60 * 1000
const duration = z
  .union([z.string(), z.number().transform((ms) => (ms === 0 ? '0' : `${ms}ms`))])
  .transform((text, context) => {
    const ms = text === '0' ? 0 : durationMs(text)
    if (ms === undefined || ms > 365 * day) {
      context.addIssue({ code: 'custom', message: 'a duration such as 30s, 5m or 1h, or 0' })
      return z.NEVER
    }
    return ms
  })

const units: Readonly<Record<string, number>> = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }
const memoryBytesMin = 1024 ** 2
const memory = z.string().transform((text, context) => {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(kb|mb|gb)$/i.exec(text) ?? []
  const bytes = Math.round(Number(count) * (units[(unit ?? '').toLowerCase()] ?? Number.NaN))
  if (!(bytes >= memoryBytesMin)) {
    context.addIssue({ code: 'custom', message: 'an amount such as 256mb or 2gb, at least 1mb' })
    return z.NEVER
  }
  return bytes
})

const daxNodes = z
  .union([z.array(z.string()), z.string()])
  .transform((given) => [given].flat().flatMap((text) => text.split(/[\s,]+/).filter((part) => part !== '')))
  .pipe(z.array(z.string().transform(daxNodeOf)).max(daxNodesMax, `at most ${daxNodesMax} caches`))

/** An address, since clients connect to it without asking for a name. */
function daxNodeOf(text: string, context: z.RefinementCtx): { readonly address: string; readonly port: number } {
  const [, bracketed, plain = bracketed ?? '', port] = /^(?:\[([0-9a-fA-F:]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? []
  if (isIP(plain) === 0 || Number(port) < 1 || Number(port) > 65_535) {
    context.addIssue({ code: 'custom', message: 'an IP address and a port, such as 127.0.0.1:8111' })
    return z.NEVER
  }
  return { address: plain, port: Number(port) }
}

export const cacheOptions = {
  cache: {
    flags: '--no-cache',
    help: 'no caches beside the regions (LONGITUDE_CACHE=false)',
    schema: z.union([z.boolean(), z.stringbool()], 'true or false'),
    default: true,
  },
  cacheUpstream: {
    flags: '--upstream <url>',
    help: 'endpoint of the region that the cache is before',
    schema: z
      .url({ protocol: /^https?$/, error: 'http://HOST:PORT or https://HOST:PORT' })
      .transform((text) => new URL(text)),
  },
  upstreamCa: {
    flags: '--upstream-ca <file>',
    help: 'authority that the region’s endpoint at https:// is known by; those of the system when not given',
    schema: z.string().min(1).optional(),
  },
  mode: {
    flags: '--mode <mode>',
    help: 'coherent: the region’s log says what changes; dax: what is written elsewhere is seen when the time is up',
    schema: z.enum(['coherent', 'dax']),
    default: 'coherent',
  },
  itemTtl: {
    flags: '--item-ttl <time>',
    help: 'how long an item is kept; 0: until something else ends it',
    schema: duration,
    default: '5m',
  },
  queryTtl: {
    flags: '--query-ttl <time>',
    help: 'how long a page of a query or a scan is kept; 0: not at all',
    schema: duration,
    default: '5m',
  },
  memory: {
    flags: '--memory <amount>',
    help: 'for what is kept, half of it items and half pages; the process itself comes on top',
    schema: memory,
    default: '256mb',
  },
  daxPort: {
    flags: '--dax-port <port>',
    help: 'also for Amazon’s DAX clients, at dax://HOST:PORT, usually 8111; daxs:// where the cache has a certificate, usually 9111',
    schema: z.coerce.number('a port from 1 to 65535').int().min(1).max(65_535).optional(),
  },
  daxNode: {
    flags: '--dax-node <address:port...>',
    help: 'what DAX clients are told of where to reach the caches of this cluster, this one included; once for each, the one that takes the writes first (default: where the client has connected to)',
    schema: daxNodes,
    default: [],
    repeatable: true,
  },
  daxLists: {
    flags: '--dax-lists <file>',
    help: 'where the lists of attribute names are kept by which DAX clients read and write items: clients remember them for longer than a cache may run',
    schema: z.string().min(1).optional(),
  },
} as const

/** In the order of its help. */
export const optionsOfCache = [
  'region',
  'cacheUpstream',
  'mode',
  'host',
  'port',
  'daxPort',
  'daxNode',
  'daxLists',
  'nats',
  'peerEndpoint',
  'signedFor',
  'itemTtl',
  'queryTtl',
  'memory',
  'credentials',
  'identities',
  'access',
  'anyCredentials',
  'accountId',
  'cors',
  'hostNames',
  'adminToken',
  'adminTokenFile',
  'upstreamCa',
  'natsTlsCa',
  'natsTlsCert',
  'natsTlsKey',
  'natsNkey',
  'tlsCert',
  'tlsKey',
  'otlp',
  'otlpShare',
  'logLevel',
  'logFormat',
] as const
