/** Differences that no other test holds (difference.ts). */
import {
  type CreateTableCommandInput,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, testRegion, type TestRegion } from '../conformance/region.ts'
import { testRegions, type TestRegions } from '../conformance/regions.ts'
import { eventually } from '../replication/eventually.ts'
import { differs } from './difference.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
let region: TestRegion
let client: DynamoDBClient
let world: TestRegions

beforeAll(async () => {
  region = await testRegion()
  client = region.client
  world = await testRegions([us, eu])
})

afterAll(async () => {
  await region.close()
  await world.close()
})

const put = (TableName: string, pk: string, more: Readonly<Record<string, string>> = {}) =>
  client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, ...asItem(more) } }))
const asItem = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { S: text }]))
const described = async (TableName: string) => (await client.send(new DescribeTableCommand({ TableName }))).Table

const indexed: Partial<CreateTableCommandInput> = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'colour', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-colour',
      KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
}

describe.runIf(isLocal)('unlike DynamoDB', () => {
  test(differs('account-id'), async () => {
    const table = await region.createTable()
    expect((await described(table))?.TableArn).toBe(`arn:aws:dynamodb:us-east-1:000000000000:table/${table}`)
  })

  test(differs('transactions-never-conflict'), async () => {
    const table = await region.createTable()
    const add = () =>
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Update: {
                TableName: table,
                Key: { pk: { S: 'counter' } },
                UpdateExpression: 'ADD n :one',
                ExpressionAttributeValues: { ':one': { N: '1' } },
              },
            },
          ],
        }),
      )
    await Promise.all(Array.from({ length: 40 }, add))
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: 'counter' } } }))
    expect(Item?.['n']).toEqual({ N: '40' })
  })

  test(differs('reads-are-never-stale'), async () => {
    const table = await region.createTable(indexed)
    for (let n = 1; n <= 20; n++) {
      await put(table, `item ${n}`, { colour: 'red' })
      const Key = { pk: { S: `item ${n}` } }
      const [{ Item }, { Count: inIndex }, { Count: inTable }] = await Promise.all([
        client.send(new GetItemCommand({ TableName: table, Key })),
        client.send(
          new QueryCommand({
            TableName: table,
            IndexName: 'by-colour',
            KeyConditionExpression: 'colour = :c',
            ExpressionAttributeValues: { ':c': { S: 'red' } },
          }),
        ),
        client.send(new ScanCommand({ TableName: table })),
      ])
      expect([Item?.['pk'], inIndex, inTable]).toEqual([Key.pk, n, n])
    }
  })

  test(differs('counts-are-exact'), async () => {
    const table = await region.createTable()
    // A name of two bytes and a value of three.
    await put(table, 'abc')
    expect(await described(table)).toMatchObject({ ItemCount: 1, TableSizeBytes: 5 })
    await put(table, 'abcd')
    expect(await described(table)).toMatchObject({ ItemCount: 2, TableSizeBytes: 11 })
  })

  test(differs('order-of-sets'), async () => {
    const table = await region.createTable()
    const Item = { pk: { S: 'x' }, texts: { SS: ['b', '', 'a'] }, numbers: { NS: ['3', '1', '2'] } }
    await client.send(new PutItemCommand({ TableName: table, Item }))
    expect((await client.send(new GetItemCommand({ TableName: table, Key: { pk: Item.pk } }))).Item).toEqual(Item)
  })

  test(differs('capacity-is-not-enforced'), async () => {
    const units = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
    const table = await region.createTable({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units })
    const write = () =>
      client.send(
        new PutItemCommand({
          TableName: table,
          Item: { pk: { S: 'x' }, v: { S: 'x'.repeat(100_000) } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      )
    // As many units as the table would have for an hour.
    const written = await Promise.all(Array.from({ length: 40 }, write))
    const used = written.reduce((sum, { ConsumedCapacity: of }) => sum + (of?.CapacityUnits ?? 0), 0)
    expect(used).toBe(40 * 98)
  })

  test(differs('items-expire-within-seconds'), async () => {
    const table = await region.createTable()
    const TimeToLiveSpecification = { AttributeName: 'end', Enabled: true }
    await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
    const longAgo = String(Math.floor(Date.now() / 1000) - 86_400)
    await client.send(new PutItemCommand({ TableName: table, Item: { pk: { S: 'x' }, end: { N: longAgo } } }))
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }))
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'end', TimeToLiveStatus: 'ENABLED' })
    await eventually(
      'the item has gone',
      async () => (await client.send(new ScanCommand({ TableName: table }))).Count === 0,
    )
  })

  test(differs('rates-of-the-control-plane'), async () => {
    const table = await region.createTable()
    const asked = Array.from({ length: 30 }, () => [
      client.send(new DescribeLimitsCommand({})),
      described(table),
    ]).flat()
    expect(await Promise.all(asked)).toHaveLength(60)
  })

  test(differs('quotas-of-the-account'), async () => {
    const { TableMaxReadCapacityUnits: most = 0 } = await client.send(new DescribeLimitsCommand({}))
    expect(most).toBe(40_000)
    const units = { ReadCapacityUnits: most + 1, WriteCapacityUnits: 1 }
    const table = await region.createTable({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units })
    expect((await described(table))?.ProvisionedThroughput?.ReadCapacityUnits).toBe(most + 1)
  })

  test(differs('sources-of-replicas'), async () => {
    const table = await world.globalTable([eu])
    const ReplicaUpdates = [{ Delete: { RegionName: us } }]
    await world.at(eu).client.send(new UpdateTableCommand({ TableName: table, ReplicaUpdates }))
    await eventually('the source is gone', async () => (await world.at(us).describe(table)) === undefined)
  })
})
