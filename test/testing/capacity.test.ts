/** Throttling as clients meet it, in the time of an embedded cluster. */
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'

const TableName = 'orders'
const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/orders'
const text = 'x'.repeat(900)
let cluster: Cluster
let client: DynamoDBClient

afterEach(async () => {
  client.destroy()
  await cluster.close()
})

async function begin(capacity: 'observe' | 'enforce', table: Partial<CreateTableCommandInput> = {}): Promise<void> {
  cluster = await createCluster({ regions: ['us-east-1'], clock: 'manual', capacity })
  client = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 1 })
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      ...table,
    }),
  )
  await cluster.settle()
}

const put = (id: string, more: Record<string, { S: string }> = {}) =>
  client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, text: { S: text }, ...more } }))

/** Uses up the burst: 300 seconds of one unit. */
async function exhaustWrites(): Promise<void> {
  for (let n = 0; n < 300; n++) await put(`${n % 10}`)
}

const refusalOf = (sent: Promise<unknown>): Promise<Record<string, unknown>> =>
  sent.then(
    () => ({ served: true }),
    ({ name, message, ThrottlingReasons, throttlingReasons, CancellationReasons }: Record<string, unknown>) => ({
      name,
      message,
      ...(ThrottlingReasons === undefined ? {} : { ThrottlingReasons }),
      ...(throttlingReasons === undefined ? {} : { throttlingReasons }),
      ...(CancellationReasons === undefined ? {} : { CancellationReasons }),
    }),
  )

const exceeded =
  'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.'

describe('a provisioned table', () => {
  test('serves its burst, is refused with the reason then, and serves again as time passes', async () => {
    await begin('enforce')
    await exhaustWrites()
    expect(await refusalOf(put('a'))).toEqual({
      name: 'ProvisionedThroughputExceededException',
      message: exceeded,
      ThrottlingReasons: [{ reason: 'TableWriteProvisionedThroughputExceeded', resource: tableArn }],
    })
    // Reads have a burst of their own.
    await client.send(new GetItemCommand({ TableName, Key: { id: { S: '1' } } }))
    await cluster.advance('5s')
    for (let n = 0; n < 5; n++) await put('a')
    expect(await refusalOf(put('a'))).toMatchObject({ name: 'ProvisionedThroughputExceededException' })
  })

  test('gives back the items of a batch that it has no capacity for, and refuses one without any', async () => {
    await begin('enforce')
    await exhaustWrites()
    await cluster.advance('3s')
    const writes = Array.from({ length: 10 }, (_, n) => ({ PutRequest: { Item: { id: { S: `b${n}` } } } }))
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: writes } }))
    expect(UnprocessedItems?.[TableName]).toHaveLength(7)
    expect(
      await refusalOf(client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: writes } }))),
    ).toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    })
    const [served, refused] = (
      await client.send(
        new BatchExecuteStatementCommand({
          Statements: ['0', '1'].map((id) => ({ Statement: `SELECT * FROM "${TableName}" WHERE id = '${id}'` })),
        }),
      )
    ).Responses as [object, object]
    expect([served, refused]).toMatchObject([{ Item: {} }, { Item: {} }])
    const statements = await client
      .send(
        new BatchExecuteStatementCommand({ Statements: [{ Statement: `DELETE FROM "${TableName}" WHERE id = '1'` }] }),
      )
      .catch((error: unknown) => error)
    expect(statements).toMatchObject({ name: 'ProvisionedThroughputExceededException' })
  })

  test('gives back the keys of a batch of reads', async () => {
    await begin('enforce')
    const keys = Array.from({ length: 100 }, (_, n) => ({ id: { S: `${n}` } }))
    const batch = () =>
      client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } } }))
    for (let n = 0; n < 3; n++) expect((await batch()).UnprocessedKeys).toEqual({})
    await cluster.advance('10s')
    // Before it is read, an item counts for the least that it can be.
    expect((await batch()).UnprocessedKeys?.[TableName]?.Keys).toHaveLength(80)
  })

  test('cancels a transaction with a reason for each action', async () => {
    await begin('enforce')
    await exhaustWrites()
    const Put = (id: string) => ({ Put: { TableName, Item: { id: { S: id } } } })
    await cluster.advance('1s')
    const refusal = await refusalOf(client.send(new TransactWriteItemsCommand({ TransactItems: [Put('a'), Put('b')] })))
    expect(refusal).toMatchObject({
      name: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ProvisionedThroughputExceeded]',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ProvisionedThroughputExceeded', Message: exceeded }],
    })
  })
})

describe('a global index that is short of capacity', () => {
  const throughput = (units: number) => ({ ReadCapacityUnits: 100, WriteCapacityUnits: units })

  test('refuses the writes of its table that would change it, and is named', async () => {
    await begin('enforce', {
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'day', AttributeType: 'S' },
      ],
      ProvisionedThroughput: throughput(100),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byDay',
          KeySchema: [{ AttributeName: 'day', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
          ProvisionedThroughput: throughput(1),
        },
      ],
    })
    for (let n = 0; n < 300; n++) await put(`${n}`, { day: { S: 'monday' } })
    expect(await refusalOf(put('x', { day: { S: 'monday' } }))).toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      ThrottlingReasons: [{ reason: 'IndexWriteProvisionedThroughputExceeded', resource: `${tableArn}/index/byDay` }],
    })
    // An item that the index does not have, and a change that it does not show.
    await put('y')
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { id: { S: 'y' } },
        UpdateExpression: 'SET note = :n',
        ExpressionAttributeValues: { ':n': { S: 'n' } },
      }),
    )
    const query = new QueryCommand({
      TableName,
      IndexName: 'byDay',
      KeyConditionExpression: '#d = :d',
      ExpressionAttributeNames: { '#d': 'day' },
      ExpressionAttributeValues: { ':d': { S: 'monday' } },
      Select: 'COUNT',
    })
    expect((await client.send(query)).Count).toBe(300)
  })
})

test('a table on demand keeps to its maximum', async () => {
  await begin('enforce', {
    BillingMode: 'PAY_PER_REQUEST',
    ProvisionedThroughput: undefined,
    OnDemandThroughput: { MaxReadRequestUnits: 1, MaxWriteRequestUnits: 2 },
  })
  await put('a')
  await put('b')
  expect(await refusalOf(put('c'))).toEqual({
    name: 'ThrottlingException',
    message: 'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
    throttlingReasons: [{ reason: 'TableWriteMaxOnDemandThroughputExceeded', resource: tableArn }],
  })
  await cluster.advance('1s')
  await put('c')
})

test('with observe nothing is refused', async () => {
  await begin('observe')
  await exhaustWrites()
  for (let n = 0; n < 20; n++) await put('a')
})
