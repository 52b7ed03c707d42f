import type { GetRecordsInput, GetRecordsOutput } from '@aws-sdk/client-dynamodb-streams'
import type { ChangeStream, Shard } from '../../core/change-stream/change-stream.ts'
import { streamRecord } from '../../core/change-stream/stream-record.ts'
import { ServiceError } from '../../core/errors.ts'
import { shardIteratorMsMax, streamPageBytesMax, streamRecordsMax } from '../../core/stream-limits.ts'
import type { StreamPage } from '../../engine/streams/stream-part.ts'
import { inTurns } from '../in-turns.ts'
import { defineOperation, type OperationContext, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { oldestReadable, trimmed } from './horizon.ts'
import { checkLimit, shardNamed, streamNamed } from './named-stream.ts'
import { decodeIterator, encodeIterator, type ShardIterator } from './shard-iterator.ts'

type Input = Wire<GetRecordsInput>
type Ready = { readonly iterator: ShardIterator; readonly limit: number }

export const getRecords = defineOperation<Input, Ready, Wire<GetRecordsOutput>>({
  name: 'GetRecords',
  kind: 'read',
  checks: [({ Limit }) => checkLimit(Limit, streamRecordsMax)],
  prepare: ({ ShardIterator: iterator = '', Limit: limit = streamRecordsMax }) => ({
    iterator: decodeIterator(iterator),
    limit,
  }),
  touches: () => [{ action: 'GetRecords' }],
  run: async ({ iterator, limit }, context) => {
    checkAge(iterator, context)
    const stream = streamNamed(iterator.arn, context)
    const shard = shardNamed(stream, iterator.shard, context)
    const page = await inTurns(
      context.engine.streams.read(partOf(iterator, { stream, shard, limit }, context)),
      context,
    )
    const next = { ...iterator, after: page.upTo, fromOldest: false, issuedMs: context.env.clock.wallMs() }
    const isDrained = shard.upTo !== undefined && page.upTo >= shard.upTo
    return rendered(page, { stream, shard, next: isDrained ? undefined : encodeIterator(next) }, context)
  },
})

function checkAge({ issuedMs }: ShardIterator, { env }: OperationContext): void {
  if (env.clock.wallMs() - issuedMs > shardIteratorMsMax)
    throw new ServiceError('ExpiredIteratorException', 'The provided iterator exceeds the maximum age allowed.')
}

type Reading = { readonly stream: ChangeStream; readonly shard: Shard; readonly limit: number }

function partOf(
  { after: given, fromOldest }: ShardIterator,
  { stream, shard, limit }: Reading,
  context: OperationContext,
) {
  const oldest = oldestReadable(context)
  if (given < oldest && !fromOldest) throw trimmed()
  const after = Math.max(given, shard.after, oldest)
  const upTo = Math.min(shard.upTo ?? Infinity, context.engine.flushed())
  return { stream: stream.number, shard, after, upTo, countMax: limit, bytesMax: streamPageBytesMax }
}

type Found = { readonly stream: ChangeStream; readonly shard: Shard; readonly next: string | undefined }

function rendered({ changes }: StreamPage, { stream, shard, next }: Found, { engine }: OperationContext): Rendered {
  const of = { stream, shard, region: engine.region }
  const parts: Buffer[] = [recordsStart]
  for (const change of changes) {
    if (parts.length > 1) parts.push(comma)
    parts.push(...streamRecord(change, of))
  }
  parts.push(Buffer.from(next === undefined ? ']}' : `],"NextShardIterator":${JSON.stringify(next)}}`))
  return new Rendered(parts)
}

const recordsStart = Buffer.from('{"Records":[')
const comma = Buffer.from(',')
