/**
 * Strongly consistent tables on virtual time, from a seed: three regions, of which one may be a witness, each with a node and a quorum
 * server; clients in all of them, faults, then everything healed, and the checks (strong-checks.ts). The same seed gives the same run.
 */
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { MemoryQuorums } from '../../../src/adapters/memory/quorum/memory-quorum.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { required } from '../../../src/core/assert.ts'
import type { TableId } from '../../../src/core/table/table.ts'
import type { Operation } from '../../linearizability/history.ts'
import { Story } from '../story.ts'
import { expectThat } from '../violation.ts'
import { Recorder } from '../../linearizability/recorder.ts'
import { tableEdits, tableId } from './requests.ts'
import { NodesRegion } from './nodes-region.ts'
import { StrongRegion } from './strong-region.ts'
import type { StrongVariant } from './start-member.ts'

const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const storyLinesMax = 400

export type StrongOptions = {
  readonly seed: number
  readonly variant?: StrongVariant
  /** The limits are such that a replica may find its place trimmed. */
  readonly mayTrim?: boolean
  /** The first region has three nodes. */
  readonly several?: boolean
  readonly print?: (line: string) => void
}

export class StrongWorld {
  readonly random: SeededRandom
  readonly scheduler: Scheduler
  readonly network: MemoryNetwork
  readonly quorums: MemoryQuorums
  readonly recorder: Recorder
  readonly story: Story
  readonly variant: StrongVariant
  readonly mayTrim: boolean
  /** All members; the last may be a witness, which has no table. */
  readonly regions: readonly StrongRegion[]
  readonly witness: StrongRegion | undefined
  /** Of the regions, the one that has three nodes. */
  readonly several: NodesRegion | undefined
  readonly tableId: TableId = tableId
  /** Whether writes that did not know of another region's are refused. */
  readonly guards: boolean
  /** Regions that reach no other, and since when. */
  readonly isolated = new Map<StrongRegion, number>()
  /** Faults that have begun and not ended, and whether no other may begin meanwhile. */
  underWay = 0
  isExclusive = false
  /** How often each fault has begun. */
  readonly met = new Map<string, number>()
  /** Answers of each kind, for tests that ask whether anything happened. */
  readonly counts = { strong: 0, unknown: 0, failed: 0, refused: 0, eventual: 0, eventualAlone: 0, unknownAlone: 0 }

  constructor({ seed, variant = {}, mayTrim = false, several = false, print }: StrongOptions) {
    this.random = new SeededRandom(seed)
    this.variant = variant
    this.mayTrim = mayTrim
    this.scheduler = new Scheduler(this.random.fork())
    const { scheduler, random } = this
    const nowMs = (): number => scheduler.nowMs
    this.story = new Story({ nowMs, linesMax: storyLinesMax, ...(print === undefined ? {} : { print }) })
    this.recorder = new Recorder(nowMs)
    this.network = new MemoryNetwork(scheduler, random.fork(), { heartbeatTimeoutMs: 1000 })
    const wallMs = (member: string): number => this.region(member).clock.wallMs()
    this.quorums = new MemoryQuorums({ network: this.network, random: random.fork(), wallMs })
    this.several = several ? new NodesRegion(this, { name: names[0], number: 1 }) : undefined
    this.regions = names.map((name, n) =>
      n === 0 && this.several !== undefined ? this.several : new StrongRegion(this, { name, number: n + 1 }),
    )
    this.witness = random.chance(0.4) ? this.regions[random.between(several ? 1 : 0, 2)] : undefined
    this.guards = random.chance(0.5)
    for (const from of names)
      for (const to of names)
        if (from !== to) {
          const link = this.network.link(from, to)
          link.delayMs = random.between(5, 60)
          link.jitterMs = random.between(0, 10)
        }
  }

  /** Those that have the table. */
  get replicas(): readonly StrongRegion[] {
    return this.regions.filter((region) => region !== this.witness)
  }

  region(name: string): StrongRegion {
    return required(
      this.regions.find((region) => region.name === name),
      `region ${name}`,
    )
  }

  async begin(): Promise<void> {
    const { replicas, scheduler } = this
    await Promise.all(replicas.map((region) => region.start()))
    const having = replicas.map(({ name }) => name)
    const [first] = replicas
    await first?.member?.engine.define(this.tableId, tableEdits(having, first.clock.peekMs()))
    const knows = ({ member }: StrongRegion): boolean => member?.engine.knownTables().includes(this.tableId) === true
    while (!replicas.every(knows)) await scheduler.sleep(100)
    await Promise.all(replicas.map((region) => region.settle()))
  }

  /** Ends all of it: nothing that is still under way does anything more. */
  end(): void {
    for (const region of this.regions) region.end()
  }

  /** The witness' server is there, its node has nothing to do with the table. */
  async startNode(region: StrongRegion): Promise<void> {
    if (region !== this.witness) await region.start()
  }

  isolate(region: StrongRegion): void {
    this.#cutAll(region, 'black-hole')
    this.isolated.set(region, this.scheduler.nowMs)
  }

  rejoin(region: StrongRegion): void {
    this.isolated.delete(region)
    for (const { name } of this.regions)
      if (name !== region.name) {
        this.network.heal(region.name, name)
        this.network.heal(name, region.name)
      }
  }

  answered(region: StrongRegion, operation: Operation, begunMs: number): void {
    const { counts } = this
    const aloneSinceMs = this.isolated.get(region)
    const isAlone = aloneSinceMs !== undefined && begunMs > aloneSinceMs
    if (operation.consistency === 'eventual') {
      counts.eventual++
      if (isAlone) counts.eventualAlone++
      return
    }
    const { outcome } = operation
    if (outcome === 'unknown') {
      counts.unknown++
      if (isAlone) counts.unknownAlone++
    } else if (outcome === 'refused') counts.refused++
    else {
      counts.strong++
      if (outcome === 'fail') counts.failed++
      this.check(() =>
        expectThat(
          !isAlone,
          'a minority answers nothing strong',
          () =>
            `${region.name} reaches no other region since ${aloneSinceMs} and answered ${JSON.stringify(operation)}`,
        ),
      )
    }
  }

  /** What a check throws in an event ends the run. */
  check(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.scheduler.fail(error)
    }
  }

  #cutAll(region: StrongRegion, state: 'black-hole' | 'reset'): void {
    for (const { name } of this.regions)
      if (name !== region.name) {
        this.network.cut(region.name, name, state)
        this.network.cut(name, region.name, state)
      }
  }
}
