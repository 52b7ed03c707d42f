/** Everything of one run: time, chance, the network and its regions, and what is known of all of them from outside. */
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import type { Carried, Link } from '../../src/adapters/memory/memory-link.ts'
import { required } from '../../src/core/assert.ts'
import { decodeBatch } from '../../src/core/change/batch.ts'
import { kindOf } from '../../src/core/change/message.ts'
import type { Position } from '../../src/core/change/change.ts'
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../src/core/table/table.ts'
import type { Env } from '../../src/ports/env.ts'
import type { StreamSettings } from '../../src/readers/sweepers/change-streams.ts'
import { streamsAtRest, type Variant } from './boot.ts'
import { type Expected, Oracle } from './oracle.ts'
import { keyName } from './log-watch.ts'
import { Poison } from './corruption.ts'
import type { Recovery } from './recovery.ts'
import type { Refusals } from './refusals.ts'
import { Scheduler } from '../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { SimulatedRegion } from './simulated-region.ts'
import { Damage } from './damage.ts'
import { SimulatedKeys, signedBySender } from './signing.ts'
import { Sightings } from './sightings.ts'
import { Story } from './story.ts'
import type { TriggerWatch } from './trigger-watch.ts'
import { order } from './vectors.ts'
import { expectThat } from './violation.ts'

export type WorldOptions = {
  readonly seed: number
  readonly regionCount: number
  readonly variant: Variant
  readonly print?: (line: string) => void
}

const storyLinesMax = 4000
/** In the order in which they come; none is used again. */
const regionNames = ['virginia', 'dublin', 'tokyo', 'sydney', 'mumbai', 'ohio']
const delayMsMax = 120
/** A node looks at its list of regions every two seconds. */
const learnMsMax = 2500

export class World {
  readonly random: SeededRandom
  readonly scheduler: Scheduler
  readonly network: MemoryNetwork
  readonly story: Story
  readonly oracle = new Oracle()
  readonly sightings = new Sightings()
  readonly damage = new Damage()
  readonly keys = new SimulatedKeys()
  /** There are caches beside the regions. */
  cached = false
  #regionsEver: number
  /** Those that are part of the system now. */
  readonly regions: SimulatedRegion[]
  readonly variant: Variant
  /** Which regions have been told to have a replica of a table, and those of them that have said they are complete. */
  readonly replicas = new Map<TableId, Set<SimulatedRegion>>()
  readonly complete = new Map<TableId, Set<SimulatedRegion>>()
  /** The log may be trimmed past a peer that is further behind than this. */
  readonly logPositionsMax: number
  /** With few changes to a batch, several are under way at a time even in a short run. */
  readonly applyChangesMax: number
  readonly backlogMessagesMin: number
  readonly poison: Poison
  /** Of every region's change streams. */
  streams: StreamSettings = streamsAtRest
  /** Draws when items expire; undefined where none does. */
  expiring: SeededRandom | undefined
  /** Undefined where no table has point-in-time recovery. */
  recovery: Recovery | undefined
  /** Undefined where no table has a trigger. */
  triggers: TriggerWatch | undefined
  /** Undefined in a world whose regions answer whenever they can. */
  refusals: Refusals | undefined
  /** Per direction in which nothing can be read: how much of the origin's log there was when that began. */
  readonly unreadable = new Map<
    string,
    { readonly epoch: string; readonly flushed: Position; readonly sinceMs: number }
  >()
  /** Where a region's log stood when its replica of a table was asked to become a table of its own. */
  readonly releasing = new Map<string, Position>()
  /** Of each key the latest tombstone that some region has removed, when it was right to. */
  readonly #forgotten = new Map<string, Stamp>()
  /** Disks that were lost: what was only on them is gone, their conflict feeds too. */
  wipes = 0
  /** Disks that are being set back now. */
  oldDisks = 0
  /** Tables that had replicas and that no region is to have any more. */
  readonly removedTables = new Set<TableId>()
  /** Changes of tables that are being made: no disk is lost meanwhile. */
  chores = 0

  constructor({ seed, regionCount, variant, print }: WorldOptions) {
    this.random = new SeededRandom(seed)
    this.scheduler = new Scheduler(this.random.fork())
    this.story = new Story({
      nowMs: () => this.scheduler.nowMs,
      linesMax: storyLinesMax,
      ...(print === undefined ? {} : { print }),
    })
    this.network = new MemoryNetwork(this.scheduler, this.random.fork(), {
      delayMs: 40,
      jitterMs: 10,
      streamMessagesMax: this.random.pick([20, 200, 100_000]),
      outstandingMax: this.random.pick([1, 4, 64]),
    })
    this.poison = new Poison(this.random.fork(), (origin, position) => {
      const watch = this.regionNamed(origin)?.watch
      return watch === undefined || [position - 1, position].every((at) => !watch.isWithinTransaction(at))
    })
    this.logPositionsMax = this.random.pick([20, 1_000_000, 1_000_000])
    this.applyChangesMax = [1, 3, 1000][seed % 3] ?? 1
    this.backlogMessagesMin = [1, 4, 1000][(seed >> 2) % 3] ?? 1
    this.variant = variant
    this.regions = regionNames
      .slice(0, regionCount)
      .map((name, n) => new SimulatedRegion(this, { name, number: n + 1 }, this.random.fork()))
    this.#regionsEver = regionCount
    this.#tellTopology()
    for (const link of this.links()) link.delayMs = this.random.between(1, delayMsMax)
  }

