/**
 * Who listens where when all regions run on one machine. Endpoints are the base port and the ports after it, in the order
 * of the regions; caches are 50 above their region's endpoint and NATS servers 100; the link from the i-th of n regions to
 * the j-th is at base + 200 + i × n + j, and the links' control is at base + 199; the front door is at base + 99.
 * Everything but the endpoints, the caches and the front door listens on the loopback only.
 */
import { join, resolve } from 'node:path'
import { Failure } from '../process/failure.ts'
import type { Regions } from './regions.ts'

export type RegionPlan = {
  readonly name: string
  readonly number: number
  readonly city: string
  readonly port: number
  readonly endpoint: string
  readonly natsPort: number
  /** Of the cache before it, unless there are none. */
  readonly cache?: { readonly port: number; readonly endpoint: string }
  /** The node's own folder: data/<region>. */
  readonly folder: string
}

export type LinkPlan = {
  readonly from: string
  readonly to: string
  readonly port: number
  readonly targetPort: number
  readonly roundTripMs: number
}

export type Layout = {
  readonly data: string
  readonly regions: readonly RegionPlan[]
  readonly links: readonly LinkPlan[]
  readonly controlPort: number
  readonly frontDoor?: { readonly port: number; readonly url: string }
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
  /** False: no caches. */
  readonly cache: boolean
}

const cacheOffset = 50
const natsOffset = 100
const frontDoorOffset = 99
const linksControlOffset = 199
const linksOffset = 200
const portMax = 65_535
/** Where nobody has measured: about half around the world. */
export const unmeasuredRoundTripMs = 150

export function layOut(options: LayoutOptions, known: Regions): Layout {
  const { basePort, host } = options
  const count = options.regions.length
  if (basePort + linksOffset + count * count > portMax)
    throw new Failure(`--base-port ${basePort} leaves no room for the ports of ${count} regions`)
  // Between the caches and the NATS servers, and between these and what follows, there is room for so many.
  if (count >= natsOffset - cacheOffset)
    throw new Failure(`at most ${natsOffset - cacheOffset - 1} regions fit on one machine`)
  const data = resolve(options.data)
  const regions = options.regions.map((name, index) => ({
    ...known.named(name),
    port: basePort + index,
    endpoint: endpointAt(host, basePort + index),
    natsPort: basePort + natsOffset + index,
    ...(options.cache ? { cache: cacheAt(basePort + cacheOffset + index) } : {}),
    folder: join(data, name),
  }))
  const links = regions.flatMap((from, i) =>
    regions.flatMap((to, j) =>
      i === j
        ? []
        : [
            {
              from: from.name,
              to: to.name,
              port: basePort + linksOffset + i * count + j,
              targetPort: to.natsPort,
              roundTripMs: distance(from.name, to.name),
            },
          ],
    ),
  )
  const { frontDoor = false, frontDoorPort = basePort + frontDoorOffset } = options
  return {
    data,
    regions,
    links,
    controlPort: linksControlPort(basePort),
    ...(frontDoor ? { frontDoor: { port: frontDoorPort, url: endpointAt(host, frontDoorPort) } } : {}),
  }

  function cacheAt(port: number): { readonly port: number; readonly endpoint: string } {
    return { port, endpoint: endpointAt(host, port) }
  }

  function distance(from: string, to: string): number {
    return options.latency ? (known.roundTripMs(from, to) ?? unmeasuredRoundTripMs) : 0
  }
}

/** Where the front door of a run with this base port is, unless it was put elsewhere. */
export const frontDoorPortAt = (basePort: number): number => basePort + frontDoorOffset

/** Where the links are controlled, by drills and by `longitude links`. */
export function linksControl(basePort: number): string {
  return `http://127.0.0.1:${linksControlPort(basePort)}`
}

const linksControlPort = (basePort: number): number => basePort + linksControlOffset

/** As it is reached from this machine, also where it listens on every address. */
export function endpointAt(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (host === '::') return `http://[::1]:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Every port with what it is for. */
export function portsOf({
  regions,
  links,
  controlPort,
  frontDoor,
}: Layout): readonly { readonly port: number; readonly purpose: string }[] {
  return [
    ...regions.map(({ port, name }) => ({ port, purpose: `the endpoint of ${name}` })),
    ...regions.flatMap(({ cache, name }) =>
      cache === undefined ? [] : [{ port: cache.port, purpose: `the cache of ${name}` }],
    ),
    ...regions.map(({ natsPort, name }) => ({ port: natsPort, purpose: `the NATS server of ${name}` })),
    ...(frontDoor === undefined ? [] : [{ port: frontDoor.port, purpose: 'the front door' }]),
    { port: controlPort, purpose: "the links' control" },
    ...links.map(({ port, from, to }) => ({ port, purpose: `the link from ${from} to ${to}` })),
  ]
}
