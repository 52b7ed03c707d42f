/** What DynamoDB Streams refuses. Messages that no source has are marked as guessed. */
import { type StreamSpecification, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiHeaders, send } from './raw-request.ts'
import { isLocal, refusal, testRegion, type TestRegion } from './region.ts'
import { callStreams, iteratorOf, shardsOf, streamedTable, streamsClientOf } from './streams.ts'

let region: TestRegion
let streams: DynamoDBStreamsClient

beforeAll(async () => {
  region = await testRegion()
  streams = streamsClientOf(region.endpoint)
})

afterAll(async () => {
  streams.destroy()
  await region.close()
})

describe('refusals', () => {
  let arn: string
  let ShardId: string | undefined

  beforeAll(async () => {
    arn = (await streamedTable(region)).arn
    ShardId = (await shardsOf(streams, arn))[0]?.ShardId
  })

  const iterator = (more: object) => refusal(iteratorOf(streams, { StreamArn: arn, ShardId, ...more }))
  const described = (more: object) => refusal(streams.send(new DescribeStreamCommand({ StreamArn: arn, ...more })))

  test('of streams and shards that there are not', async () => {
    const other = arn.replace(/\d+$/, '000')
    expect(await described({ StreamArn: other })).toEqual([
      'ResourceNotFoundException',
      `Requested resource not found: Stream: ${other} not found`,
    ])
    // Guessed.
    expect(await described({ StreamArn: arn.replace('/stream/', '/index/') })).toEqual([
      'ValidationException',
      expect.stringContaining('Invalid StreamArn'),
    ])
    const unknown = 'shardId-00000000000000000000-00000000'
    expect((await iterator({ ShardId: unknown }))[0]).toBe('ResourceNotFoundException')
    expect((await iterator({ ShardId: 'short' }))[0]).toBe('ValidationException')
  })

  test('of sequence numbers', async () => {
    const P = 'One or more parameter values were invalid: '
    const at = { ShardIteratorType: 'AT_SEQUENCE_NUMBER' }
    expect(await iterator(at)).toEqual(['ValidationException', `${P}SequenceNumber cannot be null`])
    expect(await iterator({ SequenceNumber: '1'.repeat(21) })).toEqual([
      'ValidationException',
      `${P}SequenceNumber should not be passed for this iterator type`,
    ])
    expect(await iterator({ ...at, SequenceNumber: '1'.repeat(21) })).toEqual([
      'ValidationException',
      'Invalid SequenceNumber for the shard',
    ])
    expect((await iterator({ ...at, SequenceNumber: '1' }))[1]).toContain(
      "at 'sequenceNumber' failed to satisfy constraint: Member must have length greater than or equal to 21",
    )
  })

  test('of limits and filters', async () => {
    for (const Limit of [0, 101]) {
      expect((await described({ Limit }))[0]).toBe('ValidationException')
      expect((await refusal(streams.send(new ListStreamsCommand({ Limit }))))[0]).toBe('ValidationException')
    }
    const ShardIterator = await iteratorOf(streams, { StreamArn: arn, ShardId })
    for (const Limit of [0, -1, 1001])
      expect(await refusal(streams.send(new GetRecordsCommand({ ShardIterator, Limit })))).toEqual([
        'ValidationException',
        expect.stringContaining("'limit'"),
      ])
    expect((await described({ ShardFilter: { Type: 'CHILD_SHARDS' } }))[1]).toContain('shardFilter.shardId')
    expect((await described({ ShardFilter: { ShardId } }))[1]).toContain('shardFilter.type')
    expect((await described({ ShardFilter: { Type: 'OTHER', ShardId } }))[0]).toBe('ValidationException')
  })

  test('of iterators that are none', async () => {
    const whole = await iteratorOf(streams, { StreamArn: arn, ShardId })
    for (const ShardIterator of ['x', whole.slice(0, -6), `${whole}|`, `a${whole}`])
      expect((await refusal(streams.send(new GetRecordsCommand({ ShardIterator }))))[0]).toBe('ValidationException')
  })

  test.runIf(isLocal)('of times: none for AT_TIMESTAMP, one for another type, one that is to come', async () => {
    const asked = { StreamArn: arn, ShardId, ShardIteratorType: 'AT_TIMESTAMP' }
    const future = Date.now() / 1000 + 3600
    // Guessed.
    for (const body of [
      asked,
      { ...asked, ShardIteratorType: 'LATEST', Timestamp: 1 },
      { ...asked, Timestamp: future },
    ]) {
      const { status, text } = await callStreams(region.endpoint, 'GetShardIterator', body)
      expect([status, text]).toEqual([400, expect.stringContaining('ValidationException')])
    }
  })

  test.runIf(isLocal)('of operations under the other service’s name', async () => {
    const { text } = await send({ endpoint: region.endpoint, headers: apiHeaders('ListStreams'), body: '{}' })
    expect(text).toContain('UnknownOperationException')
    expect((await callStreams(region.endpoint, 'ListTables', {})).text).toContain('UnknownOperationException')
    const { headers } = await callStreams(region.endpoint, 'ListStreams', {})
    expect(headers['x-amz-crc32']).toMatch(/^\d+$/)
  })

  test('of specifications that contradict themselves', async () => {
    const P = 'One or more parameter values were invalid: '
    const { TableName } = await streamedTable(region)
    const disabled = { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' } as const
    const update = (StreamSpecification: StreamSpecification) =>
      refusal(region.client.send(new UpdateTableCommand({ TableName, StreamSpecification })))
    expect(await update(disabled)).toEqual([
      'ValidationException',
      `${P}If stream is being disabled, then UpdateViewType must not be specified`,
    ])
    expect(await update({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' })).toEqual([
      'ValidationException',
      `Table already has an enabled stream: TableName: ${TableName}`,
    ])
    expect(await refusal(region.createTable({ StreamSpecification: disabled }))).toEqual([
      'ValidationException',
      `${P}Table is being created with a stream disabled, UpdateViewType should not be specified`,
    ])
  })
})
