/**
 * All of a cluster that a reset replaces: time, network and regions. A world begins with a state, and its state can be taken at any
 * moment; so reset, snapshot and fork are the same thing.
 */
import { MemoryNetwork } from '../adapters/memory/memory-bus.ts'
import type { LinkState } from '../adapters/memory/memory-link.ts'
import { MemoryQuorums } from '../adapters/memory/quorum/memory-quorum.ts'
import type { StreamCopies } from '../adapters/memory/quorum/memory-quorum-server.ts'
import type { StreamCopy } from '../adapters/memory/memory-server.ts'
import { SeededRandom } from '../adapters/memory/seeded-random.ts'
import type { Region } from '../core/topology.ts'
import type { Log } from '../ports/log.ts'
import type { LinkSettings } from './cluster-api.ts'
import { ClusterTime } from './cluster-time.ts'
import { type ApiSettings, freshRegion, type RegionSettings, type RegionState, WorldRegion } from './world-region.ts'

export type WorldSettings = {
  readonly regions: readonly Region[]
  /** The date at the beginning of the cluster's time. */
  readonly epochMs: number
  readonly region: RegionSettings
  readonly api: ApiSettings
  readonly log: (region: string) => Log
}

type LinkCopy = Required<LinkSettings> & { readonly from: string; readonly to: string; readonly state: LinkState }

export type WorldState = {
  readonly nowMs: number
  readonly random: readonly number[]
  readonly links: readonly LinkCopy[]
  readonly regions: ReadonlyMap<string, RegionState>
  readonly streams: ReadonlyMap<string, StreamCopy>
  readonly quorums: ReadonlyMap<string, StreamCopies>
}

/** Peers give up a session over a cut link after this long. */
const heartbeatTimeoutMs = 1000

export class World {
  readonly time: ClusterTime
  readonly epochMs: number
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly regions: ReadonlyMap<string, WorldRegion>
  readonly #random: SeededRandom

  constructor(settings: WorldSettings, state: WorldState) {
    this.#random = SeededRandom.continuedFrom(state.random)
    const { epochMs, region, api } = settings
    this.epochMs = epochMs
    this.time = new ClusterTime(this.#random, state.nowMs)
    this.network = new MemoryNetwork(this.time, this.#random, { heartbeatTimeoutMs })
    const { time, network } = this
    const wallMs = (member: string): number => this.regions.get(member)?.clock.peekMs() ?? epochMs + time.nowMs
    this.quorums = new MemoryQuorums({ network, random: this.#random, wallMs })
    for (const link of state.links) this.#restoreLink(link)
    for (const [name, stream] of state.streams) this.network.server(name).beginWith(stream)
    for (const [name, streams] of state.quorums) this.quorums.server(name).beginWith(streams)
    const { quorums } = this
    this.regions = new Map(
      settings.regions.map((self) => {
        const log = settings.log(self.name)
        const options = { self, regions: settings.regions, time, network, quorums, epochMs, settings: region, api, log }
        return [self.name, new WorldRegion(options, state.regions.get(self.name) ?? freshRegion(this.#random))]
      }),
    )
  }

  /** Starts the regions. Time stands until `time.pass()`. */
  async begin(): Promise<void> {
    for (const region of this.regions.values()) await region.begin()
  }

  /** What is durable everywhere, the links, the clocks and the chance of what follows: another world can begin with it. */
  state(): WorldState {
    const names = [...this.regions.keys()]
    const links = names.flatMap((from) => names.filter((to) => to !== from).map((to) => this.#copyLink(from, to)))
    return {
      nowMs: this.time.nowMs,
      random: this.#random.state(),
      links,
      regions: new Map([...this.regions].map(([name, region]) => [name, region.state()])),
      streams: new Map(names.map((name) => [name, this.network.server(name).copyStream()])),
      quorums: new Map(names.map((name) => [name, this.quorums.server(name).copyStreams()])),
    }
  }

  end(): void {
    for (const region of this.regions.values()) region.kill()
    this.time.stop()
  }

  setLink(from: string, to: string, { ms, jitter, loss }: LinkSettings): void {
    const link = this.network.link(from, to)
    if (ms !== undefined) link.delayMs = ms
    if (jitter !== undefined) link.jitterMs = jitter
    if (loss !== undefined) link.loseChance = loss
  }

  #copyLink(from: string, to: string): LinkCopy {
    const { delayMs, jitterMs, loseChance, state } = this.network.link(from, to)
    return { from, to, ms: delayMs, jitter: jitterMs, loss: loseChance, state }
  }

  #restoreLink({ from, to, state, ...settings }: LinkCopy): void {
    this.setLink(from, to, settings)
    if (state !== 'up') this.network.cut(from, to, state)
  }
}

export function emptyState(seed: number): WorldState {
  const random = new SeededRandom(seed).state()
  return { nowMs: 0, random, links: [], regions: new Map(), streams: new Map(), quorums: new Map() }
}
