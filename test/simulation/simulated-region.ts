/**
 * One region of a simulated world: a disk, a hardware clock and a server that last, and a node's process that comes
 * and goes on them. Everything that the process touches is made anew at each start and fenced at each crash, so a
 * dead process does nothing more, although its promises are still around.
 */
import { expiryAtRest, expiryInWorld } from './expiring.ts'
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { required } from '../../src/core/assert.ts'
import type { Position } from '../../src/core/change/change.ts'
import type { ClockState } from '../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { clockDriftMsMax } from '../../src/core/limits/limits.ts'
import type { Table, TableId } from '../../src/core/table/table.ts'
import type { Region } from '../../src/core/topology.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { LambdaContext } from '../../src/operations/lambda/lambda-operation.ts'
import type { Env } from '../../src/ports/env.ts'
import type { Meter } from '../../src/ports/meter.ts'
import { type Store, StoreFull } from '../../src/ports/store.ts'
import type { Replication } from '../../src/readers/replication/renewing.ts'
import { boot, type Process } from './boot.ts'
import { isUsable } from './client.ts'
import { LogWatch } from './log-watch.ts'
import { LyingStore } from './lying-store.ts'
import { archiveInWorld } from './recovery.ts'
import { observed } from './observed-engine.ts'
import { ProcessClock, RegionClock } from '../../src/adapters/memory/region-clock.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { order } from './vectors.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

const restartMs = 300

/** The figures are taken from the status itself, which the inspector reads. */
const nothingMeasured: Meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }

/** A process's life. */
type Life = {
  readonly store: MemoryStore
  readonly lying: LyingStore | undefined
  readonly clock: ProcessClock
  readonly blobs: MemoryBlobs
  readonly env: Env
  process: Process | undefined
  readonly ended: Promise<void>
  readonly end: () => void
}

/** `isStopped`: it has been told that it is the later one of two. */
export type CopyProcess = { readonly kill: () => void; readonly isStopped: () => boolean }

export class SimulatedRegion {
  readonly region: Region
  readonly clock: RegionClock
  readonly watch: LogWatch
  /** How long a flush takes now, and how likely it is that the disk has no room for it. */
  flushMs = 1
  fullChance = 0
  flushes = 0
  refusedFlushes = 0
  /** How far this region has ever come in each of the others' logs, with disks that it has lost since, by epoch. */
  readonly #reached = new Map<string, Position>()
  /** Where this region's durable cursors in the others' logs stood last, alive or not. */
  readonly cursors = new Map<string, { readonly epoch: string; readonly position: Position }>()
  /** The log that was set back to an older copy of itself, until another begins. */
  setBackEpoch: string | undefined
  setBackAtMs = -Infinity
  /** Logs that have begun since. */
  readonly #renewals = new Set<string>()
  /** By epoch, the furthest that a log has been before it was set back, or went on under another epoch. */
  readonly #furthest = new Map<string, Position>()
  readonly #world: World
  readonly #random: SeededRandom
  #disk = new MemoryDisk()
  #life: Life | undefined
  /** The regions as this one knows them: one array, which changes under the running process. */
  readonly #known: Region[] = []
  #retired = false
  #tablesSeen: readonly Table[] = []
  #clockSeen: ClockState = { wallMs: 0, counter: 0 }

  constructor(world: World, region: Region, random: SeededRandom) {
    this.#world = world
    this.region = region
    this.#random = random
    this.clock = new RegionClock(world.scheduler, { grainMs: world.variant.coarseClockMs })
    this.watch = new LogWatch(region, {
      onEntry: (entry) => world.oracle.learn(region, entry),
      onSucceeded: (table, own) => world.detach(this, table, own),
    })
  }

