/** The front of a cache for Amazon's DAX clients, put together: who may ask it, what it answers, and where it listens. */
import { networkInterfaces } from 'node:os'
import { systemClock } from '../adapters/system/clocks.ts'
import { systemRandom } from '../adapters/system/random.ts'
import type { Credentials } from '../core/auth/credentials.ts'
import type { SignedRegions } from '../core/auth/signed-region.ts'
import { AttributeLists } from '../core/dax/codec/attribute-lists.ts'
import type { Pipeline } from '../http/pipeline.ts'
import { requestIds } from '../http/request-id.ts'
import type { PortCertificate } from '../http/secure.ts'
import type { Log } from '../ports/log.ts'
import { connectionsAffordable } from '../process/descriptors.ts'
import type { Cache } from './core/cache.ts'
import { nodeName } from './dax/dax-cluster.ts'
import { DaxFront, type Policies } from './dax/dax-front.ts'
import type { DaxTracing } from './dax/dax-tracing.ts'
import { type RunningDax, serveDax } from './dax/dax-server.ts'
import type { DaxNode } from './dax/dax-nodes.ts'
import { keepLists } from './dax-lists.ts'
import { NodeWatch } from './dax/node-watch.ts'
import { authorize } from './dax/principal.ts'
import type { Upstream } from './http/upstream.ts'

export type DaxPlace = {
  /** 0 takes a free one. */
  readonly port: number
  /** Of the cluster, as clients reach them; empty: where each client has connected to. */
  readonly nodes?: readonly DaxNode[]
  /** A file that the lists of attribute names are kept in; in memory alone where none is given. */
  readonly lists?: string | undefined
}

export type DaxOptions = DaxPlace & {
  readonly host: string
  readonly tls?: PortCertificate | undefined
  readonly cache: Cache
  readonly pipeline: Pipeline
  readonly upstream: Pick<Upstream, 'send'>
  /** The region's own endpoint. */
  readonly upstreamUrl: URL
  readonly regions: SignedRegions
  readonly credentials: (() => Credentials) | undefined
  readonly policies?: Policies | undefined
  readonly tracing?: DaxTracing | undefined
  readonly log: Log
}

const lookEveryMs = 1000

/** Several caches look for each other; one alone has nothing to look for. */
function watchNodes(nodes: readonly DaxNode[]) {
  const watch = new NodeWatch({ nodes })
  const timer = nodes.length < 2 ? undefined : setInterval(() => void watch.look(), lookEveryMs).unref()
  return { present: () => watch.present(), stop: () => clearInterval(timer) }
}

function listsOf({ lists: path, log }: DaxOptions): AttributeLists {
  const lists = new AttributeLists()
  if (path !== undefined) keepLists(lists, path, log)
  return lists
}

/** Which one of the cluster's nodes the cache is, as DAX's control plane names it; undefined where none of them has an address of this machine and the cache's port. */
export function nodeNameOf({ nodes = [], port }: DaxPlace): string | undefined {
  if (nodes.length < 2) return nodeName(0)
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? [])
  const at = nodes.findIndex((node) => node.port === port && own.includes(node.address))
  return at < 0 ? undefined : nodeName(at)
}

/** `present` are those of its nodes that are there. */
export type StartedDax = RunningDax & { readonly nodes: readonly DaxNode[]; readonly present: () => readonly DaxNode[] }

export async function startDax(options: DaxOptions): Promise<StartedDax> {
  const { nodes = [], regions, credentials, upstreamUrl } = options
  const watch = watchNodes(nodes)
  const front = new DaxFront({
    ...options,
    host: upstreamUrl.host,
    wallMs: () => systemClock.wallMs(),
    monotonicMs: () => systemClock.monotonicMs(),
    requestId: requestIds(systemRandom),
    lists: listsOf(options),
  })
  const running = await serveDax({
    ...options,
    front,
    authorize: (reader) => authorize(reader, { regions, credentials: credentials?.(), nowMs: systemClock.wallMs() }),
    expires: credentials !== undefined,
    nodes: ({ localAddress = '127.0.0.1', localPort = 0 }) =>
      nodes.length > 0 ? watch.present() : [{ address: localAddress, port: localPort }],
    connectionsMax: connectionsAffordable(),
    clock: systemClock,
  })
  const { hostname, port } = new URL(running.url)
  const own = [{ address: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) }]
  return {
    ...running,
    nodes: nodes.length > 0 ? nodes : own,
    present: () => (nodes.length > 0 ? watch.present() : own),
    close: async () => {
      watch.stop()
      await running.close()
    },
  }
}
