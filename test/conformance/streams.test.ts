/** DynamoDB Streams through the SDK. Messages that no source has are marked as guessed. */
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  PutItemCommand,
  type StreamSpecification,
  type StreamViewType,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, tableName, testRegion, type TestRegion } from './region.ts'
import {
  callStreams,
  iteratorOf,
  latestArnOf,
  recordsOf,
  saidBy,
  shardsOf,
  streamedTable,
  streamsClientOf,
  withStream,
} from './streams.ts'

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

const tableWith = (viewType?: StreamViewType) => streamedTable(region, viewType)
const latestArn = (TableName: string) => latestArnOf(region, TableName)

const put = (TableName: string, pk: string, n?: string) =>
  region.client.send(
    new PutItemCommand({ TableName, Item: { pk: { S: pk }, ...(n === undefined ? {} : { n: { N: n } }) } }),
  )

const remove = (TableName: string, pk: string) =>
  region.client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } }))

async function setStream(TableName: string, StreamSpecification: StreamSpecification): Promise<void> {
  await region.client.send(new UpdateTableCommand({ TableName, StreamSpecification }))
  await waitUntilTableExists({ client: region.client, maxWaitTime: 60, minDelay: 0.01, maxDelay: 2 }, { TableName })
}

describe('records', () => {
  test('tell insert, modify and remove, with both images', async () => {
    const { TableName, arn } = await tableWith()
    await put(TableName, 'a', '1')
    await put(TableName, 'a', '2')
    await remove(TableName, 'a')
    expect((await recordsOf(streams, arn)).map(saidBy)).toEqual([
      ['INSERT', { pk: 'a' }, { pk: 'a', n: '1' }, undefined],
      ['MODIFY', { pk: 'a' }, { pk: 'a', n: '2' }, { pk: 'a', n: '1' }],
      ['REMOVE', { pk: 'a' }, undefined, { pk: 'a', n: '2' }],
    ])
  })

  test.each([
    ['KEYS_ONLY', undefined, undefined],
    ['NEW_IMAGE', { pk: 'a', n: '2' }, undefined],
    ['OLD_IMAGE', undefined, { pk: 'a', n: '1' }],
    ['NEW_AND_OLD_IMAGES', { pk: 'a', n: '2' }, { pk: 'a', n: '1' }],
  ] as const)('have of %s what it says', async (viewType, newImage, oldImage) => {
    const { TableName, arn } = await tableWith(viewType)
    await put(TableName, 'a', '1')
    await put(TableName, 'a', '2')
    const records = await recordsOf(streams, arn)
    expect(saidBy(records[1] ?? {})).toEqual(['MODIFY', { pk: 'a' }, newImage, oldImage])
    expect(records[1]?.dynamodb?.StreamViewType).toBe(viewType)
  })

  test('have the members and sizes that AWS gives them', async () => {
    const { TableName, arn } = await tableWith()
    await put(TableName, 'Fred')
    const [record] = await recordsOf(streams, arn)
    expect(record).toMatchObject({ eventVersion: '1.1', eventSource: 'aws:dynamodb', awsRegion: 'us-east-1' })
    expect(record?.eventID).toMatch(/^[0-9a-f]{32}$/)
    expect(record?.dynamodb?.SequenceNumber).toMatch(/^\d{21,40}$/)
    // pk and Fred, in the keys and in the image.
    expect(record?.dynamodb?.SizeBytes).toBe(12)
    expect(record).not.toHaveProperty('userIdentity')
    const createdMs = record?.dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0
    expect(createdMs % 1000).toBe(0)
    expect(Math.abs(createdMs - Date.now())).toBeLessThan(60_000)
  })

  test('of what changes nothing there are none', async () => {
    const { TableName, arn } = await tableWith()
    const Item = { pk: { S: 'a' }, colors: { SS: ['red', 'blue'] }, n: { N: '1' } }
    await region.client.send(new PutItemCommand({ TableName, Item }))
    await region.client.send(new PutItemCommand({ TableName, Item }))
    const turned = { n: { N: '1.0' }, colors: { SS: ['blue', 'red'] }, pk: { S: 'a' } }
    await region.client.send(new PutItemCommand({ TableName, Item: turned }))
    await region.client.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk: { S: 'a' } },
        UpdateExpression: 'SET n = :n',
        ExpressionAttributeValues: { ':n': { N: '1' } },
      }),
    )
    await remove(TableName, 'none')
    await region.client.send(
      new BatchWriteItemCommand({
        RequestItems: { [TableName]: [{ PutRequest: { Item } }, { DeleteRequest: { Key: { pk: { S: 'none' } } } }] },
      }),
    )
    expect((await recordsOf(streams, arn)).map(({ eventName }) => eventName)).toEqual(['INSERT'])
  })

  test('of items of one size and length that differ there are some', async () => {
    const { TableName, arn } = await tableWith()
    await put(TableName, 'a', '12')
    await put(TableName, 'a', '21')
    expect((await recordsOf(streams, arn)).map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY'])
  })

  test('of a batch and of a transaction there is one for each item, each with an id of its own', async () => {
    const { TableName, arn } = await tableWith()
    const keys = Array.from({ length: 10 }, (_, n) => `k${n}`)
    await region.client.send(
      new BatchWriteItemCommand({
        RequestItems: { [TableName]: keys.map((pk) => ({ PutRequest: { Item: { pk: { S: pk } } } })) },
      }),
    )
    await region.client.send(
      new TransactWriteItemsCommand({
        TransactItems: keys.map((pk) => ({ Delete: { TableName, Key: { pk: { S: pk } } } })),
      }),
    )
    const records = await recordsOf(streams, arn)
    expect(records).toHaveLength(20)
    expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(20)
    expect(new Set(records.map(({ dynamodb }) => dynamodb?.SequenceNumber)).size).toBe(20)
    for (const pk of keys)
      expect(
        records.filter(({ dynamodb }) => dynamodb?.Keys?.['pk']?.S === pk).map(({ eventName }) => eventName),
      ).toEqual(['INSERT', 'REMOVE'])
  })

  test('have keys of all types, and keys that need an escape', async () => {
    const TableName = await region.createTable({
      AttributeDefinitions: [
        { AttributeName: 'p"k', AttributeType: 'N' },
        { AttributeName: 's\\k', AttributeType: 'B' },
      ],
      KeySchema: [
        { AttributeName: 'p"k', KeyType: 'HASH' },
        { AttributeName: 's\\k', KeyType: 'RANGE' },
      ],
      ...withStream('KEYS_ONLY'),
    })
    const Key = { 'p"k': { N: '-12.5' }, 's\\k': { B: Uint8Array.of(1, 2, 3) } }
    await region.client.send(new PutItemCommand({ TableName, Item: { ...Key, more: { S: 'x' } } }))
    const [record] = await recordsOf(streams, await latestArn(TableName))
    expect(record?.dynamodb?.Keys).toEqual(Key)
    // Names of 3 bytes each, 1 + 2 and a sign for the number, 3 for the binary.
    expect(record?.dynamodb?.SizeBytes).toBe(3 + 4 + 3 + 3)
  })
})

