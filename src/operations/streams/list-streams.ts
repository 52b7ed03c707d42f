import type { ListStreamsInput, ListStreamsOutput } from '@aws-sdk/client-dynamodb-streams'
import { listStreamsMax } from '../../core/limits/stream-limits.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { arnOf, checkLimit, checkStreamArn, isListed, isOver } from './named-stream.ts'

type Input = Wire<ListStreamsInput>

/** In the order of their ARNs, so that a page goes on behind any ARN, also of a stream that has gone meanwhile. */
export const listStreams = defineControl<Input, Wire<ListStreamsOutput>>({
  name: 'ListStreams',
  checks: [
    ({ Limit }) => checkLimit(Limit, listStreamsMax),
    ({ ExclusiveStartStreamArn: start }) => checkStreamArn(start),
  ],
  run: ({ TableName: table, Limit: limit = listStreamsMax, ExclusiveStartStreamArn: start = '' }, context) => {
    const streams = context.engine.streams
      .all()
      .filter(isListed)
      .filter((stream) => (table === undefined || stream.tableName === table) && !isOver(stream, context))
      .map((stream) => ({ StreamArn: arnOf(stream, context), TableName: stream.tableName, StreamLabel: stream.label }))
      .filter(({ StreamArn }) => StreamArn > start)
      .toSorted((a, b) => (a.StreamArn < b.StreamArn ? -1 : 1))
    const page = streams.slice(0, limit)
    const last = streams.length > page.length ? page.at(-1) : undefined
    return { Streams: page, ...(last === undefined ? {} : { LastEvaluatedStreamArn: last.StreamArn }) }
  },
})
