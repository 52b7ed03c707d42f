/**
 * A region of three nodes in a world of strongly consistent tables (nodes/nodes-world.ts). Whichever of its nodes leads takes part in the group's order, on
 * a part of the store that the nodes order. The region has one quorum server among those of the regions, which all of its nodes reach.
 */
import type { Region } from '../../../src/core/topology.ts'
import type { Env } from '../../../src/ports/env.ts'
import { StoreLost } from '../../../src/ports/store.ts'
import { StorePart } from '../../../src/region/nodes/store/store-part.ts'
import { gatedQuorum } from '../nodes/gate.ts'
import type { NodeProcess } from '../nodes/node-process.ts'
import { NodesWorld } from '../nodes/nodes-world.ts'
import { expectThat } from '../violation.ts'
import { group } from './requests.ts'
import { type Member, startMember } from './start-member.ts'
import { type Serving, StrongRegion } from './strong-region.ts'
import type { StrongWorld } from './strong-world.ts'

/** Until a node leads for the first time. */
const beginMsMax = 60_000

export class NodesRegion extends StrongRegion {
  readonly nodes: NodesWorld
  readonly #world: StrongWorld
  #hasBegun = false

  constructor(world: StrongWorld, region: Region) {
    super(world, region)
    this.#world = world
    const { scheduler, story, recorder } = world
    const opens = (env: Env, process: NodeProcess): Promise<Member> => this.#open(env, process)
    this.nodes = new NodesWorld({ seed: 0, within: { random: world.random.fork(), scheduler, story, recorder, opens } })
  }

  override get hasSeveral(): boolean {
    return true
  }

  override get isUp(): boolean {
    return this.nodes.nodes.some(({ process }) => process !== undefined)
  }

  /** Of the node that leads; another one may still believe that it does. */
  override get member(): Member | undefined {
    return this.#leading().toSorted((a, b) => b.log.status().term - a.log.status().term)[0]?.member
  }

  /** Any node that believes that it leads, and runs. */
  override serving(): Serving | undefined {
    const running = this.#leading().filter(({ gate }) => gate.isOpen)
    if (running.length === 0) return undefined
    const { member, ended } = this.nodes.random.pick(running)
    return member === undefined ? undefined : { member, ended }
  }

  override async start(): Promise<void> {
    for (const node of this.nodes.nodes) node.start()
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.nodes.leads.watch()
    await this.nodes.until(() => this.member !== undefined, beginMsMax)
  }

  /** The node that leads. */
  override crash(landed = 0): void {
    this.#leading()[0]?.node.crash(landed)
  }

  override end(): void {
    this.nodes.end()
  }

  override get writesUnderWay(): number {
    return this.#leading()[0]?.store.underWay ?? 0
  }

  #leading(): readonly NodeProcess[] {
    return this.nodes.nodes.flatMap(({ process }) => (process?.member === undefined ? [] : [process]))
  }

  async #open(env: Env, process: NodeProcess): Promise<Member> {
    const { quorums, regions, replicas, guards, variant, scheduler } = this.#world
    const joined = quorums.joinBeside(this.name)
    void process.ended.then(() => joined.crash())
    return await startMember({
      env: { ...env, store: new StorePart(env.store, group, 0) },
      quorum: gatedQuorum(joined, process.gate, () => Promise.resolve()),
      topology: { self: this.region, regions: regions.map(({ region }) => region) },
      members: regions.map(({ name }) => name),
      replicas: replicas.length,
      guards,
      variant,
      onEnd: (_, message) =>
        this.#world.check(() => expectThat(false, 'no replica has to stop', () => `${process.node.name}: ${message}`)),
      onBrokenInvariant: (error) => {
        if (!(error instanceof StoreLost)) scheduler.fail(error)
      },
    })
  }
}
