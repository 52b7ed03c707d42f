/**
 * Consumed capacity as DynamoDB reports it. Rules: developer guide, "DynamoDB read and write operations" (a write unit for
 * each KB, a read unit for each 4 KB, half of it for eventual consistency, twice for transactions) and "Provisioned
 * throughput considerations for Global Secondary Indexes" (one write for a row that comes or goes, two for a key that
 * changes, none for what is not projected).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type Capacity,
  type ConsumedCapacity,
  DeleteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let plain: string
let indexed: string
let pk: string
let counter = 0

beforeAll(async () => {
  region = await testRegion()
  plain = await region.createTable()
  indexed = await region.createTable({
    AttributeDefinitions: ['pk', 'sk', 'l', 'g'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'local',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'l', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'some',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['held'] },
      },
      { IndexName: 'all', KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
    ],
  })
})
afterAll(() => region.close())
beforeEach(() => void (pk = `p${++counter}`))

const text = (length: number): AttributeValue => ({ S: 'x'.repeat(length) })
const total = { ReturnConsumedCapacity: 'TOTAL' } as const
const detailed = { ReturnConsumedCapacity: 'INDEXES' } as const

describe('of a plain table', () => {
  const put = (bytes: number) =>
    // pk's name and value, and the other attribute's name.
    region.client.send(
      new PutItemCommand({ TableName: plain, Item: { pk: { S: pk }, d: text(bytes - 2 - pk.length - 1) }, ...total }),
    )
  const units = async (sent: Promise<{ ConsumedCapacity?: ConsumedCapacity | undefined }>) =>
    (await sent).ConsumedCapacity?.CapacityUnits

  test.each([
    [100, 1],
    [1024, 1],
    [1025, 2],
    [2049, 3],
    [409_600, 400],
  ])('a put of %d bytes takes %d units', async (bytes, expected) => {
    expect(await units(put(bytes))).toBe(expected)
  })

  test('a write takes as much as the greater of the items before and after', async () => {
    await put(3000)
    expect(await units(put(100))).toBe(3)
    await put(3000)
    const Key = { pk: { S: pk } }
    const update = new UpdateItemCommand({ TableName: plain, Key, UpdateExpression: 'REMOVE d', ...total })
    expect(await units(region.client.send(update))).toBe(3)
    await put(3000)
    expect(await units(region.client.send(new DeleteItemCommand({ TableName: plain, Key, ...total })))).toBe(3)
    expect(await units(region.client.send(new DeleteItemCommand({ TableName: plain, Key, ...total })))).toBe(1)
  })

  test.each([
    [100, 0.5, 1],
    [4096, 0.5, 1],
    [4097, 1, 2],
    [12_289, 2, 4],
  ])('a get of %d bytes takes %d units, consistently %d', async (bytes, eventual, strong) => {
    await put(bytes)
    const get = { TableName: plain, Key: { pk: { S: pk } }, ProjectionExpression: 'pk', ...total }
    expect(await units(region.client.send(new GetItemCommand(get)))).toBe(eventual)
    expect(await units(region.client.send(new GetItemCommand({ ...get, ConsistentRead: true })))).toBe(strong)
  })

  test('a get of nothing takes the least', async () => {
    const get = { TableName: plain, Key: { pk: { S: 'nobody' } }, ...detailed }
    expect((await region.client.send(new GetItemCommand(get))).ConsumedCapacity).toEqual({
      TableName: plain,
      CapacityUnits: 0.5,
      Table: { CapacityUnits: 0.5 },
    })
  })

  test('nothing is told that is not asked for', async () => {
    const { ConsumedCapacity } = await region.client.send(
      new PutItemCommand({ TableName: plain, Item: { pk: { S: pk } }, ReturnConsumedCapacity: 'NONE' }),
    )
    expect(ConsumedCapacity).toBeUndefined()
  })

  test('a batch sums by table, each item rounded on its own', async () => {
    const items = [100, 1500, 5000].map((bytes, n) => ({ pk: { S: `${pk}-${n}` }, d: text(bytes) }))
    const written = await region.client.send(
      new BatchWriteItemCommand({
        RequestItems: { [plain]: items.map((Item) => ({ PutRequest: { Item } })) },
        ...total,
      }),
    )
    expect(written.ConsumedCapacity).toEqual([{ TableName: plain, CapacityUnits: 1 + 2 + 5 }])
    const read = await region.client.send(
      new BatchGetItemCommand({
        RequestItems: { [plain]: { Keys: [...items.map((each) => ({ pk: each.pk })), { pk: { S: 'nobody' } }] } },
        ...total,
      }),
    )
    expect(read.ConsumedCapacity).toEqual([{ TableName: plain, CapacityUnits: 0.5 + 0.5 + 1 + 0.5 }])
  })

  test('a transaction takes twice as much, and says of which kind', async () => {
    const Key = { pk: { S: pk } }
    const written = await region.client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName: plain, Item: { ...Key, d: text(1500) } } },
          {
            ConditionCheck: {
              TableName: plain,
              Key: { pk: { S: 'nobody' } },
              ConditionExpression: 'attribute_not_exists(pk)',
            },
          },
        ],
        ...detailed,
      }),
    )
    expect(written.ConsumedCapacity).toEqual([
      {
        TableName: plain,
        CapacityUnits: 6,
        WriteCapacityUnits: 6,
        Table: { CapacityUnits: 6, WriteCapacityUnits: 6 },
      },
    ])
    const read = await region.client.send(
      new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: plain, Key } }], ...total }),
    )
    expect(read.ConsumedCapacity).toEqual([{ TableName: plain, CapacityUnits: 2, ReadCapacityUnits: 2 }])
  })
})

describe('with indexes', () => {
  type Units = Record<string, number>
  const unitsOf = (capacities: Record<string, Capacity> | undefined): Units =>
    Object.fromEntries(Object.entries(capacities ?? {}).map(([name, { CapacityUnits = 0 }]) => [name, CapacityUnits]))
  const told = (consumed: ConsumedCapacity | undefined) => ({
    total: consumed?.CapacityUnits,
    table: consumed?.Table?.CapacityUnits,
    ...unitsOf(consumed?.LocalSecondaryIndexes),
    ...unitsOf(consumed?.GlobalSecondaryIndexes),
  })
  const key = () => ({ pk: { S: pk }, sk: { S: 'a' } })
  const put = async (more: Record<string, AttributeValue>) =>
    told(
      (await region.client.send(new PutItemCommand({ TableName: indexed, Item: { ...key(), ...more }, ...detailed })))
        .ConsumedCapacity,
    )

  test('a row is written to each index that the item is in', async () => {
    expect(await put({})).toEqual({ total: 1, table: 1 })
    expect(await put({ l: { S: '1' } })).toEqual({ total: 2, table: 1, local: 1 })
    expect(await put({ l: { S: '1' }, g: { S: '1' } })).toEqual({ total: 3, table: 1, some: 1, all: 1 })
  })

  test('what an index does not hold does not concern it', async () => {
    await put({ g: { S: '1' } })
    expect(await put({ g: { S: '1' }, other: { S: '1' } })).toEqual({ total: 2, table: 1, all: 1 })
    expect(await put({ g: { S: '1' }, other: { S: '1' }, held: { S: '1' } })).toEqual({
      total: 3,
      table: 1,
      some: 1,
      all: 1,
    })
    expect(await put({ g: { S: '1' }, other: { S: '1' }, held: { S: '1' } })).toEqual({ total: 1, table: 1 })
  })

  test('a key that changes is one row gone and another come', async () => {
    await put({ l: { S: '1' }, g: { S: '1' } })
    expect(await put({ l: { S: '2' }, g: { S: '2' } })).toEqual({ total: 7, table: 1, local: 2, some: 2, all: 2 })
    expect(await put({})).toEqual({ total: 4, table: 1, local: 1, some: 1, all: 1 })
  })

  test('each index counts by the size of its own row', async () => {
    expect(await put({ g: { S: '1' }, other: text(3000) })).toEqual({ total: 7, table: 3, some: 1, all: 3 })
  })

  test('a query is charged to the index, and to the table for what was fetched from it', async () => {
    for (const sk of ['1', '2', '3'])
      await region.client.send(
        new PutItemCommand({
          TableName: indexed,
          Item: { pk: { S: pk }, sk: { S: sk }, l: { S: sk }, g: { S: pk }, other: text(4500) },
        }),
      )
    const query = { TableName: indexed, ...detailed }
    const byPartition = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: pk } } }
    const consumed = async (more: object) =>
      told((await region.client.send(new QueryCommand({ ...query, ...byPartition, ...more }))).ConsumedCapacity)
    expect(await consumed({})).toEqual({ total: 2, table: 2 })
    expect(await consumed({ ConsistentRead: true })).toEqual({ total: 4, table: 4 })
    expect(await consumed({ IndexName: 'local' })).toEqual({ total: 0.5, table: 0, local: 0.5 })
    expect(await consumed({ IndexName: 'local', Select: 'ALL_ATTRIBUTES' })).toEqual({
      total: 3.5,
      table: 3,
      local: 0.5,
    })
    const byGlobal = { IndexName: 'some', KeyConditionExpression: 'g = :p' }
    expect(await consumed(byGlobal)).toEqual({ total: 0.5, table: 0, some: 0.5 })
    expect(await consumed({ ...byGlobal, IndexName: 'all' })).toEqual({ total: 2, table: 0, all: 2 })
  })

  test('what a filter throws away was read all the same', async () => {
    const table = await region.createTable()
    for (const each of ['1', '2', '3', '4'])
      await region.client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: each }, d: text(4000) } }))
    const scanned = await region.client.send(
      new ScanCommand({ TableName: table, FilterExpression: 'attribute_exists(nope)', ...total }),
    )
    expect(scanned).toMatchObject({ Count: 0, ScannedCount: 4, ConsumedCapacity: { CapacityUnits: 2 } })
  })
})

test('the table is called as the request called it, by its ARN too', async () => {
  // API reference, ConsumedCapacity: "If you had specified the Amazon Resource Name (ARN) of a table in the input, you'll
  // see the table ARN in the response."
  const { Table } = await region.client.send(new DescribeTableCommand({ TableName: plain }))
  const arn = Table?.TableArn ?? ''
  const Key = { pk: { S: pk } }
  const replies = [
    await region.client.send(new PutItemCommand({ TableName: arn, Item: Key, ...total })),
    await region.client.send(new GetItemCommand({ TableName: arn, Key, ...total })),
    await region.client.send(new ScanCommand({ TableName: arn, Limit: 1, ...total })),
  ]
  for (const { ConsumedCapacity } of replies) expect(ConsumedCapacity?.TableName).toBe(arn)
  const batch = await region.client.send(
    new BatchGetItemCommand({ RequestItems: { [arn]: { Keys: [Key] } }, ...total }),
  )
  expect([batch.Responses, batch.ConsumedCapacity?.[0]?.TableName]).toEqual([{ [arn]: [Key] }, arn])
})

describe('item collections', () => {
  test('are estimated for tables with local indexes only', async () => {
    const write = { Item: { pk: { S: pk }, sk: { S: 'a' } }, ReturnItemCollectionMetrics: 'SIZE' } as const
    const collected = await region.client.send(new PutItemCommand({ TableName: indexed, ...write }))
    expect(collected.ItemCollectionMetrics).toEqual({
      ItemCollectionKey: { pk: { S: pk } },
      SizeEstimateRangeGB: [0, 1],
    })
    const none = await region.client.send(new PutItemCommand({ TableName: plain, ...write }))
    expect(none.ItemCollectionMetrics).toBeUndefined()
  })
})
