/**
 * Who listens where when all regions run on one machine. All ports lie in the two hundred from the base port on, as long as there are at most 11 regions: endpoints are the base port
 * and the ports after it, in the order of the regions; caches are 50 above their region's endpoint, NATS servers 100, and caches for DAX's clients 111, which is 8111 for the first
 * region; the front door is at +99, the console at +197, the control of `up` at +198, that of the links at +199. The links have what these leave free, first above the NATS servers. With more regions
 * the links that are left follow from +200, and the caches for DAX's clients behind these. From three regions on there are quorum servers, whose two ports each, and whose links, come after
 * the other links: within the two hundred as long as there are at most 8 regions. Where regions have several nodes, these and the links to each of them come behind everything else (node-layout.ts).
 * Everything but the endpoints, the caches and the front door listens on the loopback only.
 */
import { join, resolve } from 'node:path'
import { Failure } from '../process/failure.ts'
import { type NodePlan, nodesOf, portsOfNodePlan, portsOfNodes } from './node-layout.ts'
import type { Regions } from './regions.ts'

export type RegionPlan = {
  readonly name: string
  readonly number: number
  readonly city: string
  readonly port: number
  readonly endpoint: string
  readonly natsPort: number
  /** Of its quorum server among those of the other regions: for the node, and for the other servers. Absent where there are too few regions for one. */
  readonly quorum?: { readonly port: number; readonly routePort: number }
  /** Of the cache before it, unless there are none; `dax` is for Amazon's DAX clients. */
  readonly cache?: CachePlan
  /** The node's own folder, or of all its nodes: data/<region>. */
  readonly folder: string
  /** Where the region has several; the region's port is that of the balancer before them then. */
  readonly nodes: readonly NodePlan[]
}

export type CachePlan = {
  readonly port: number
  readonly endpoint: string
  readonly dax: { readonly port: number; readonly url: string }
}

export type LinkPlan = {
  readonly from: string
  readonly to: string
  /** Of the region that it leads to, where that has several. */
  readonly node?: string
  readonly port: number
  readonly targetPort: number
  readonly roundTripMs: number
}

export type Layout = {
  readonly data: string
  readonly regions: readonly RegionPlan[]
  readonly links: readonly LinkPlan[]
  /** Further ports of the links, between the quorum servers. */
  readonly routes: readonly LinkPlan[]
  /** Of the links. */
  readonly controlPort: number
  readonly controlUrl: string
  /** Of `longitude up` itself. */
  readonly supervisorPort: number
  readonly frontDoor?: { readonly port: number; readonly url: string }
  /** On the loopback. */
  readonly console?: { readonly port: number; readonly url: string }
}

export type LayoutOptions = {
  readonly regions: readonly string[]
  readonly basePort: number
  readonly data: string
  readonly host: string
  /** False: links carry no distance. */
  readonly latency: boolean
  /** Whether there is to be one, and where, if not in its usual place. */
  readonly frontDoor?: boolean
  readonly frontDoorPort?: number | undefined
  /** Likewise. */
  readonly console?: boolean
  readonly consolePort?: number | undefined
  /** False: no caches. */
  readonly cache: boolean
  /** Whether clients speak TLS. */
  readonly tls?: boolean
  /** Nodes of each region; 1 unless given. */
  readonly nodes?: number
}

const cacheOffset = 50
const natsOffset = 100
const daxOffset = 111
const frontDoorOffset = 99
const linksControlOffset = 199
const supervisorOffset = 198
const consoleOffset = 197
const portsOfDeployment = 200
const portMax = 65_535
/** With fewer regions no majority outlives one of them. */
const quorumRegionsMin = 3
/** Where nobody has measured: about half around the world. */
export const unmeasuredRoundTripMs = 150