describe('a stream', () => {
  test('is described with its open shards, four of them on demand', async () => {
    const { TableName, arn } = await tableWith('KEYS_ONLY')
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }))
    expect(StreamDescription).toMatchObject({
      StreamArn: arn,
      StreamStatus: 'ENABLED',
      StreamViewType: 'KEYS_ONLY',
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    })
    expect(arn.endsWith(`/stream/${StreamDescription?.StreamLabel}`)).toBe(true)
    const shards = StreamDescription?.Shards ?? []
    expect(shards).toHaveLength(4)
    for (const { ShardId, SequenceNumberRange, ParentShardId } of shards) {
      expect(ShardId).toMatch(/^shardId-\d{20}-[0-9a-f]{8}$/)
      expect(SequenceNumberRange?.StartingSequenceNumber).toMatch(/^\d{21,40}$/)
      expect(SequenceNumberRange?.EndingSequenceNumber).toBeUndefined()
      expect(ParentShardId).toBeUndefined()
    }
    const ids = shards.map(({ ShardId = '' }) => ShardId)
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)))
  })

  test.each([
    [1, 1, 1],
    [6001, 1, 3],
    [10, 2500, 3],
  ])(
    'of a table with %i read and %i write units has %i shards',
    async (ReadCapacityUnits, WriteCapacityUnits, count) => {
      const TableName = await region.createTable({
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
        ...withStream('KEYS_ONLY'),
      })
      expect(await shardsOf(streams, await latestArn(TableName))).toHaveLength(count)
    },
  )

  test('is described in pages of shards', async () => {
    const { arn } = await tableWith()
    const first = await streams.send(new DescribeStreamCommand({ StreamArn: arn, Limit: 3 }))
    expect(first.StreamDescription?.Shards).toHaveLength(3)
    const last = first.StreamDescription?.LastEvaluatedShardId
    expect(last).toBe(first.StreamDescription?.Shards?.at(-1)?.ShardId)
    const rest = await streams.send(new DescribeStreamCommand({ StreamArn: arn, ExclusiveStartShardId: last }))
    expect(rest.StreamDescription?.Shards).toHaveLength(1)
    expect(rest.StreamDescription?.LastEvaluatedShardId).toBeUndefined()
    const end = rest.StreamDescription?.Shards?.[0]?.ShardId
    const none = await streams.send(new DescribeStreamCommand({ StreamArn: arn, ExclusiveStartShardId: end }))
    expect(none.StreamDescription?.Shards).toEqual([])
  })

  test('that is disabled is readable still; one enabled again has an ARN of its own', async () => {
    const { TableName, arn } = await tableWith()
    await put(TableName, 'a')
    await setStream(TableName, { StreamEnabled: false })
    await put(TableName, 'unseen')
    const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(Table?.StreamSpecification).toBeUndefined()
    expect(Table?.LatestStreamArn).toBe(arn)
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }))
    expect(StreamDescription?.StreamStatus).toBe('DISABLED')
    for (const { SequenceNumberRange } of StreamDescription?.Shards ?? [])
      expect(SequenceNumberRange?.EndingSequenceNumber).toMatch(/^\d{21,40}$/)
    await setStream(TableName, { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' })
    const again = await latestArn(TableName)
    expect(again).not.toBe(arn)
    await put(TableName, 'b')
    expect((await recordsOf(streams, arn)).map(saidBy)).toEqual([['INSERT', { pk: 'a' }, { pk: 'a' }, undefined]])
    expect((await recordsOf(streams, again)).map(saidBy)).toEqual([['INSERT', { pk: 'b' }, { pk: 'b' }, undefined]])
    const { Streams } = await streams.send(new ListStreamsCommand({ TableName }))
    expect(Streams?.map(({ StreamArn }) => StreamArn)).toEqual([arn, again])
  })

  test('outlives its table, and a table made again under the name has another', async () => {
    const TableName = tableName()
    const make = async () => {
      await region.createTable({ TableName, ...withStream('NEW_IMAGE') })
      return await latestArn(TableName)
    }
    const arn = await make()
    await put(TableName, 'a')
    await region.client.send(new DeleteTableCommand({ TableName }))
    expect((await recordsOf(streams, arn)).map(saidBy)).toEqual([['INSERT', { pk: 'a' }, { pk: 'a' }, undefined]])
    await expect
      .poll(() => region.client.send(new CreateTableCommand(simple(TableName))).then(() => 'made', String))
      .toBe('made')
    const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: arn }))
    expect(StreamDescription?.StreamStatus).toBe('DISABLED')
    expect(await latestArn(TableName)).not.toBe(arn)
    // Nothing of the removed rows.
    expect(await recordsOf(streams, arn)).toHaveLength(1)
  })

  test('is listed in pages', async () => {
    await tableWith()
    await tableWith()
    const first = await streams.send(new ListStreamsCommand({ Limit: 1 }))
    expect(first.Streams).toHaveLength(1)
    expect(first.LastEvaluatedStreamArn).toBe(first.Streams?.[0]?.StreamArn)
    const second = await streams.send(
      new ListStreamsCommand({ Limit: 1, ExclusiveStartStreamArn: first.LastEvaluatedStreamArn }),
    )
    expect(second.Streams?.[0]?.StreamArn).not.toBe(first.Streams?.[0]?.StreamArn)
    expect((await streams.send(new ListStreamsCommand({ TableName: 'no-such-table' }))).Streams).toEqual([])
  })
})

