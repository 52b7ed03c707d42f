import {
  type AttributeValue,
  DescribeTableCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, refusal, type TestRegion, testRegion } from './region.ts'

let region: TestRegion
beforeAll(async () => void (region = await testRegion()))
afterAll(() => region.close())

const put = (TableName: string, Item: Record<string, AttributeValue>) =>
  region.client.send(new PutItemCommand({ TableName, Item }))
const update = (TableName: string, more: Partial<UpdateTableCommandInput>) =>
  region.client.send(new UpdateTableCommand({ TableName, ...more }))
const describeTable = async (TableName: string) =>
  (await region.client.send(new DescribeTableCommand({ TableName }))).Table

const byColor = {
  IndexName: 'by-color',
  KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}
const colorDefined = [{ AttributeName: 'color', AttributeType: 'S' as const }]
const createByColor = { AttributeDefinitions: colorDefined, GlobalSecondaryIndexUpdates: [{ Create: byColor }] }

async function until(TableName: string, holds: (table: Awaited<ReturnType<typeof describeTable>>) => boolean) {
  const deadline = Date.now() + (isLocal ? 10_000 : 900_000)
  while (Date.now() < deadline) {
    const table = await describeTable(TableName)
    if (holds(table)) return table
    await new Promise((resolve) => setTimeout(resolve, isLocal ? 5 : 5000))
  }
  throw new Error('the table did not come into the state waited for')
}

const settled = (TableName: string) =>
  until(
    TableName,
    (table) =>
      table?.TableStatus === 'ACTIVE' &&
      (table.GlobalSecondaryIndexes ?? []).every((index) => index.IndexStatus === 'ACTIVE'),
  )

describe('an index made on a table in use', () => {
  test('is filled with what is there, without the items whose key is of another type', async () => {
    const TableName = await region.createTable()
    for (let n = 0; n < 30; n++)
      await put(TableName, { pk: { S: `${n}` }, color: n % 3 === 0 ? { N: '1' } : { S: 'red' } })
    const { TableDescription } = await update(TableName, createByColor)
    expect(TableDescription?.TableStatus).toBe('UPDATING')
    expect(TableDescription?.GlobalSecondaryIndexes?.[0]).toMatchObject({
      IndexName: 'by-color',
      IndexStatus: 'CREATING',
      Backfilling: false,
    })
    const table = await settled(TableName)
    expect(table?.AttributeDefinitions).toContainEqual(colorDefined[0])
    const reply = await region.client.send(new ScanCommand({ TableName, IndexName: 'by-color', Select: 'COUNT' }))
    expect(reply.Count).toBe(20)
  })

  test('has the items that were written while it was filled', async () => {
    const TableName = await region.createTable()
    for (let n = 0; n < 50; n++) await put(TableName, { pk: { S: `${n}` }, color: { S: 'red' } })
    const made = update(TableName, createByColor)
    for (let n = 50; n < 100; n++) await put(TableName, { pk: { S: `${n}` }, color: { S: 'red' } })
    await made
    await settled(TableName)
    const reply = await region.client.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-color',
        KeyConditionExpression: 'color = :red',
        ExpressionAttributeValues: { ':red': { S: 'red' } },
        Select: 'COUNT',
      }),
    )
    expect(reply.Count).toBe(100)
  })

  test('goes again, and comes back empty of what it had', async () => {
    const TableName = await region.createTable()
    await put(TableName, { pk: { S: 'a' }, color: { S: 'red' } })
    await update(TableName, createByColor)
    await settled(TableName)
    const { TableDescription } = await update(TableName, {
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-color' } }],
    })
    expect(TableDescription?.GlobalSecondaryIndexes?.[0]?.IndexStatus).toBe('DELETING')
    await until(TableName, (table) => table?.TableStatus === 'ACTIVE' && table.GlobalSecondaryIndexes === undefined)
    expect((await describeTable(TableName))?.AttributeDefinitions).toEqual([
      { AttributeName: 'pk', AttributeType: 'S' },
    ])
    await update(TableName, createByColor)
    await settled(TableName)
    const reply = await region.client.send(new ScanCommand({ TableName, IndexName: 'by-color' }))
    expect(reply.Items).toEqual([{ pk: { S: 'a' }, color: { S: 'red' } }])
  })
})