export function layOut(options: LayoutOptions, known: Regions): Layout {
  const { basePort, host } = options
  const count = options.regions.length
  const { frontDoor = false, frontDoorPort = basePort + frontDoorOffset } = options
  const { console: hasConsole = false, consolePort = basePort + consoleOffset, tls = false } = options
  const { nodes = 1 } = options
  const hasQuorum = count >= quorumRegionsMin
  const between = count * (count - 1)
  const free = freePorts(options, [frontDoorPort, consolePort], hasQuorum ? 2 * between + 2 * count : between)
  const behind = basePort + portsOfDeployment + count * (2 * count + 3)
  const linksBehind = behind + count * portsOfNodes(nodes)
  const lastOfNodes = nodes === 1 ? 0 : linksBehind + between * nodes
  const lastPort = Math.max(basePort + portsOfDeployment, ...free, daxPort(basePort, count, count - 1), lastOfNodes)
  if (lastPort > portMax) throw new Failure(`--base-port ${basePort} leaves no room for the ports of ${count} regions`)
  // Between the caches and the NATS servers, and between these and what follows, there is room for so many.
  if (count >= natsOffset - cacheOffset)
    throw new Failure(`at most ${natsOffset - cacheOffset - 1} regions fit on one machine`)
  const data = resolve(options.data)
  const regions = options.regions.map((name, index) => ({
    ...known.named(name),
    port: basePort + index,
    endpoint: endpointAt(host, basePort + index, tls),
    natsPort: basePort + natsOffset + index,
    ...(hasQuorum ? { quorum: quorumAt(free, between + 2 * index) } : {}),
    ...(options.cache ? { cache: cacheAt(index) } : {}),
    folder: join(data, name),
    nodes: nodesOf(nodes, join(data, name), behind + index * portsOfNodes(nodes)),
  }))
  return {
    data,
    regions,
    ...linksBetween(regions, free, distance),
    ...(nodes === 1 ? {} : { links: linksToNodes(regions, linksBehind, distance) }),
    controlPort: linksControlPort(basePort),
    controlUrl: linksControl(basePort, tls),
    supervisorPort: basePort + supervisorOffset,
    ...(frontDoor ? { frontDoor: { port: frontDoorPort, url: endpointAt(host, frontDoorPort, tls) } } : {}),
    ...(hasConsole ? { console: { port: consolePort, url: endpointAt('127.0.0.1', consolePort, tls) } } : {}),
  }

  function cacheAt(index: number): CachePlan {
    const [port, dax] = [basePort + cacheOffset + index, daxPort(basePort, count, index)]
    const daxUrl = endpointAt(host, dax, tls).replace(/^http/, 'dax')
    return { port, endpoint: endpointAt(host, port, tls), dax: { port: dax, url: daxUrl } }
  }

  function distance(from: string, to: string): number {
    return options.latency ? (known.roundTripMs(from, to) ?? unmeasuredRoundTripMs) : 0
  }
}

function quorumAt(free: readonly number[], index: number): { readonly port: number; readonly routePort: number } {
  const [port = 0, routePort = 0] = free.slice(index)
  return { port, routePort }
}

/** One from each region to each other one, and once more between their quorum servers. */
function linksBetween(
  regions: readonly RegionPlan[],
  free: readonly number[],
  distance: (from: string, to: string) => number,
): Pick<Layout, 'links' | 'routes'> {
  const pairs = regions.flatMap((from) => regions.flatMap((to) => (from === to ? [] : [{ from, to }])))
  const linkAt = ({ from, to }: (typeof pairs)[number], port: number | undefined, targetPort: number): LinkPlan => {
    return { from: from.name, to: to.name, port: port ?? 0, targetPort, roundTripMs: distance(from.name, to.name) }
  }
  const ofRoutes = free.slice(pairs.length + 2 * regions.length)
  return {
    links: pairs.map((pair, index) => linkAt(pair, free[index], pair.to.natsPort)),
    routes: pairs.flatMap((pair, index) =>
      pair.to.quorum === undefined ? [] : [linkAt(pair, ofRoutes[index], pair.to.quorum.routePort)],
    ),
  }
}

/** One from each region to each node of each other one: only the leading node serves the bus. */
function linksToNodes(
  regions: readonly RegionPlan[],
  firstPort: number,
  distance: (from: string, to: string) => number,
): Layout['links'] {
  const ways = regions.flatMap((from) =>
    regions
      .filter((to) => to !== from)
      .flatMap((to) => to.nodes.map((node) => ({ from: from.name, to: to.name, node }))),
  )
  return ways.map(({ from, to, node }, index) => {
    const ends = { port: firstPort + index, targetPort: node.natsPort, roundTripMs: distance(from, to) }
    return { from, to, node: node.name, ...ends }
  })
}

