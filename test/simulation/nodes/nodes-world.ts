/**
 * A region of three nodes on virtual time, from a seed: each with a disk, a process, and a quorum server; clients that ask any of them, faults,
 * then everything healed, and the checks (nodes-checks.ts). The same seed gives the same run.
 */
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { MemoryQuorums } from '../../../src/adapters/memory/quorum/memory-quorum.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { required } from '../../../src/core/assert.ts'
import type { Env } from '../../../src/ports/env.ts'
import type { NodeLogOptions } from '../../../src/region/nodes/node-log-options.ts'
import type { AskTerm } from '../../../src/region/nodes/term-rounds.ts'
import { Recorder } from '../../linearizability/recorder.ts'
import { Story } from '../story.ts'
import { expectThat } from '../violation.ts'
import type { Member } from '../strong/start-member.ts'
import { Leads } from './leads.ts'
import type { NodeProcess } from './node-process.ts'
import { SimulatedNode } from './simulated-node.ts'

const names = ['a', 'b', 'c'] as const
const storyLinesMax = 400

/** What runs instead of the real thing: how tests put known bugs in. */
export type NodesVariant = {
  /** Writes that are refused do not wait until it is known that no other node leads. */
  readonly isUnsure?: boolean
  readonly member?: (member: Member) => Member
  readonly askTerm?: (ask: AskTerm) => AskTerm
}

/** A larger world that the nodes are in, and what they run on the store of a term in the place of their region's engine. */
export type Within = Pick<NodesWorld, 'random' | 'scheduler' | 'story' | 'recorder'> & {
  readonly opens: (env: Env, process: NodeProcess) => Promise<Member>
}

export type NodesOptions = {
  readonly seed: number
  readonly variant?: NodesVariant
  readonly within?: Within
  readonly print?: (line: string) => void
}

export class NodesWorld {
  readonly random: SeededRandom
  readonly scheduler: Scheduler
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly recorder: Recorder
  readonly story: Story
  readonly variant: NodesVariant
  readonly nodes: readonly SimulatedNode[]
  readonly limits: Required<NonNullable<NodeLogOptions['limits']>>
  readonly leads: Leads
  readonly opens: Within['opens'] | undefined
  /** Nodes that reach no other. */
  readonly isolated = new Set<SimulatedNode>()
  /** Faults that have begun and not ended, and whether no other may begin meanwhile. */
  underWay = 0
  isExclusive = false
  /** A node has not filled its new disk yet. */
  isDiskLost = false
  /** How often each fault has begun. */
  readonly met = new Map<string, number>()
  readonly counts = { ok: 0, failed: 0, unknown: 0, refused: 0, eventual: 0, pairs: 0, terms: 0, copies: 0 }

  constructor({ seed, variant = {}, within, print }: NodesOptions) {
    this.random = within?.random ?? new SeededRandom(seed)
    this.opens = within?.opens
    this.variant = variant
    this.scheduler = within?.scheduler ?? new Scheduler(this.random.fork())
    const { scheduler, random } = this
    const nowMs = (): number => scheduler.nowMs
    const telling = { nowMs, linesMax: storyLinesMax, ...(print === undefined ? {} : { print }) }
    this.story = within?.story ?? new Story(telling)
    this.recorder = within?.recorder ?? new Recorder(nowMs)
    this.network = new MemoryNetwork(scheduler, random.fork(), {
      delayMs: 0.5,
      jitterMs: 0.5,
      heartbeatTimeoutMs: 1000,
    })
    this.quorums = new MemoryQuorums({ network: this.network, random: random.fork(), wallMs: nowMs })
    const isTrimming = random.chance(0.6)
    this.limits = {
      entryBytesMax: random.pick([200, 600, 1_800_000]),
      copyPageRowsMax: random.between(3, 20),
      trimStep: isTrimming ? 8 : 1024,
      entriesKeptMax: isTrimming ? 60 : 500_000,
    }
    this.nodes = names.map((name) => new SimulatedNode(this, name))
    this.leads = new Leads(this)
  }

  node(name: string): SimulatedNode {
    return required(
      this.nodes.find((node) => node.name === name),
      `node ${name}`,
    )
  }

  /** Runs the work in the process of another node, and brings back what it gives; undefined when either way is lost. */
  async send<T>(from: string, to: string, work: (process: NodeProcess) => Promise<T>): Promise<T | undefined> {
    if (!(await this.#travel(from, to))) return undefined
    const { process } = this.node(to)
    if (process === undefined) return undefined
    const result = await Promise.race([process.gate.through().then(() => work(process)), process.ended])
    return (await this.#travel(to, from)) ? result : undefined
  }

  /** Resolves when it is so, or when a promise is broken: that it is some time. */
  async until(what: () => boolean, msMax: number): Promise<void> {
    const endMs = this.scheduler.nowMs + msMax
    while (!what() && this.scheduler.nowMs < endMs) await this.scheduler.sleep(50)
    this.check(() => expectThat(what(), 'every node answers again', () => `not within ${msMax} ms: ${what.toString()}`))
  }

  /** What a check throws in an event ends the run. */
  check(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.scheduler.fail(error)
    }
  }

  isolate(node: SimulatedNode): void {
    this.isolated.add(node)
    for (const other of this.nodes)
      if (other !== node) {
        this.network.cut(node.name, other.name, 'black-hole')
        this.network.cut(other.name, node.name, 'black-hole')
      }
  }

  rejoin(node: SimulatedNode): void {
    this.isolated.delete(node)
    for (const other of this.nodes) if (other !== node && !this.isolated.has(other)) this.#heal(node.name, other.name)
  }

  healAll(): void {
    this.isolated.clear()
    for (const one of this.nodes) for (const other of this.nodes) if (one !== other) this.#heal(one.name, other.name)
  }

  /** Ends all of it: nothing that is still under way does anything more. */
  end(): void {
    for (const node of this.nodes) node.crash()
    this.leads.stop()
  }

  #heal(a: string, b: string): void {
    this.network.heal(a, b)
    this.network.heal(b, a)
  }

  async #travel(from: string, to: string): Promise<boolean> {
    const link = this.network.link(from, to)
    const isUp = link.state === 'up'
    await this.scheduler.sleep(link.delayMs + link.jitterMs * this.random.fraction())
    return isUp && link.state === 'up'
  }
}