  furthestOf(epoch: string): Position {
    return Math.max(this.watch.position, this.#furthest.get(epoch) ?? 0)
  }

  /** How far it has ever come in that log of another region. */
  reachedIn(epoch: string): Position {
    return this.#reached.get(epoch) ?? 0
  }

  get name(): string {
    return this.region.name
  }

  /** The engine while the node serves. */
  get engine(): Engine | undefined {
    return this.#life?.process?.engine
  }

  get replication(): Replication | undefined {
    return this.#life?.process?.replication
  }

  get lambda(): LambdaContext | undefined {
    return this.#life?.process?.lambda
  }

  /** Of the present process, for what is done in its name. */
  get env(): Env {
    return required(this.#life?.env, 'the environment of a running process')
  }

  /** Resolves when the present process has crashed. */
  get ended(): Promise<void> {
    return this.#life?.ended ?? Promise.resolve()
  }

  get running(): boolean {
    return this.#life !== undefined
  }

  get writesUnderWay(): number {
    return this.#life?.store.underWay ?? 0
  }

  /** Whether it has, or had when it was last up, the table or a part of it. */
  has(id: TableId): boolean {
    return this.#tablesSeen.some((table) => table.id === id)
  }

  idOf(name: string): TableId | undefined {
    return this.#tablesSeen.find((table) => table.name === name)?.id
  }

  get knownRegions(): readonly string[] {
    return this.#known.map(({ name }) => name)
  }

  /** Whatever the process does with it, those that stay are the same objects. */
  learnTopology(): void {
    if (this.#retired) return
    const others = this.#world.regions.filter((region) => region !== this)
    this.#known.splice(0, this.#known.length, this.region, ...others.map(({ region }) => region))
    this.replication?.topologyChanged()
  }

  /** It never comes back. */
  retire(): void {
    this.#retired = true
    this.crash()
  }

  /** A second process, on a copy of the store as it is now, which no client finds. */
  async startCopy(): Promise<CopyProcess> {
    const { network, oracle, scheduler, story } = this.#world
    oracle.hasCopy(this.region)
    this.setBackEpoch = this.watch.epoch
    this.setBackAtMs = scheduler.nowMs
    const store = new MemoryStore({ disk: this.#disk.copy(), durable: () => this.#flush() })
    const clock = new ProcessClock(this.clock)
    const bus = network.joinBeside(this.name)
    const [log, meter] = [story.logOf(`copy of ${this.name}`), nothingMeasured]
    const env: Env = { clock, random: this.#random.fork(), store, bus, blobs: new MemoryBlobs(), log, meter }
    const kill = (): void => {
      clock.crash()
      store.crash(0)
      bus.crash()
    }
    const process = await this.#bootOn(env, (engine) => engine)
    return { kill, isStopped: () => process.replication.halted !== undefined }
  }

  /** Starts the node, again and again while its disk is full. */
  async start(): Promise<void> {
    while (!this.#retired) {
      const life = this.#begin()
      this.#life = life
      try {
        await Promise.race([this.#boot(life), life.ended])
        return
      } catch (error) {
        if (!(error instanceof StoreFull)) throw error
        this.#world.story.tell(this.name, 'cannot start', { error })
      }
      this.crash()
      await this.#world.scheduler.sleep(restartMs)
      if (this.running) return
    }
  }

  async #boot(life: Life): Promise<void> {
    const process = await this.#bootOn(life.env, (engine) => {
      this.#world.check(() => this.watch.attach(engine))
      const look = (): void => this.#world.check(() => this.#look(engine))
      engine.onFlushed(look)
      look()
      return observed(engine, this, this.#world)
    })
    if (this.#life === life) life.process = process
  }

  async #bootOn(env: Env, observe: (engine: Engine) => Engine): Promise<Process> {
    return await boot({
      env,
      topology: { self: this.region, regions: this.#known },
      observe,
      variant: this.#world.variant,
      settings: {
        keys: this.#world.keys,
        logPositionsMax: this.#world.logPositionsMax,
        applyChangesMax: this.#world.applyChangesMax,
        backlogMessagesMin: this.#world.backlogMessagesMin,
      },
      streams: this.#world.streams,
      expiry: this.#world.expiring === undefined ? expiryAtRest : expiryInWorld,
      archive: this.#world.recovery === undefined ? undefined : archiveInWorld,
      functions: this.#world.triggers?.portsOf(this),
    })
  }

  /** kill -9: of the batches under way, the first `landed` had reached the disk without anybody hearing of it. */
  crash(landed = 0): void {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.clock.crash()
    life.store.crash(landed)
    life.blobs.crash()
    life.lying?.crash()
    this.#world.network.node(this.name)?.crash()
    this.watch.detach()
    life.end()
  }

  /** Bytes on the disk change by themselves. */
  overwrite(key: Buffer, value: Buffer | undefined): void {
    if (value === undefined) this.#disk.map.delete(key)
    else this.#disk.map.set(key, value)
  }

  /** The disk is replaced with an empty one. */
  wipeDisk(): void {
    this.crash()
    this.#disk = new MemoryDisk()
    this.watch.forgetAll()
    this.#tablesSeen = []
    this.setBackEpoch = undefined
    this.#world.oracle.doubt(this.region)
    for (const [id, regions] of this.#world.replicas) {
      this.#world.complete.get(id)?.delete(this)
      if (regions.size === 1 && regions.has(this)) this.#world.replicas.delete(id)
    }
    this.#clockSeen = { wallMs: 0, counter: 0 }
    this.cursors.clear()
  }

  /** A copy of the disk, with what the simulator knows of it; what is returned puts it back. */
  copyDisk(): () => void {
    this.watch.catchUp()
    const disk = this.#disk.copy()
    const [restoreWatch, tables, clock] = [this.watch.save(), this.#tablesSeen, this.#clockSeen]
    const cursors = new Map(this.cursors)
    const { position } = this.watch
    return () => {
      this.crash()
      this.#noteFurthest()
      this.#disk = disk.copy()
      restoreWatch()
      this.#tablesSeen = tables
      this.#clockSeen = clock
      this.cursors.clear()
      for (const [origin, place] of cursors) this.cursors.set(origin, place)
      this.setBackEpoch = this.watch.epoch
      this.#renewals.clear()
      this.setBackAtMs = this.#world.scheduler.nowMs
      this.#world.oracle.doubt(this.region, { table: undefined, after: position })
    }
  }

  renewed(before: string, epoch: string): void {
    this.#world.story.tell(this.name, 'a new log', { before, epoch, setBack: this.setBackEpoch })
    expectThat(
      // Once more when another peer knows of a log between the copy and the present one.
      before === this.setBackEpoch || this.#renewals.has(before),
      'a store begins a new log only when it is an older copy',
      () => `${this.name} has ended ${before}`,
    )
    this.#renewals.add(epoch)
    this.watch.catchUp()
    this.#noteFurthest()
    this.watch.epoch = epoch
  }

  /** The log ends here, or goes on under another epoch: peers may stand at its end for good. */
  #noteFurthest(): void {
    const { epoch } = this.watch
    this.#furthest.set(epoch, this.furthestOf(epoch))
  }

  #begin(): Life {
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const store = new MemoryStore({ disk: this.#disk, durable: () => this.#flush() })
    const { variant, scheduler } = this.#world
    const lying = variant.lyingDisk === true ? new LyingStore(store, () => scheduler.nowMs) : undefined
    const clock = new ProcessClock(this.clock)
    const blobs = new MemoryBlobs(this.#world.recovery?.blobsOf(this.name))
    const env = this.#env(lying ?? store, clock, blobs)
    return { store, lying, clock, blobs, env, process: undefined, ended, end }
  }

  #env(store: Store, clock: ProcessClock, blobs: MemoryBlobs): Env {
    const { network, story } = this.#world
    const env: Env = {
      clock,
      random: this.#random.fork(),
      store,
      bus: network.join(this.name),
      blobs,
      log: story.logOf(this.name),
      meter: nothingMeasured,
    }
    return this.#world.watchBus(this, env)
  }

  async #flush(): Promise<void> {
    await this.#world.scheduler.sleep(this.flushMs * (0.5 + this.#random.fraction()))
    this.flushes++
    if (!this.#random.chance(this.fullChance)) return
    this.refusedFlushes++
    throw new StoreFull('no space left on the simulated disk')
  }

  #look(engine: Engine): void {
    this.watch.catchUp()
    this.#checkClock(engine.clock())
    this.#noteComplete(engine)
    for (const origin of this.#world.regions) if (origin !== this) this.#checkCursor(engine, origin)
  }

  #noteComplete(engine: Engine): void {
    const tables = engine.tables()
    if (tables === this.#tablesSeen) return
    for (const { id } of this.#tablesSeen)
      if (engine.tableWithId(id) === undefined) {
        this.watch.forgetTable(id)
        this.#world.complete.get(id)?.delete(this)
      }
    this.#tablesSeen = tables
    for (const table of tables)
      if (isUsable(table, this.name)) this.#world.completeReplica(table.id, this)
      else this.#world.complete.get(table.id)?.delete(this)
  }

  #checkClock(clock: ClockState): void {
    const before = { ...this.#clockSeen, region: 0 }
    expectThat(
      order(before, { ...clock, region: 0 }) <= 0,
      'the hybrid clock never goes back',
      () => `${this.name} went from ${JSON.stringify(this.#clockSeen)} to ${JSON.stringify(clock)}`,
    )
    this.#clockSeen = clock
    const bound = this.clock.shownMaxMs + clockDriftMsMax
    expectThat(
      clock.wallMs <= bound,
      'the hybrid clock stays within the drift bound',
      () => `${this.name} stands at ${clock.wallMs}, ${clock.wallMs - bound} ms beyond the bound`,
    )
  }

  #checkCursor(engine: Engine, origin: SimulatedRegion): void {
    const cursor = engine.cursor(origin.name)
    if (cursor === undefined) return
    const place = { epoch: cursor.epoch, position: cursor.position }
    this.cursors.set(origin.name, place)
    this.#reached.set(place.epoch, Math.max(place.position, this.reachedIn(place.epoch)))
    if (cursor.epoch !== origin.watch.epoch) return
    origin.watch.catchUp()
    expectThat(
      cursor.position <= origin.furthestOf(cursor.epoch),
      'cursors stay within what the origin has flushed',
      () => `${this.name} stands at ${cursor.position} of ${origin.name}, which has ${origin.watch.position}`,
    )
    // Behind its log's beginning the state was merged instead.
    const { engine: ofOrigin } = origin
    if (ofOrigin === undefined || cursor.position < ofOrigin.oldest()) return
    // A store that was set back writes other transactions at the same positions, until it has found out.
    if (origin.setBackEpoch === cursor.epoch) return
    expectThat(
      !origin.watch.isWithinTransaction(cursor.position),
      'no transaction of a peer is applied in parts',
      () => `${this.name} stands at ${cursor.position} of ${origin.name}, which is within a transaction`,
    )
  }
}
