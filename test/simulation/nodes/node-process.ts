/** What runs in one process of a node: its node log, and the region while it leads. */
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { ProcessClock } from '../../../src/adapters/memory/region-clock.ts'
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { ReadingEngine } from '../../../src/engine/reading-engine.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Meter } from '../../../src/ports/meter.ts'
import { StoreFailed } from '../../../src/ports/store.ts'
import { NodeLog } from '../../../src/region/nodes/node-log.ts'
import type { AskTerm } from '../../../src/region/nodes/term-rounds.ts'
import type { NodeRole } from '../../../src/region/nodes/node-role.ts'
import type { Member } from '../strong/start-member.ts'
import { Gate, gatedClock, gatedQuorum } from './gate.ts'
import type { SimulatedNode } from './simulated-node.ts'

const nothingMeasured: Meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
const noBus = undefined as unknown as Bus

export const group = 'nodes'
/** The region that the nodes are of. */
export const region = { name: 'us-east-1', number: 1 }

/** The region of one term. */
type Term = { readonly term: number; member: Member | undefined; isOver: boolean }

export class NodeProcess {
  readonly node: SimulatedNode
  readonly store: MemoryStore
  readonly log: NodeLog
  readonly gate: Gate
  /** Resolves when the process has died. */
  readonly ended: Promise<undefined>
  readonly #end: () => void
  readonly #clock: ProcessClock
  readonly #gatedClock: Clock
  readonly #quorum: { crash(): void }
  readonly #random: SeededRandom
  #term: Term | undefined
  #reading: ReadingEngine | undefined

  constructor(node: SimulatedNode) {
    const { world, name } = node
    this.node = node
    this.#random = node.random.fork()
    this.gate = new Gate(world.scheduler, this.#random.fork())
    this.#clock = new ProcessClock(node.clock)
    this.#gatedClock = gatedClock(this.#clock, this.gate)
    this.store = new MemoryStore({ disk: node.disk, durable: () => this.#durable() })
    const quorum = world.quorums.join(name)
    this.#quorum = quorum
    let end: () => void = () => {}
    this.ended = new Promise((resolve) => (end = () => resolve(undefined)))
    this.#end = end
    const askTerm: AskTerm = (other) => this.#askTerm(other)
    this.log = new NodeLog({
      group,
      nodes: world.nodes.map((each) => each.name),
      self: { node: name, address: `at-${name}` },
      store: this.store,
      quorum: gatedQuorum(quorum, this.gate, () => this.#hears()),
      clock: this.#gatedClock,
      random: this.#random.fork(),
      log: world.story.logOf(name),
      ask: (other, question) => this.#ask(other, question),
      askTerm: world.variant.askTerm?.(askTerm) ?? askTerm,
      limits: world.limits,
    })
    this.log.onRole((role) => this.#onRole(role))
    void this.log.start()
  }

  /** The region that runs here now. */
  get member(): Member | undefined {
    return this.#term?.isOver === false ? this.#term.member : undefined
  }

  /** Resolves when it does not stand still, or has died. */
  async runs(): Promise<void> {
    if (!this.gate.isOpen) await Promise.race([this.gate.through(), this.ended])
  }

  /** For eventual reads; undefined while nothing may be read. */
  reading(): ReadingEngine | undefined {
    if (this.log.status().isWhole) this.#reading ??= this.#read()
    else this.#reading = undefined
    this.#reading?.renew()
    return this.#reading
  }

  #read(): ReadingEngine {
    return new ReadingEngine(Object.assign(this.store, { renew: () => {} }), region)
  }

  crash(landed = 0): void {
    this.#clock.crash()
    this.gate.end()
    this.#quorum.crash()
    this.store.crash(landed)
    this.#end()
  }

  async #hears(): Promise<void> {
    const { scheduler } = this.node.world
    while (this.node.hearsFromMs > scheduler.nowMs) await scheduler.sleep(this.node.hearsFromMs - scheduler.nowMs)
  }

  async #durable(): Promise<void> {
    const { world, flushMs, storeFails } = this.node
    await world.scheduler.sleep(flushMs * (0.5 + this.#random.fraction()))
    await this.gate.through()
    if (storeFails > 0 && this.#random.chance(storeFails)) throw new StoreFailed('the disk says no')
  }

  async #ask(other: string, question: Buffer): Promise<Buffer> {
    const { world, name } = this.node
    const answer = await world.send(name, other, async (process) => process.log.lend(question))
    await this.gate.through()
    if (answer === undefined) throw new Error(`${other} does not answer`)
    return answer
  }

  async #askTerm(other: string): Promise<number | undefined> {
    const { world, name } = this.node
    const known = await world.send(name, other, (process) => Promise.resolve(process.log.knownTerm()))
    await this.gate.through()
    return known
  }

  #onRole(role: NodeRole): void {
    this.node.world.story.tell(this.node.name, `is ${role.role}`, role)
    if (role.role === 'copying' && role.rows === 0 && role.from !== undefined) this.node.world.counts.copies++
    const leads = role.role === 'leading' ? role.term : undefined
    if (this.#term?.term === leads) return
    void this.#leave(this.#term)
    this.#term = undefined
    if (leads === undefined) return
    this.#term = { term: leads, member: undefined, isOver: false }
    void this.#begin(this.#term)
  }

  async #openRegion(env: Env, term: Term, latest: () => Promise<void>): Promise<Member> {
    const { variant, scheduler } = this.node.world
    const options = { topology: { self: region, regions: [region] }, ...(variant.isUnsure ? {} : { latest }) }
    const onBrokenInvariant = (error: Error): void => {
      if (!term.isOver) scheduler.fail(error)
    }
    const engine = await openEngine(env, { ...options, onBrokenInvariant })
    return { engine, barrier: sure(latest) }
  }

  async #leave(term: Term | undefined): Promise<void> {
    if (term === undefined) return
    term.isOver = true
    // What was under way has failed.
    await term.member?.close?.()
    await term.member?.engine.close().catch(() => undefined)
  }

  async #begin(term: Term): Promise<void> {
    const { world } = this.node
    const latest = async (): Promise<void> => await this.log.barrier()
    try {
      const env = {
        clock: this.#gatedClock,
        random: this.#random.fork(),
        store: this.log.storeOf(term.term),
        bus: noBus,
        blobs: new MemoryBlobs(),
        log: world.story.logOf(this.node.name),
        meter: nothingMeasured,
      }
      const member = await (world.opens?.(env, this) ?? this.#openRegion(env, term, latest))
      if (term.isOver) return await this.#leave({ ...term, member })
      term.member = world.variant.member?.(member) ?? member
      this.log.ready()
    } catch (error) {
      if (error instanceof StoreFailed) return await this.log.resign()
      world.scheduler.fail(error)
    }
  }
}

/** As the API answers it. */
const sure = (latest: () => Promise<void>) => async (): Promise<void> => {
  try {
    await latest()
  } catch {
    throw new ServiceError('InternalServerError', 'Internal server error')
  }
}
