/**
 * The regions that a node knows, kept up to date while it runs: those that it was told of by flag, and those whose
 * region.json says where their NATS server is. A folder that comes, goes or changes is seen within seconds; one that cannot be read
 * changes nothing. Code that was given `topology` sees the change in it.
 */
import type { Region, Topology } from '../core/topology.ts'
import type { Log } from '../ports/log.ts'
import { messageOf } from '../process/failure.ts'
import type { RegionEntry } from '../deployment/regions.ts'

export type Peer = Region & { readonly url: string }

export type TopologyWatch = {
  readonly topology: Topology
  readonly addresses: ReadonlyMap<string, string>
  /** Where clients reach the other regions, as far as is known now. */
  readonly endpoints: ReadonlyMap<string, string>
  /** `onChange` is told of each region whose address is another now; undefined: it has left. */
  start(onChange: (changed: ReadonlyMap<string, string | undefined>) => void): () => void
}

export type WatchOptions = {
  readonly self: Region
  /** These stay whatever the folder says. */
  readonly fixed: readonly Peer[]
  /** Endpoints told by flag, by region; they stay too. */
  readonly fixedEndpoints?: Readonly<Record<string, string>>
  readonly read: () => readonly RegionEntry[]
  readonly log: Log
  readonly everyMs?: number
}

const lookMs = 2000

export function watchTopology(options: WatchOptions): TopologyWatch {
  const { self, fixed, fixedEndpoints = {}, read, log, everyMs = lookMs } = options
  const first = read()
  let peers = peersIn(self, fixed, first)
  const endpoints = new Map(endpointsIn(first, fixedEndpoints))
  const regions: Region[] = []
  const addresses = new Map<string, string>()
  let complaint: string | undefined

  const take = (next: readonly Peer[]): void => {
    // A region that stays is the same object: what follows it goes on.
    const known = new Map(regions.map((region) => [region.name, region]))
    const moved = next.filter(({ name, url }) => (addresses.get(name) ?? url) !== url).map(({ name }) => name)
    const others = next.map(
      ({ name, number }) => (moved.includes(name) ? undefined : known.get(name)) ?? { name, number },
    )
    regions.splice(0, regions.length, self, ...others)
    renew(addresses, urlsOf(next))
    peers = next
  }
  const look = (): ReadonlyMap<string, string | undefined> => {
    const entries = read()
    renew(endpoints, endpointsIn(entries, fixedEndpoints))
    const next = peersIn(self, fixed, entries)
    const changed = changesBetween(peers, next)
    if (changed.size > 0) take(next)
    return changed
  }
  take(peers)
  return {
    topology: { self, regions },
    addresses,
    endpoints,
    start: (onChange) => {
      const timer = setInterval(() => {
        try {
          const changed = look()
          complaint = undefined
          if (changed.size > 0) onChange(changed)
        } catch (error) {
          const message = messageOf(error)
          if (message !== complaint)
            log.error('the regions cannot be read: those known before stay', { error: message })
          complaint = message
        }
      }, everyMs)
      return () => clearInterval(timer)
    },
  }
}

const urlsOf = (peers: readonly Peer[]): readonly (readonly [string, string])[] =>
  peers.map(({ name, url }) => [name, url])

function renew(map: Map<string, string>, entries: readonly (readonly [string, string])[]): void {
  map.clear()
  for (const [name, value] of entries) map.set(name, value)
}

/** The regions whose addresses are others, each with what it is now. */
function changesBetween(before: readonly Peer[], now: readonly Peer[]): ReadonlyMap<string, string | undefined> {
  const known = new Map(urlsOf(before))
  const changed = new Map<string, string | undefined>()
  for (const { name, url } of now) if (known.get(name) !== url) changed.set(name, url)
  for (const { name } of before) if (!now.some((peer) => peer.name === name)) changed.set(name, undefined)
  return changed
}

function endpointsIn(
  entries: readonly RegionEntry[],
  fixed: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const found = entries.flatMap(({ name, endpoint }) => (endpoint === undefined ? [] : [[name, endpoint] as const]))
  return [...found, ...Object.entries(fixed)]
}

function peersIn(self: Region, fixed: readonly Peer[], entries: readonly RegionEntry[]): readonly Peer[] {
  const given = new Set([self.name, ...fixed.map(({ name }) => name)])
  const found = entries.flatMap(({ name, number, nats }) =>
    nats === undefined || given.has(name) ? [] : [{ name, number, url: nats }],
  )
  return [...fixed, ...found]
}
