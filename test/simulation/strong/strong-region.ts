/**
 * One region of a world of strongly consistent tables: a disk, a hardware clock and a quorum server that last, and a node's process
 * that comes and goes on them.
 */
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { ProcessClock, RegionClock } from '../../../src/adapters/memory/region-clock.ts'
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { Region } from '../../../src/core/topology.ts'
import { required } from '../../../src/core/assert.ts'
import type { ReplicaState } from '../../../src/engine/order/replica-state.ts'
import type { OrderEnd } from '../../../src/engine/order/quorum-order.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { Meter } from '../../../src/ports/meter.ts'
import { expectThat } from '../violation.ts'
import { localEdits } from './requests.ts'
import { type Member, startMember } from './start-member.ts'
import type { StrongWorld } from './strong-world.ts'

/** A process that answers, until it has ended. */
export type Serving = { readonly member: Member; readonly ended: Promise<undefined> }

type Life = {
  readonly clock: ProcessClock
  readonly store: MemoryStore
  readonly quorum: { crash(): void }
  readonly ended: Promise<undefined>
  readonly end: () => void
  member: Member | undefined
}

const nothingMeasured: Meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }

export class StrongRegion {
  readonly region: Region
  readonly clock: RegionClock
  flushMs = 1
  readonly #world: StrongWorld
  readonly #random: SeededRandom
  #disk = new MemoryDisk()
  /** Its disk is empty, or its place in the order is gone: it starts from the state of another replica. */
  #isNew = false
  /** How often it has. */
  copied = 0
  #life: Life | undefined

  constructor(world: StrongWorld, region: Region) {
    this.#world = world
    this.region = region
    this.#random = world.random.fork()
    this.clock = new RegionClock(world.scheduler)
  }

  get name(): string {
    return this.region.name
  }

  get isUp(): boolean {
    return this.#life !== undefined
  }

  /** Undefined while the region does not serve. */
  get member(): Member | undefined {
    return this.#life?.member
  }

  /** Undefined while no process of it answers. */
  serving(): Serving | undefined {
    const { member, ended } = this.#life ?? {}
    return member === undefined || ended === undefined ? undefined : { member, ended }
  }

  /** Each process answers what it has, and the next one may be of another node. */
  get hasSeveral(): boolean {
    return false
  }

  /** For good. */
  end(): void {
    this.crash()
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return
    const { scheduler, quorums, story } = this.#world
    const clock = new ProcessClock(this.clock)
    const durable = async (): Promise<void> => await scheduler.sleep(this.flushMs * (0.5 + this.#random.fraction()))
    const store = new MemoryStore({ disk: this.#disk, durable })
    const quorum = quorums.join(this.name)
    let end: () => void = () => {}
    const ended = new Promise<undefined>((resolve) => {
      end = () => resolve(undefined)
    })
    const life: Life = { clock, store, quorum, ended, end, member: undefined }
    this.#life = life
    const env: Env = {
      clock,
      random: this.#random.fork(),
      store,
      bus: this.#world.network.join(this.name),
      blobs: new MemoryBlobs(),
      log: story.logOf(this.name),
      meter: nothingMeasured,
    }
    const topology = { self: this.region, regions: this.#world.regions.map(({ region }) => region) }
    const { regions, replicas, guards, variant } = this.#world
    const members = regions.map(({ name }) => name)
    const onEnd = (why: OrderEnd, message: string): void => this.#ended(why, message)
    const startsFrom = this.#isNew ? await Promise.race([this.#stateOfAnother(clock), ended]) : undefined
    if (this.#life !== life) return
    const order = { members, replicas: replicas.length, guards, variant, startsFrom, onEnd }
    const starting = startMember({ env, quorum, topology, ...order })
    const member = await Promise.race([this.#isNew ? starting.catch(() => undefined) : starting, ended])
    if (member === undefined && this.#life === life) return await this.#startAgain()
    if (this.#life !== life || member === undefined) return
    if (startsFrom !== undefined) {
      this.#isNew = false
      this.copied++
    }
    life.member = member
  }

  /** Its disk is replaced with an empty one. */
  loseDisk(): void {
    this.crash()
    this.#disk = new MemoryDisk()
    this.#isNew = true
  }

  /** The other replica has no state to give, as when it has just begun itself. */
  async #startAgain(): Promise<void> {
    this.loseDisk()
    await this.#world.scheduler.sleep(500)
    await this.start()
  }

  #ended(why: OrderEnd, message: string): void {
    this.#world.story.tell(this.name, 'the order has ended', { message })
    this.#world.check(() =>
      expectThat(why === 'trimmed' && this.#world.mayTrim, 'no replica has to stop', () => message),
    )
    this.loseDisk()
    void this.start()
  }

  /** A few rows at a time, over a distance, from one that serves; it may die meanwhile, and then nothing more comes. */
  async #stateOfAnother(clock: ProcessClock): Promise<ReplicaState> {
    const others = this.#world.replicas.filter((region) => region !== this)
    const serving = (): StrongRegion | undefined => others.find(({ member }) => member !== undefined)
    while (serving() === undefined) await clock.sleep(200)
    const chosen = required(serving(), 'a replica that serves')
    const answer = async <T>(work: (engine: Engine) => T): Promise<T> => {
      await clock.sleep(this.#world.network.link(chosen.name, this.name).delayMs)
      if (chosen.member !== undefined) return work(chosen.member.engine)
      // As its caretaker does: it begins with another one.
      this.loseDisk()
      void this.start()
      return await new Promise<never>(() => {})
    }
    return {
      record: () => answer((engine) => engine.orderRecord()),
      tables: () =>
        answer((engine) =>
          engine.knownTables().map((id) => {
            return { id, isHere: engine.tableWithId(id) !== undefined, horizon: engine.horizon(id) }
          }),
        ),
      registers: (id) => answer((engine) => engine.registers(id)),
      rows: (id, after) => answer((engine) => engine.rows(id, after, 2, 1_000_000)),
    }
  }

  /** As every replica does of its own, once the table is there. */
  async settle(): Promise<void> {
    await this.member?.engine.define(this.#world.tableId, localEdits(this.clock.peekMs()))
  }

  /** kill -9: of the batches under way, the first `landed` had reached the disk. */
  crash(landed = 0): void {
    const life = this.#life
    if (life === undefined) return
    this.#life = undefined
    life.clock.crash()
    life.store.crash(landed)
    life.quorum.crash()
    this.#world.network.node(this.name)?.crash()
    life.end()
  }

  get writesUnderWay(): number {
    return this.#life?.store.underWay ?? 0
  }
}
