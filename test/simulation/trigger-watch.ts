/**
 * Triggers, in the worlds that have them: each region has one on its replica of the table `orders`, whose function is slow, fails, cannot be asked, or handles a part of its batch. The
 * records of a stream are those that a consumer beside it has read (stream-watch.ts), which is compared with the region's log.
 */
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { required } from '../../src/core/assert.ts'
import { parseSequenceNumber } from '../../src/core/change-stream/sequence-number.ts'
import type { Position } from '../../src/core/change/change.ts'
import { createEventSourceMapping } from '../../src/operations/lambda/event-source-mappings.ts'
import { streamArn } from '../../src/operations/arns.ts'
import type { Invoked } from '../../src/ports/functions.ts'
import type { FunctionPorts } from '../../src/region/lambda.ts'
import type { Administrator } from './administrator.ts'
import { randomOf } from './faults/plan.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import type { StreamWatch } from './stream-watch.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

/** Faults that leave a region its disk, and with it the places of its triggers. */
export const triggerFaults = ['crash', 'crash in flight', 'slow disk', 'disk full', 'cut link', 'flap', 'step clock']

const destination = 'arn:aws:s3:::given-up'
const functionName = 'audit'
const patienceMs = 180_000

type Told = { readonly position: Position; readonly item: string }

/** What has been made of one region's stream. */
type Kept = {
  readonly number: number
  /** Answered, or given up and reported, at least once; in the order of the first time. */
  readonly done: Map<Position, string>
}

export class TriggerWatch {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #kept = new Map<SimulatedRegion, Kept>()
  readonly #failChance: number
  #isHealed = false
  /** Records that were handled, or given up and reported. */
  handled = 0
  repeated = 0

  constructor(world: World, seed: number) {
    this.#world = world
    this.#random = randomOf(seed, 'triggers')
    this.#failChance = this.#random.pick([0, 0.1, 0.4])
  }

  /** What a process of the region may invoke. */
  portsOf(region: SimulatedRegion): FunctionPorts {
    /** Of each item, what this process had answered last. */
    const last = new Map<string, Position>()
    return {
      functions: {
        all: () => [{ name: functionName, target: 'simulated', timeoutSeconds: 3, memoryMb: 128 }],
        invoke: async (_, event) => await this.#invoke(region, event, last),
      },
      destinations: {
        has: (arn) => arn === destination,
        send: async (_, { body }) => {
          await this.#world.scheduler.sleep(this.#random.between(1, 60))
          if (this.#fails()) throw new Error('the simulated destination is away')
          const { payload } = JSON.parse(body.toString()) as { readonly payload: string }
          this.#world.check(() => this.#take(region, recordsIn(payload), last))
        },
      },
    }
  }

  /** Each region has its trigger some time after its replica is there; one that leaves before has none. */
  async enable(administrator: Administrator): Promise<void> {
    await Promise.all(
      this.#world.regions.map(async (region) => {
        const state = { isMade: false }
        const made = this.#map(region, administrator).finally(() => (state.isMade = true))
        const gone = async (): Promise<void> => {
          while (!state.isMade && this.#world.regions.includes(region)) await this.#world.scheduler.sleep(500)
        }
        await Promise.race([made, gone()])
      }),
    )
  }

