import type { DescribeStreamInput, DescribeStreamOutput, StreamStatus } from '@aws-sdk/client-dynamodb-streams'
import { type Wait, waitRestMs } from '../../core/table/waits.ts'
import { type ChangeStream, type Shard, shardsOf } from '../../core/change-stream/change-stream.ts'
import { validationError } from '../../core/errors.ts'
import { describedShardsMax } from '../../core/limits/stream-limits.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { keySchemaElements, seconds } from '../tables/description.ts'
import { arnOf, checkLimit, checkStreamArn, streamNamed } from './named-stream.ts'

type Input = Wire<DescribeStreamInput>
type Description = NonNullable<Wire<DescribeStreamOutput>['StreamDescription']>

export const describeStream = defineControl<Input, Wire<DescribeStreamOutput>>({
  name: 'DescribeStream',
  resource: (input) => input.StreamArn,
  checks: [
    ({ StreamArn: arn }) => checkStreamArn(arn),
    ({ Limit }) => checkLimit(Limit, describedShardsMax),
    shardFilter,
  ],
  run: (input, context) => {
    const stream = streamNamed(input.StreamArn ?? '', context)
    return { StreamDescription: { ...descriptionOf(stream, context), ...pageOf(stream, input, context) } }
  },
})

function shardFilter({ ShardFilter: filter }: Input): void {
  if (filter === undefined) return
  for (const [name, value] of [
    ['type', filter.Type],
    ['shardId', filter.ShardId],
  ] as const)
    if (value === undefined)
      throw validationError(
        `1 validation error detected: Value null at 'shardFilter.${name}' failed to satisfy constraint: Member must not be null`,
      )
}

function descriptionOf(stream: ChangeStream, context: OperationContext): Omit<Description, 'Shards'> {
  return {
    StreamArn: arnOf(stream, context),
    StreamLabel: stream.label,
    StreamStatus: statusOf(stream, context),
    StreamViewType: stream.viewType,
    CreationRequestDateTime: seconds(stream.sinceMs),
    TableName: stream.tableName,
    KeySchema: keySchemaElements(stream.key),
  }
}

/** A stream takes records from the moment on at which it is enabled; what takes time on AWS is told for as long as the timing says. */
function statusOf({ sinceMs, untilMs }: ChangeStream, { env, settings }: OperationContext): StreamStatus {
  const passes = (wait: Wait, beganMs: number): boolean =>
    waitRestMs({ wait, beganMs }, settings.timing, env.clock.wallMs()) > 0
  if (untilMs === undefined) return passes('stream change', sinceMs) ? 'ENABLING' : 'ENABLED'
  return passes('stream end', untilMs) ? 'DISABLING' : 'DISABLED'
}

function pageOf(stream: ChangeStream, input: Input, { env, settings }: OperationContext): Pick<Description, 'Shards'> {
  const { Limit: limit = describedShardsMax, ExclusiveStartShardId: start = '', ShardFilter: filter } = input
  const sinceMs = env.clock.wallMs() - settings.streamRetentionMs
  const generations = stream.generations.filter(({ untilMs = Infinity }) => untilMs >= sinceMs)
  const shards = shardsOf({ generations }).filter(
    ({ id, parentId }) => id > start && (filter === undefined || parentId === filter.ShardId),
  )
  const page = shards.slice(0, limit)
  const last = shards.length > page.length ? page.at(-1) : undefined
  return { Shards: page.map(shardDescription), ...(last === undefined ? {} : { LastEvaluatedShardId: last.id }) }
}

const shardDescription = ({ id, parentId, starting, ending }: Shard) => ({
  ShardId: id,
  SequenceNumberRange: {
    StartingSequenceNumber: starting,
    ...(ending === undefined ? {} : { EndingSequenceNumber: ending }),
  },
  ...(parentId === undefined ? {} : { ParentShardId: parentId }),
})
