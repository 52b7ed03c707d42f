/**
 * Follows a table's change stream in one region, a step at a time. A shard is read once its parent is read to its end, so the records of an item come in their
 * order. Where a reader has come is data, so that it can be kept anywhere.
 */
import { z } from 'zod'
import { streamShardsShownMax } from '../core/limits/console-limits.ts'
import { Refusal } from '../drills/run/load/wire.ts'
import { Failure } from '../process/failure.ts'

/** Asks the region of the stream. Rejects with a Refusal. */
type Ask = (operation: string, input: Readonly<Record<string, unknown>>) => Promise<unknown>
export type From = 'now' | 'oldest'

const shardPlace = z.object({
  id: z.string(),
  parent: z.string().exactOptional(),
  /** Absent: it is asked for, at the end or the beginning of the shard. */
  iterator: z.string().exactOptional(),
  from: z.enum(['LATEST', 'TRIM_HORIZON']),
  isRead: z.boolean(),
})
export const streamPlace = z.object({
  arn: z.string(),
  shards: z.array(shardPlace).max(streamShardsShownMax),
  isDisabled: z.boolean(),
  lookedMs: z.number(),
})
export type StreamPlace = z.output<typeof streamPlace>
type ShardPlace = z.output<typeof shardPlace>

const described = z.object({ Table: z.object({ LatestStreamArn: z.string().optional() }) })
const shard = z.object({
  ShardId: z.string(),
  ParentShardId: z.string().optional(),
  SequenceNumberRange: z.object({ EndingSequenceNumber: z.string().optional() }),
})
const description = z.object({
  StreamDescription: z.object({
    StreamStatus: z.string(),
    Shards: z.array(shard),
    LastEvaluatedShardId: z.string().optional(),
  }),
})
const iterated = z.object({ ShardIterator: z.string() })
const page = z.object({ Records: z.array(z.unknown()), NextShardIterator: z.string().optional() })

/** New shards are looked for as often. */
const lookMs = 5000

/** Throws a Failure when the table has no stream. */
export async function beginStream(ask: Ask, table: string, from: From, nowMs: number): Promise<StreamPlace> {
  const { Table: found } = described.parse(await ask('DescribeTable', { TableName: table }))
  if (found.LatestStreamArn === undefined) throw new Failure(`${table} has no stream in this region`)
  return await look(ask, { arn: found.LatestStreamArn, shards: [], isDisabled: false, lookedMs: nowMs }, from)
}

/** The stream is disabled and read to its end. */
export function isOver({ shards, isDisabled }: StreamPlace): boolean {
  return isDisabled && shards.every(({ isRead }) => isRead)
}

export type Step = {
  readonly place: StreamPlace
  readonly records: readonly unknown[]
  /** What was not kept for us, for people. */
  readonly lost: readonly string[]
}

/** One read of every shard whose turn it is, `most` records of each. */
export async function readStream(
  ask: Ask,
  place: StreamPlace,
  { nowMs, most }: { readonly nowMs: number; readonly most?: number },
): Promise<Step> {
  const isDue = nowMs - place.lookedMs > lookMs || place.shards.every(({ isRead }) => isRead)
  const known = isDue ? await look(ask, { ...place, lookedMs: nowMs }, 'oldest') : place
  const read = new Set(known.shards.filter(({ isRead }) => isRead).map(({ id }) => id))
  const there = new Set(known.shards.map(({ id }) => id))
  const records: unknown[] = []
  const lost: string[] = []
  const shards: ShardPlace[] = []
  for (const each of known.shards) {
    const waits = each.parent !== undefined && there.has(each.parent) && !read.has(each.parent)
    if (each.isRead || waits) {
      shards.push(each)
      continue
    }
    const step = await readShard(ask, known.arn, each, most)
    records.push(...step.records)
    if (step.lost !== undefined) lost.push(step.lost)
    if (step.shard.isRead) read.add(each.id)
    shards.push(step.shard)
  }
  return { place: { ...known, shards }, records, lost }
}

/** Shards that are there at the beginning are followed from where it is asked, later ones from their beginning; those that are over are forgotten. */
async function look(ask: Ask, place: StreamPlace, from: From): Promise<StreamPlace> {
  const known = new Map(place.shards.map((each) => [each.id, each]))
  const shards: ShardPlace[] = []
  let status = ''
  for (let start: string | undefined, isFirst = true; isFirst || start !== undefined; isFirst = false) {
    const input = { StreamArn: place.arn, ...(start === undefined ? {} : { ExclusiveStartShardId: start }) }
    const { StreamDescription: stream } = description.parse(await ask('DescribeStream', input))
    status = stream.StreamStatus
    shards.push(...stream.Shards.map((each) => known.get(each.ShardId) ?? beginningOf(each, from)))
    start = shards.length < streamShardsShownMax ? stream.LastEvaluatedShardId : undefined
  }
  const listed = new Set(shards.map(({ id }) => id))
  const rest = place.shards.filter(({ id, isRead }) => !isRead && !listed.has(id))
  return { ...place, shards: [...rest, ...shards].slice(0, streamShardsShownMax), isDisabled: status === 'DISABLED' }
}

function beginningOf(
  { ShardId: id, ParentShardId: parent, SequenceNumberRange: range }: Shard,
  from: From,
): ShardPlace {
  return {
    id,
    ...(parent === undefined ? {} : { parent }),
    from: from === 'now' ? 'LATEST' : 'TRIM_HORIZON',
    isRead: from === 'now' && range.EndingSequenceNumber !== undefined,
  }
}

type Shard = z.output<typeof shard>
type ShardStep = { readonly shard: ShardPlace; readonly records: readonly unknown[]; readonly lost?: string }

async function readShard(ask: Ask, arn: string, given: ShardPlace, most: number | undefined): Promise<ShardStep> {
  const { iterator, ...shardHere } = given
  try {
    const at = iterator ?? (await iteratorOf(ask, arn, given))
    const limit = most === undefined ? {} : { Limit: most }
    const { Records: records, NextShardIterator: next } = page.parse(
      await ask('GetRecords', { ShardIterator: at, ...limit }),
    )
    const shardNow = next === undefined ? { ...shardHere, isRead: true } : { ...shardHere, iterator: next }
    return { shard: shardNow, records }
  } catch (error) {
    if (!(error instanceof Refusal) || !lostTypes.has(error.type)) throw error
    const lost = `records of ${given.id} were lost: ${error.message}`
    return { shard: { ...shardHere, from: 'TRIM_HORIZON' }, records: [], lost }
  }
}

async function iteratorOf(ask: Ask, arn: string, { id, from }: ShardPlace): Promise<string> {
  const input = { StreamArn: arn, ShardId: id, ShardIteratorType: from }
  return iterated.parse(await ask('GetShardIterator', input)).ShardIterator
}

/** The iterator is too old, or the region could not keep what it points at. */
const lostTypes: ReadonlySet<string> = new Set(['TrimmedDataAccessException', 'ExpiredIteratorException'])
