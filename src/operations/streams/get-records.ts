import type { GetRecordsInput, GetRecordsOutput } from '@aws-sdk/client-dynamodb-streams'
import type { ChangeStream, Shard } from '../../core/change-stream/change-stream.ts'
import { PageWriter } from '../../core/change-stream/page-writer.ts'
import { StreamRecords } from '../../core/change-stream/stream-record.ts'
import { ServiceError } from '../../core/errors.ts'
import { shardIteratorMsMax, streamPageBytesMax, streamRecordsMax } from '../../core/limits/stream-limits.ts'
import { inTurns } from '../in-turns.ts'
import { defineOperation, type OperationContext, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { oldestReadable, trimmed } from './oldest-record.ts'
import { contextOf, checkLimit, shardNamed, streamNamed } from './named-stream.ts'
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
  touches: ({ iterator }) => [{ action: 'GetRecords', resource: iterator.arn }],
  run: async ({ iterator, limit }, shared) => {
    const beganMs = shared.env.clock.monotonicMs()
    checkAge(iterator, shared)
    const stream = streamNamed(iterator.arn, shared)
    const context = contextOf(stream, shared)
    const shard = shardNamed(stream, iterator.shard, context)
    const writer = new PageWriter().text('{"Records":[')
    const records = new StreamRecords({ stream, shard, region: context.engine.region }, writer)
    let count = 0
    const part = partOf(iterator, { stream, shard, limit }, context)
    const page = context.engine.streams.read(part, (head, entry) => {
      if (count++ > 0) writer.text(',')
      records.write(head, entry)
    })
    const { upTo } = await inTurns(page, context)
    const next = { ...iterator, after: upTo, fromOldest: false, issuedMs: context.env.clock.wallMs() }
    const isDrained = shard.upTo !== undefined && upTo >= shard.upTo
    writer.text(isDrained ? ']}' : `],"NextShardIterator":${JSON.stringify(encodeIterator(next))}}`)
    const bytes = writer.bytes()
    countReturned(stream, { count, sizeBytes: bytes.length, beganMs }, context)
    return new Rendered(bytes)
  },
})

function countReturned(
  { tableName: table, label: stream }: ChangeStream,
  { count, sizeBytes, beganMs }: { readonly count: number; readonly sizeBytes: number; readonly beganMs: number },
  { env }: OperationContext,
): void {
  const seconds = (env.clock.monotonicMs() - beganMs) / 1000
  env.meter.observe('longitude_stream_request_seconds', seconds, { table, stream })
  env.meter.observe('longitude_returned_records', count, { table, stream })
  env.meter.observe('longitude_returned_record_bytes', sizeBytes, { table, stream })
}

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
