/** Up to when tombstones and registers are of no more use to any region, from what the regions have told of themselves. */
import type { Seen } from '../../../core/change/control.ts'
import { everyRegion, type Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { Table, TableId } from '../../../core/table/table.ts'
import { peersOf, type Topology } from '../../../core/topology.ts'
import type { RegisterHorizon } from '../../../engine/commands/command.ts'
import type { Engine } from '../../../engine/engine.ts'
import { departedRegions } from '../notes/pending-merges.ts'
import { horizonOf } from '../prove/horizon.ts'
import type { Subscriber } from '../receive/subscriber.ts'

export type HorizonsOptions = {
  readonly engine: Engine
  readonly topology: Topology
  /** Of all peers, and of those whose logs this region has a place in. */
  readonly subscribers: Pick<ReadonlyMap<string, Subscriber>, 'size'>
  readonly met: () => readonly Subscriber[]
  /** Something that is known to others may be missing here. */
  readonly hasPendingMerges: () => boolean
}

export class Horizons {
  readonly #options: HorizonsOptions

  constructor(options: HorizonsOptions) {
    this.#options = options
  }

  ofTable(table: Table): Stamp | undefined {
    const { engine, met } = this.#options
    if (table.replicas.length === 0) return { ...engine.clock(), region: everyRegion }
    return this.#from(met(), table)
  }

  ofRegisters(id: TableId): RegisterHorizon | undefined {
    const { engine, topology, subscribers, met: metNow } = this.#options
    const met = metNow()
    // A region that has not been met yet may know anything.
    const upTo = met.length < subscribers.size ? undefined : this.#from(met, { id, replicas: [] })
    return upTo && { upTo, left: departedRegions({ engine, peers: peersOf(topology) }) }
  }

  #from(met: readonly Subscriber[], table: Pick<Table, 'id' | 'replicas'>): Stamp | undefined {
    const { engine, hasPendingMerges } = this.#options
    const own: Seen = { region: engine.region.name, clock: engine.clock() }
    // Of a state that is being merged, parts may have been read before the peer knew what it knows now.
    if (hasPendingMerges() || met.some(({ linkState }) => linkState.now === 'resync')) return undefined
    const told = met.map(({ peer, peerState }) => ({ region: peer.name, watermark: peerState.watermark }))
    const least = horizonOf(table, own, told)
    return least === undefined ? undefined : { ...least, region: everyRegion }
  }
}