describe('an index with several attributes in its key', () => {
  const names = ['tournament', 'round', 'score', 'player'] as const
  const key = [
    { AttributeName: 'tournament', KeyType: 'HASH' as const },
    { AttributeName: 'round', KeyType: 'HASH' as const },
    { AttributeName: 'score', KeyType: 'RANGE' as const },
    { AttributeName: 'player', KeyType: 'RANGE' as const },
  ]
  const query = (TableName: string, condition: string, values: Record<string, AttributeValue>) =>
    region.client.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-score',
        KeyConditionExpression: condition,
        ExpressionAttributeValues: values,
        ExpressionAttributeNames: { '#t': 'tournament', '#r': 'round' },
      }),
    )

  test('is queried by all of its partition and, from the left, by its sort attributes', async () => {
    const TableName = await region.createTable({
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        ...names.map((AttributeName) => ({
          AttributeName,
          AttributeType: AttributeName === 'score' ? ('N' as const) : ('S' as const),
        })),
      ],
      GlobalSecondaryIndexes: [{ IndexName: 'by-score', KeySchema: key, Projection: { ProjectionType: 'ALL' } }],
    })
    const scores = [10, 9, 100, 9]
    for (const [n, score] of scores.entries())
      await put(TableName, {
        pk: { S: `${n}` },
        tournament: { S: 'open' },
        round: { S: 'final' },
        score: { N: `${score}` },
        player: { S: `player-${n}` },
      })
    await put(TableName, { pk: { S: 'sparse' }, tournament: { S: 'open' }, round: { S: 'final' } })
    const partition = { ':t': { S: 'open' }, ':r': { S: 'final' } }
    const ids = (reply: { readonly Items?: Record<string, AttributeValue>[] | undefined }) =>
      reply.Items?.map(({ pk }) => pk?.S)
    expect(ids(await query(TableName, '#t = :t AND #r = :r', partition))).toEqual(['1', '3', '0', '2'])
    const nine = { ...partition, ':s': { N: '9' } }
    expect(ids(await query(TableName, '#t = :t AND #r = :r AND score = :s', nine))).toEqual(['1', '3'])
    expect(ids(await query(TableName, '#t = :t AND #r = :r AND score > :s', nine))).toEqual(['0', '2'])
    const player = { ...nine, ':p': { S: 'player-2' } }
    expect(ids(await query(TableName, '#t = :t AND #r = :r AND score = :s AND player > :p', player))).toEqual(['3'])
    expect(
      (await refusal(query(TableName, '#t = :t AND #r = :r AND player = :p', { ...partition, ':p': { S: 'x' } })))[0],
    ).toBe('ValidationException')
  })
})

describe('UpdateTable refuses', () => {
  test('nothing at all', async () => {
    const TableName = await region.createTable()
    expect(await refusal(update(TableName, {}))).toEqual([
      'ValidationException',
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required',
    ])
  })

  test('an index that is there, and one that is not', async () => {
    const TableName = await region.createTable()
    await update(TableName, createByColor)
    await settled(TableName)
    expect(await refusal(update(TableName, createByColor))).toEqual([
      'ValidationException',
      'Attempting to create an index which already exists',
    ])
    expect(
      (await refusal(update(TableName, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'nowhere' } }] })))[0],
    ).toBe('ResourceNotFoundException')
  })

  test('two indexes at once', async () => {
    const TableName = await region.createTable()
    const two = [{ Create: byColor }, { Create: { ...byColor, IndexName: 'another' } }]
    expect(
      await refusal(update(TableName, { AttributeDefinitions: colorDefined, GlobalSecondaryIndexUpdates: two })),
    ).toEqual([
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    ])
  })

  test('an index key without a definition', async () => {
    const TableName = await region.createTable()
    expect(
      await refusal(
        update(TableName, {
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          GlobalSecondaryIndexUpdates: [{ Create: byColor }],
        }),
      ),
    ).toEqual([
      'ValidationException',
      'One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [color], AttributeDefinitions: [pk]',
    ])
  })

  test('the throughput that the table has', async () => {
    const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 2 }
    const TableName = await region.createTable({ BillingMode: 'PROVISIONED', ProvisionedThroughput })
    expect(await refusal(update(TableName, { ProvisionedThroughput }))).toEqual([
      'ValidationException',
      'The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: 1. Requested ReadCapacityUnits: 1. Current WriteCapacityUnits provisioned for the table: 2. Requested WriteCapacityUnits: 2. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
    ])
  })

  // aws/aws-cdk issue 6287, hashicorp/terraform-provider-aws issue 13097
  test('replicas that cannot be', async () => {
    const TableName = await region.createTable()
    const own = await region.client.config.region()
    expect(await refusal(update(TableName, { ReplicaUpdates: [{ Create: { RegionName: own } }] }))).toEqual([
      'ValidationException',
      'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
    ])
    expect((await refusal(update(TableName, { ReplicaUpdates: [{ Create: { RegionName: 'mars-1' } }] })))[0]).toBe(
      'ValidationException',
    )
  })
})

describe('UpdateTable', () => {
  test('changes billing mode and throughput', async () => {
    const TableName = await region.createTable()
    const ProvisionedThroughput = { ReadCapacityUnits: 7, WriteCapacityUnits: 8 }
    await update(TableName, { BillingMode: 'PROVISIONED', ProvisionedThroughput })
    const table = await settled(TableName)
    expect(table?.ProvisionedThroughput).toMatchObject(ProvisionedThroughput)
    expect(table?.BillingModeSummary).toMatchObject({ BillingMode: 'PROVISIONED' })
  })

  test('turns a stream on and off, and keeps its label', async () => {
    const TableName = await region.createTable()
    await update(TableName, { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    const on = await settled(TableName)
    expect(on?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'KEYS_ONLY' })
    await update(TableName, { StreamSpecification: { StreamEnabled: false } })
    const off = await settled(TableName)
    expect(off?.StreamSpecification).toBeUndefined()
    expect(off?.LatestStreamArn).toBe(on?.LatestStreamArn)
  })
})