  /** A new region, which nobody knows yet; each of the others learns of it in its own time. */
  async join(): Promise<SimulatedRegion> {
    const name = required(regionNames[this.#regionsEver++], 'a region more')
    const region = new SimulatedRegion(this, { name, number: this.#regionsEver }, this.random.fork())
    this.story.tell('world', 'a region joins', { region: name })
    for (const { name: other } of this.regions)
      for (const link of [this.network.link(name, other), this.network.link(other, name)])
        link.delayMs = this.random.between(1, delayMsMax)
    this.regions.push(region)
    region.learnTopology()
    this.#spreadTopology()
    await region.start()
    return region
  }

  /** A region is given up, with what only it had; its server may go with it, or still send what it has. */
  leave(region: SimulatedRegion): void {
    this.story.tell('world', 'a region leaves', { region: region.name })
    region.retire()
    if (this.random.chance(0.5)) this.network.server(region.name).stop()
    this.regions.splice(this.regions.indexOf(region), 1)
    this.wipes++
    this.oracle.doubt(region.region)
    for (const [id, replicas] of this.replicas)
      if (replicas.delete(region) && replicas.size === 0) this.replicas.delete(id)
    for (const replicas of this.complete.values()) replicas.delete(region)
    this.#spreadTopology()
  }

  /** What a link makes of a message that its sender itself has made wrong: it is signed. */
  signedWrong(alter: (payload: Buffer, carried: Carried) => Buffer): Link['alter'] {
    return (payload, carried) => signedBySender(this.keys, alter(payload, carried), carried)
  }

  #spreadTopology(): void {
    for (const region of this.regions)
      this.scheduler.after(this.random.between(0, learnMsMax), () => region.learnTopology())
  }

  #tellTopology(): void {
    for (const region of this.regions) region.learnTopology()
  }

  regionNamed(name: string): SimulatedRegion | undefined {
    return this.regions.find((region) => region.name === name)
  }

  expectedOf(table: TableId): readonly Expected[] {
    return this.oracle.expectedOf(table, (key, stamp) =>
      this.regions.some((region) => region.watch.knows(table, key, stamp)),
    )
  }

  removeReplica(table: TableId, region: SimulatedRegion): void {
    this.replicas.get(table)?.delete(region)
    this.complete.get(table)?.delete(region)
  }

  addReplica(table: TableId, region: SimulatedRegion): void {
    addTo(this.replicas, table, region)
  }

  completeReplica(table: TableId, region: SimulatedRegion): void {
    addTo(this.complete, table, region)
  }

  completeReplicasOf(table: TableId): readonly SimulatedRegion[] {
    return [...(this.complete.get(table) ?? [])]
  }

  /** A replica has become a table of its own: it keeps what it had, and the others what it had acknowledged by the time that it was asked to. */
  detach(region: SimulatedRegion, table: TableId, own: TableId): void {
    const asked = this.releasing.get(`${table} ${region.name}`) ?? 0
    this.removeReplica(table, region)
    this.addReplica(own, region)
    this.completeReplica(own, region)
    this.oracle.doubt(region.region, { table, after: asked })
    this.oracle.begin(own, [...region.watch.latestOf(own)])
  }

  forget(table: TableId, key: Buffer, tombstone: Stamp): void {
    if (!this.isForgotten(table, key, tombstone)) this.#forgotten.set(keyName(table, key), tombstone)
  }

  /** Some region has removed a tombstone at least as late as this. */
  isForgotten(table: TableId, key: Buffer, stamp: Stamp): boolean {
    const forgotten = this.#forgotten.get(keyName(table, key))
    return forgotten !== undefined && order(forgotten, stamp) >= 0
  }

  /** Whether the two share a table, so that one has to wait for the other. */
  concerns(a: SimulatedRegion, b: SimulatedRegion): boolean {
    return [...this.complete.values()].some((regions) => regions.has(a) && regions.has(b))
  }

  /** For checks in the middle of the system's own code, which might take their failure for one of its own and try again. */
  check(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.scheduler.fail(error)
    }
  }

  pairs(): readonly (readonly [SimulatedRegion, SimulatedRegion])[] {
    return this.regions.flatMap((a) => this.regions.filter((b) => b !== a).map((b) => [a, b] as const))
  }

  links(): readonly Link[] {
    return this.pairs().map(([a, b]) => this.network.link(a.name, b.name))
  }

  /** Looks at what a node puts on its stream: nothing may leave that is not durable at home. */
  watchBus(region: SimulatedRegion, env: Env): Env {
    const { bus } = env
    const stream = {
      last: () => bus.stream.last(),
      append: (payload: Buffer, after: number) => {
        this.check(() => checkPublished(region, payload))
        return bus.stream.append(payload, after)
      },
    }
    return {
      ...env,
      bus: {
        stream,
        caches: bus.caches,
        announce: (payload) => bus.announce(payload),
        serve: (handler) =>
          bus.serve(
            (payload, asker) =>
              this.refusals?.answerer(region.name, handler)(payload, asker) ?? handler(payload, asker),
          ),
        connect: (peer) => bus.connect(peer),
        close: () => bus.close(),
      },
    }
  }
}

function addTo(replicas: Map<TableId, Set<SimulatedRegion>>, table: TableId, region: SimulatedRegion): void {
  const regions = replicas.get(table)
  if (regions === undefined) replicas.set(table, new Set([region]))
  else regions.add(region)
}

function checkPublished(region: SimulatedRegion, payload: Buffer): void {
  if (kindOf(payload) !== 'batch') return
  const { upTo } = decodeBatch(payload)
  region.watch.catchUp()
  expectThat(
    upTo <= region.watch.position,
    'nothing is published before it is flushed',
    () => `${region.name} published up to ${upTo} and has ${region.watch.position}`,
  )
}