/** Among the NATS servers' ports and the links', as long as those of the NATS servers end before it. */
function daxPort(basePort: number, count: number, index: number): number {
  const first = natsOffset + count <= daxOffset ? daxOffset : portsOfDeployment + count * count
  return basePort + first + index
}

/** For the links, then the quorum servers and their links: what the rest leaves free, with caches or without. */
function freePorts({ regions, basePort }: LayoutOptions, taken: readonly number[], wanted: number): readonly number[] {
  const count = regions.length
  const dax = new Set(regions.map((_, index) => daxPort(basePort, count, index)))
  const gaps = [
    [natsOffset + count, consoleOffset],
    [count, cacheOffset],
    [cacheOffset + count, frontDoorOffset],
    [portsOfDeployment, portsOfDeployment + count * count],
    [portsOfDeployment + count * (count + 1), portsOfDeployment + count * (2 * count + 3)],
  ] as const
  return gaps
    .flatMap(([from, to]) => Array.from({ length: Math.max(0, to - from) }, (_, n) => basePort + from + n))
    .filter((port) => !taken.includes(port) && !dax.has(port))
    .slice(0, wanted)
}

/** Where the front door of a run with this base port is, unless it was put elsewhere. */
export const frontDoorPortAt = (basePort: number): number => basePort + frontDoorOffset

/** Where the console of a run with this base port is, unless it was put elsewhere. */
export const consolePortAt = (basePort: number): number => basePort + consoleOffset

/** Where the links are controlled, by drills and by `longitude links`. */
export function linksControl(basePort: number, tls = false): string {
  return endpointAt('127.0.0.1', linksControlPort(basePort), tls)
}

const linksControlPort = (basePort: number): number => basePort + linksControlOffset

/** As it is reached from this machine, also where it listens on every address. */
export function endpointAt(host: string, port: number, tls = false): string {
  const scheme = tls ? 'https' : 'http'
  if (host === '0.0.0.0') return `${scheme}://127.0.0.1:${port}`
  if (host === '::') return `${scheme}://[::1]:${port}`
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Every port with what it is for. */
export function portsOf({
  regions,
  links,
  routes,
  controlPort,
  supervisorPort,
  frontDoor,
  console,
}: Layout): readonly { readonly port: number; readonly purpose: string }[] {
  return [
    ...regions.map(({ port, name }) => ({ port, purpose: `the endpoint of ${name}` })),
    ...regions.flatMap(({ cache, name }) =>
      cache === undefined
        ? []
        : [
            { port: cache.port, purpose: `the cache of ${name}` },
            { port: cache.dax.port, purpose: `the cache of ${name} for DAX clients` },
          ],
    ),
    ...regions.flatMap(({ natsPort, name, nodes }) =>
      nodes.length === 0
        ? [{ port: natsPort, purpose: `the NATS server of ${name}` }]
        : nodes.flatMap((node) => portsOfNodePlan(name, node)),
    ),
    ...regions.flatMap(({ quorum, name }) =>
      quorum === undefined
        ? []
        : [
            { port: quorum.port, purpose: `the quorum server of ${name}` },
            { port: quorum.routePort, purpose: `the quorum server of ${name} for the others` },
          ],
    ),
    ...(frontDoor === undefined ? [] : [{ port: frontDoor.port, purpose: 'the front door' }]),
    ...(console === undefined ? [] : [{ port: console.port, purpose: 'the console' }]),
    { port: supervisorPort, purpose: 'the control of `longitude up`' },
    { port: controlPort, purpose: "the links' control" },
    ...links.map(({ port, from, to, node }) => {
      const whose = node === undefined ? '' : `, node ${node}`
      return { port, purpose: `the link from ${from} to ${to}${whose}` }
    }),
    ...routes.map(({ port, from, to }) => ({ port, purpose: `the link from ${from} to ${to} for quorum servers` })),
  ]
}