  async #map(region: SimulatedRegion, administrator: Administrator): Promise<void> {
    await administrator.untilUsable(region, 'orders')
    await this.#world.scheduler.sleep(this.#random.between(0, 2000))
    const settings = this.#settings()
    await administrator.insist(region, async ({ engine, settings: { accountId } }) => {
      const stream = engine.streams.all().findLast(({ tableName }) => tableName === 'orders')
      const { lambda } = region
      // A crash may have hidden the answer of what is durable.
      if (stream === undefined || lambda === undefined || lambda.triggers.all().length > 0) return
      const arn = streamArn({ accountId, region: region.name }, 'orders', stream.label)
      this.#kept.set(region, { number: stream.number, done: new Map() })
      const input = { FunctionName: functionName, EventSourceArn: arn, StartingPosition: 'TRIM_HORIZON', ...settings }
      const body = Buffer.from(JSON.stringify(input))
      await createEventSourceMapping.run({ named: '', query: new URLSearchParams(), headers: {}, body }, lambda)
    })
  }

  /** Functions and destinations work again: each record of each stream is done before long, and in its order. */
  async check(streams: StreamWatch): Promise<void> {
    this.#isHealed = true
    for (const region of this.#world.regions) {
      const kept = this.#kept.get(region)
      if (kept === undefined) continue
      const { number, done } = kept
      const records = streams.recordsOf(region, number)
      const missing = (): readonly Position[] => [...records.keys()].filter((position) => !done.has(position))
      const untilMs = this.#world.scheduler.nowMs + patienceMs
      while (missing().length > 0 && this.#world.scheduler.nowMs < untilMs) await this.#world.scheduler.sleep(500)
      expectThat(
        missing().length === 0,
        'a trigger handles each record at least once',
        () => `${region.name} has not handled ${missing().length} of ${records.size}, such as ${missing()[0]}`,
      )
      const foreign = [...done.keys()].find((position) => !records.has(position))
      expectThat(
        foreign === undefined,
        'a trigger sends what its stream has',
        () => `${region.name} was sent ${foreign}`,
      )
    }
  }

  #settings(): Readonly<Record<string, unknown>> {
    const gives = this.#random.chance(0.3)
    return {
      BatchSize: this.#random.pick([1, 3, 100]),
      MaximumBatchingWindowInSeconds: this.#random.pick([0, 0, 1]),
      ParallelizationFactor: this.#random.pick([1, 3]),
      BisectBatchOnFunctionError: this.#random.chance(0.5),
      FunctionResponseTypes: this.#random.chance(0.5) ? ['ReportBatchItemFailures'] : [],
      ...(gives ? { MaximumRetryAttempts: 2, DestinationConfig: { OnFailure: { Destination: destination } } } : {}),
    }
  }

  /** Without a crash the process gives a record once. A record that was handled by a process that is dead by now counts all the same. */
  async #invoke(region: SimulatedRegion, event: Buffer, last: Map<string, Position>): Promise<Invoked> {
    const records = recordsIn(event.toString())
    await this.#world.scheduler.sleep(this.#random.between(1, 120))
    const answer = (body: unknown): Invoked => ({ kind: 'returned', payload: Buffer.from(JSON.stringify(body)) })
    if (!this.#fails()) {
      this.#world.check(() => this.#take(region, records, last))
      return answer(null)
    }
    const kind = this.#random.pick(['failed', 'unavailable', 'partly'] as const)
    if (kind === 'unavailable') return { kind, reason: 'simulated', isThrottled: true }
    if (kind === 'failed') return { kind, payload: Buffer.from('{}') }
    const from = this.#random.between(0, records.length - 1)
    const identifier = required(records[from], 'a record').sequence
    // Where partial answers do not count, the batch is handled whole.
    const isPartial = region.lambda?.triggers.all()[0]?.mapping.settings.reportsFailures === true
    this.#world.check(() => this.#take(region, isPartial ? records.slice(0, from) : records, last))
    return answer({ batchItemFailures: [{ itemIdentifier: identifier }] })
  }

  #fails(): boolean {
    return !this.#isHealed && this.#random.chance(this.#failChance)
  }

  #take(region: SimulatedRegion, records: readonly Told[], last: Map<string, Position>): void {
    const { done } = required(this.#kept.get(region), 'a trigger')
    for (const { position, item } of records) {
      const before = last.get(item) ?? 0
      last.set(item, position)
      const says = (): string => `${region.name} has handled ${position} of ${item} after ${before}`
      expectThat(position > before, 'a trigger sends the records of an item in order', says)
      if (done.has(position)) this.repeated++
      else {
        done.set(position, item)
        this.handled++
        const later = [...done].find(([other, of]) => of === item && other > position)
        expectThat(
          later === undefined,
          'a trigger sends the records of an item in order',
          () => `${says()}, and ${later?.[0]} before`,
        )
      }
    }
  }
}

type Sent = {
  readonly Records: readonly { readonly dynamodb: { readonly Keys: unknown; readonly SequenceNumber: string } }[]
}

function recordsIn(event: string): readonly (Told & { readonly sequence: string })[] {
  const { Records } = JSON.parse(event) as Sent
  return Records.map(({ dynamodb: { Keys, SequenceNumber } }) => ({
    position: parseSequenceNumber(SequenceNumber)?.position ?? 0,
    item: JSON.stringify(Keys),
    sequence: SequenceNumber,
  }))
}
