/** The triggers of a drill's table: made by a step of it, waited for after its end, and removed. What they have done is told by what the receiver noted, and by the streams themselves. */
import { z } from 'zod'
import { drillOperationsMax } from '../../../core/limits/limits.ts'
import { messageOf } from '../../../process/failure.ts'
import type { TriggerPlan } from '../../definition/definition.ts'
import type { EffectsRecord, StreamedRecord } from '../../definition/drill-record.ts'
import type { Wire } from '../load/wire.ts'
import type { TargetRegion } from '../targets/target.ts'
import { nowMs, pause } from '../time.ts'
import type { EffectsReceiver } from './receiver.ts'

export type EffectsOptions = {
  readonly table: string
  readonly wire: Wire
  readonly receiver: EffectsReceiver
}

const timeoutMs = 10_000
const pollMs = 250
const mappings = '/2015-03-31/event-source-mappings'
const described = z.object({ Table: z.object({ LatestStreamArn: z.string() }) })
const mapping = z.object({ UUID: z.string() })
const listed = z.object({ Streams: z.array(z.object({ StreamArn: z.string() })) })
const shards = z.object({
  StreamDescription: z.object({
    Shards: z.array(z.object({ ShardId: z.string() })),
    LastEvaluatedShardId: z.string().optional(),
  }),
})
const iterator = z.object({ ShardIterator: z.string() })
const page = z.object({
  Records: z.array(
    z.object({ eventID: z.string(), dynamodb: z.object({ Keys: z.object({ id: z.object({ S: z.string() }) }) }) }),
  ),
  NextShardIterator: z.string().optional(),
})

export class Effects {
  readonly #options: EffectsOptions
  readonly #made: { readonly place: TargetRegion; readonly uuid: string }[] = []
  #withinMs = 0

  constructor(options: EffectsOptions) {
    this.#options = options
    options.receiver.listenFor(options.table)
  }

  /** A trigger in each of the regions, from the first record of its stream on. */
  async begin(plan: TriggerPlan, places: readonly TargetRegion[]): Promise<void> {
    const { wire, table } = this.#options
    this.#withinMs = Math.max(this.#withinMs, plan.within)
    for (const place of places) {
      const { Table } = described.parse(await wire.send(place, 'DescribeTable', { TableName: table }, timeoutMs))
      const input = {
        FunctionName: plan.function,
        EventSourceArn: Table.LatestStreamArn,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: plan['batch size'],
      }
      const { UUID: uuid } = mapping.parse(
        await wire.lambda(place, { method: 'POST', path: `${mappings}/`, input }, timeoutMs),
      )
      this.#made.push({ place, uuid })
    }
  }

  /** Waits until every record of the streams is handled, or for as long as the plan says. Undefined where no step made a trigger. */
  async settled(signal: AbortSignal): Promise<EffectsRecord | undefined> {
    if (this.#made.length === 0) return undefined
    const { handled } = this.#options.receiver
    const deadlineMs = nowMs() + this.#withinMs
    for (;;) {
      const streamed = await this.#streamed()
      const done = new Set(handled.map(({ region, eventId }) => `${region} ${eventId}`))
      const missing = streamed.some(({ region, eventId }) => !done.has(`${region} ${eventId}`))
      if (!missing || nowMs() > deadlineMs || signal.aborted)
        return { regions: this.#made.map(({ place }) => place.region), handled: [...handled], streamed }
      await pause(pollMs, signal)
    }
  }

  /** Returns what could not be removed, in sentences. */
  async remove(): Promise<readonly string[]> {
    const { wire } = this.#options
    const problems: string[] = []
    for (const { place, uuid } of this.#made.splice(0))
      try {
        await wire.lambda(place, { method: 'DELETE', path: `${mappings}/${uuid}` }, timeoutMs)
      } catch (error) {
        // A region that lost its disk has lost its triggers as well.
        const reason = messageOf(error)
        if (!reason.includes('404')) problems.push(`a trigger in ${place.region} could not be removed: ${reason}`)
      }
    return problems
  }

  /** All records of the streams that have a trigger, of each region. */
  async #streamed(): Promise<readonly StreamedRecord[]> {
    const { wire, table } = this.#options
    const found: StreamedRecord[] = []
    for (const { place } of this.#made) {
      const { Streams } = listed.parse(await wire.send(place, 'ListStreams', { TableName: table }, timeoutMs))
      for (const { StreamArn: arn } of Streams)
        for (const shard of await this.#shardsOf(place, arn)) await this.#readShard(place, [arn, shard], found)
    }
    return found
  }

  async #shardsOf(place: TargetRegion, arn: string): Promise<readonly string[]> {
    const found: string[] = []
    let last: string | undefined
    do {
      const start = last === undefined ? {} : { ExclusiveStartShardId: last }
      const input = { StreamArn: arn, ...start }
      const told = shards.parse(await this.#options.wire.send(place, 'DescribeStream', input, timeoutMs))
      found.push(...told.StreamDescription.Shards.map(({ ShardId }) => ShardId))
      last = told.StreamDescription.LastEvaluatedShardId
    } while (last !== undefined)
    return found
  }

  async #readShard(
    place: TargetRegion,
    [arn, shard]: readonly [string, string],
    found: StreamedRecord[],
  ): Promise<void> {
    const { wire } = this.#options
    const from = { StreamArn: arn, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' }
    let next: string | undefined = iterator.parse(
      await wire.send(place, 'GetShardIterator', from, timeoutMs),
    ).ShardIterator
    while (next !== undefined && found.length < drillOperationsMax) {
      const told = page.parse(await wire.send(place, 'GetRecords', { ShardIterator: next }, timeoutMs))
      for (const { eventID, dynamodb } of told.Records)
        found.push({ region: place.region, eventId: eventID, key: dynamodb.Keys.id.S })
      next = told.Records.length === 0 ? undefined : told.NextShardIterator
    }
  }
}
