/** A node of a simulated region: a disk and a clock that last, and a process that comes and goes on them. */
import { MemoryDisk } from '../../../src/adapters/memory/memory-store.ts'
import { RegionClock } from '../../../src/adapters/memory/region-clock.ts'
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { NodeProcess } from './node-process.ts'
import type { NodesWorld } from './nodes-world.ts'

export class SimulatedNode {
  readonly world: NodesWorld
  readonly name: string
  readonly random: SeededRandom
  readonly clock: RegionClock
  disk = new MemoryDisk()
  /** How often its disk was replaced. */
  disks = 1
  flushMs = 1
  /** Of a write, from 0 to 1. */
  storeFails = 0
  /** Nothing that is placed is told here before. */
  hearsFromMs = 0
  process: NodeProcess | undefined

  constructor(world: NodesWorld, name: string) {
    this.world = world
    this.name = name
    this.random = world.random.fork()
    this.clock = new RegionClock(world.scheduler)
  }

  start(): void {
    this.process ??= new NodeProcess(this)
  }

  /** kill -9: of the batches under way, the first `landed` had reached the disk. */
  crash(landed = 0): void {
    this.process?.crash(landed)
    this.process = undefined
  }

  /** Its disk is replaced with an empty one. */
  loseDisk(): void {
    this.crash()
    this.disk = new MemoryDisk()
    this.disks++
  }

  get isWhole(): boolean {
    return this.process?.log.status().isWhole === true
  }
}
