/** Regions over a network in memory, and clients that write to them without a pause, each to keys of its own. */
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { Region } from '../../src/core/topology.ts'
import type { Write } from '../../src/core/write/write.ts'
import { TestRegion } from './region.ts'

export const newNetwork = (): MemoryNetwork => new MemoryNetwork(systemClock, systemRandom)

export async function startRegions(network: MemoryNetwork, names: readonly string[]): Promise<TestRegion[]> {
  const regions = names.map((name) => new TestRegion(name, names))
  await Promise.all(regions.map((region) => region.start(network.join(region.name))))
  return regions
}

/** As the node does when a region's folder comes or goes. */
export function setTopology(region: TestRegion, names: readonly string[], numbers: readonly string[]): void {
  const known = new Map(region.topology.regions.map((each) => [each.name, each]))
  const next = names.map((name): Region => known.get(name) ?? { name, number: numbers.indexOf(name) + 1 })
  ;(region.topology.regions as Region[]).splice(0, Infinity, ...next)
  region.replication.topologyChanged()
}

/** Writes, overwrites and deletes until it is stopped; then `expected` is what its keys must hold everywhere. */
export class Writer {
  readonly expected = new Map<string, string | undefined>()
  readonly #region: TestRegion
  readonly #table: string
  readonly #keys: number
  readonly #running: Promise<void>
  #over = false

  constructor(region: TestRegion, table: string, keys = 300) {
    this.#region = region
    this.#table = table
    this.#keys = keys
    this.#running = this.#run()
    // Told when it is stopped; a test that fails before has another story.
    this.#running.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let n = 0; !this.#over; n++) {
      const id = `${this.#region.name} ${(n * 7) % this.#keys}`
      const value = n % 3 === 2 ? undefined : `value ${n}`
      // Known before it is acknowledged: nobody else writes the key.
      this.expected.set(id, value)
      if (value === undefined) await this.#region.remove(this.#table, id)
      else await this.#region.put(this.#table, id, value)
      // A store in memory is done at once, and others want to live.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

export async function fill(region: TestRegion, table: string, items: number, sizeBytes = 100): Promise<void> {
  for (let n = 0; n < items; n += 500) {
    const writes: Promise<unknown>[] = []
    for (let item = n; item < Math.min(items, n + 500); item++)
      writes.push(region.engine.commit([filled(region, table, item, sizeBytes)]))
    await Promise.all(writes)
  }
}

const filled = (region: TestRegion, table: string, item: number, sizeBytes: number): Write =>
  region.write(table, `item ${item}`, `${item} `.padEnd(sizeBytes, 'x'))