const simple = (TableName: string) => ({
  TableName,
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
  ...withStream('NEW_IMAGE'),
})

describe('an iterator', () => {
  const oneShard = {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  } as const

  async function fiveRecords() {
    const TableName = await region.createTable({ ...oneShard, ...withStream('NEW_IMAGE') })
    const StreamArn = await latestArn(TableName)
    for (let n = 0; n < 5; n++) await put(TableName, `k${n}`)
    const [shard] = await shardsOf(streams, StreamArn)
    const sequences = (await recordsOf(streams, StreamArn)).map(({ dynamodb }) => dynamodb?.SequenceNumber)
    return { TableName, StreamArn, ShardId: shard?.ShardId, shard, sequences }
  }

  const readFrom = async (iterator: string, Limit?: number) =>
    await streams.send(new GetRecordsCommand({ ShardIterator: iterator, ...(Limit === undefined ? {} : { Limit }) }))

  const keysFrom = async (iterator: string): Promise<unknown> =>
    ((await readFrom(iterator)).Records ?? []).map(({ dynamodb }) => dynamodb?.Keys?.['pk']?.S)

  test('begins where it says', async () => {
    const { StreamArn, ShardId, sequences, shard } = await fiveRecords()
    const from = async (ShardIteratorType: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER', SequenceNumber?: string) =>
      await keysFrom(await iteratorOf(streams, { StreamArn, ShardId, ShardIteratorType, SequenceNumber }))
    expect(sequences).toEqual(sequences.toSorted((a = '', b = '') => (a < b ? -1 : 1)))
    expect(await keysFrom(await iteratorOf(streams, { StreamArn, ShardId }))).toEqual(['k0', 'k1', 'k2', 'k3', 'k4'])
    expect(await from('AT_SEQUENCE_NUMBER', sequences[3])).toEqual(['k3', 'k4'])
    expect(await from('AFTER_SEQUENCE_NUMBER', sequences[3])).toEqual(['k4'])
    expect(await from('AFTER_SEQUENCE_NUMBER', sequences[4])).toEqual([])
    expect(await from('AT_SEQUENCE_NUMBER', shard?.SequenceNumberRange?.StartingSequenceNumber)).toHaveLength(5)
  })

  test('of the latest sees what comes', async () => {
    const { TableName, StreamArn, ShardId } = await fiveRecords()
    const iterator = await iteratorOf(streams, { StreamArn, ShardId, ShardIteratorType: 'LATEST' })
    const empty = await readFrom(iterator)
    expect(empty.Records).toEqual([])
    await put(TableName, 'new')
    expect(await keysFrom(empty.NextShardIterator ?? '')).toEqual(['new'])
    expect(await keysFrom(iterator)).toEqual(['new'])
  })

  test('goes on in pages, and ends with a shard that is closed', async () => {
    const { TableName, StreamArn, ShardId } = await fiveRecords()
    const first = await readFrom(await iteratorOf(streams, { StreamArn, ShardId }), 2)
    expect(first.Records).toHaveLength(2)
    await setStream(TableName, { StreamEnabled: false })
    const second = await readFrom(first.NextShardIterator ?? '', 2)
    expect(second.Records).toHaveLength(2)
    const third = await readFrom(second.NextShardIterator ?? '', 2)
    expect(third.Records).toHaveLength(1)
    expect(third).not.toHaveProperty('NextShardIterator')
  })

  test.runIf(isLocal)('at a time gives what came then and later', async () => {
    const { TableName, StreamArn, ShardId } = await fiveRecords()
    // The clock of the region may be some milliseconds from this one.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const Timestamp = Date.now() / 1000
    await new Promise((resolve) => setTimeout(resolve, 100))
    await put(TableName, 'later')
    const at = async (time: number) => {
      const asked = { StreamArn, ShardId, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: time }
      const { json } = await callStreams(region.endpoint, 'GetShardIterator', asked)
      return await keysFrom((json as { ShardIterator: string }).ShardIterator)
    }
    expect(await at(Timestamp)).toEqual(['later'])
    expect(await at(0)).toHaveLength(6)
  })
})
