/** The nodes of a region in virtual time, without regions: node logs on memory stores and the memory quorum. */
import { MemoryNetwork } from '../../../../src/adapters/memory/memory-bus.ts'
import { MemoryQuorums } from '../../../../src/adapters/memory/quorum/memory-quorum.ts'
import { MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { ProcessClock, RegionClock } from '../../../../src/adapters/memory/region-clock.ts'
import { Scheduler } from '../../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import type { Log } from '../../../../src/ports/log.ts'
import { StoreFailed } from '../../../../src/ports/store.ts'
import { NodeLog } from '../../../../src/region/nodes/node-log.ts'
import type { NodeLogOptions } from '../../../../src/region/nodes/node-log-options.ts'
import type { NodeRole } from '../../../../src/region/nodes/node-role.ts'

export const nodeNames = ['a', 'b', 'c'] as const
export type NodeName = (typeof nodeNames)[number]
export const groupName = 'nodes'

export type WorldNode = {
  readonly name: NodeName
  readonly log: NodeLog
  readonly store: MemoryStore
  readonly clock: ProcessClock
  readonly roles: NodeRole[]
  /** Whether its disk refuses writes. */
  readonly disk: { fails: boolean }
}

export class NodesWorld {
  readonly random: SeededRandom
  readonly time: Scheduler
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly nodes = new Map<NodeName, WorldNode>()
  /** Of nodes that start from now on. */
  limits: NodeLogOptions['limits']
  readonly #clock: RegionClock

  constructor(seed: number, electionMs = 1000) {
    this.random = new SeededRandom(seed)
    this.time = new Scheduler(this.random.fork())
    this.network = new MemoryNetwork(this.time, this.random.fork(), { delayMs: 0.3, jitterMs: 0.2 })
    this.#clock = new RegionClock(this.time)
    const wallMs = (): number => this.#clock.wallMs()
    this.quorums = new MemoryQuorums({
      network: this.network,
      random: this.random.fork(),
      wallMs,
      settings: { electionMs },
    })
  }

  run(work: () => Promise<void>): Promise<void> {
    return this.time.run(work())
  }

  start(name: NodeName, former?: MemoryStore): WorldNode {
    const clock = new ProcessClock(this.#clock)
    const disk = { fails: false }
    const durable = async (): Promise<void> => {
      await this.time.sleep(1 + this.random.between(0, 3))
      if (disk.fails) throw new StoreFailed('the disk says no')
    }
    const store = former === undefined ? new MemoryStore({ durable }) : former.crash(0, { durable })
    const log = new NodeLog({
      group: groupName,
      nodes: nodeNames,
      self: { node: name, address: `at-${name}` },
      store,
      quorum: this.quorums.join(name),
      clock,
      random: this.random.fork(),
      log: silent,
      ask: async (node, question) => {
        await this.time.sleep(1)
        return this.node(node as NodeName).log.lend(question)
      },
      askTerm: (node) => this.#askTerm(name, node as NodeName),
      ...(this.limits === undefined ? {} : { limits: this.limits }),
    })
    const node: WorldNode = { name, log, store, clock, disk, roles: [] }
    log.onRole((role) => node.roles.push(role))
    this.nodes.set(name, node)
    void log.start()
    return node
  }

  /** One that was written before its node belonged to a region of several. */
  diskWith(...edits: readonly { readonly key: Buffer; readonly value: Buffer | undefined }[]): MemoryStore {
    const store = new MemoryStore()
    for (const { key, value } of edits) if (value !== undefined) store.disk.map.set(key, value)
    return store
  }

  node(name: NodeName): WorldNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`${name} is down`)
    return node
  }

  /** As by kill -9. */
  kill(name: NodeName): MemoryStore {
    const { clock, store } = this.node(name)
    clock.crash()
    this.quorums.crash(name)
    this.nodes.delete(name)
    return store
  }

  async until(what: () => boolean, msMax = 20_000): Promise<void> {
    const endMs = this.time.nowMs + msMax
    while (!what()) {
      if (this.time.nowMs > endMs) throw new Error(`not within ${msMax} ms: ${what.toString()}`)
      await this.time.sleep(10)
    }
  }

  /** The node that leads and is the only one. */
  async leading(): Promise<WorldNode> {
    const leading = (): WorldNode[] => [...this.nodes.values()].filter(({ log }) => log.role().role === 'leading')
    await this.until(() => leading().length === 1)
    return leading()[0] as WorldNode
  }

  cutOff(name: NodeName): void {
    for (const other of nodeNames)
      if (other !== name) this.#both(name, other, (a, b) => this.network.cut(a, b, 'black-hole'))
  }

  heal(): void {
    for (const one of nodeNames)
      for (const other of nodeNames) if (one < other) this.#both(one, other, (a, b) => this.network.heal(a, b))
  }

  /** Both ways may be cut. */
  async #askTerm(from: NodeName, to: NodeName): Promise<number | undefined> {
    await this.time.sleep(1)
    if (this.network.link(from, to).state !== 'up' || this.network.link(to, from).state !== 'up') return undefined
    return this.node(to).log.knownTerm()
  }

  #both(one: string, other: string, work: (from: string, to: string) => void): void {
    work(one, other)
    work(other, one)
  }
}

/** The term store of a node that leads. */
export function storeOf({ log }: WorldNode) {
  const role = log.role()
  if (role.role !== 'leading') throw new Error('it does not lead')
  return log.storeOf(role.term)
}

export const edit = (key: string, value: string | undefined) => {
  return { key: Buffer.from(`\x10${key}`), value: value === undefined ? undefined : Buffer.from(value) }
}

/** All that a region would see. */
export function rowsOf({ store }: Pick<WorldNode, 'store'>): readonly string[] {
  const range = { from: Buffer.of(0), to: Buffer.of(0x90) }
  return [...store.disk.map.entries(range)].map(
    ({ key, value }) => `${key.toString('latin1')}=${value.toString('latin1')}`,
  )
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }
