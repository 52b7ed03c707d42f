/** Two regions that are cut off from each other give one attribute two types; afterwards there is one table, and it takes writes. */
import {
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  type ScalarAttributeType,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { refusal } from './region.ts'
import { testRegions } from './regions.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const links = [
  [us, eu],
  [eu, us],
] as const

const addIndex = (client: DynamoDBClient, TableName: string, type: ScalarAttributeType) =>
  client.send(
    new UpdateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'score', AttributeType: type }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: `by-score-${type}`,
            KeySchema: [{ AttributeName: 'score', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    }),
  )

const shape = (table: TableDescription | undefined) => ({
  attributes: table?.AttributeDefinitions,
  indexes: table?.GlobalSecondaryIndexes?.map(({ IndexName, IndexStatus }) => [IndexName, IndexStatus]),
})

test('an index key of two types', { timeout: 60_000 }, async () => {
  const world = await testRegions([us, eu])
  const [here, there] = [world.at(us), world.at(eu)]
  try {
    const TableName = await world.globalTable([eu])
    for (const [from, to] of links) world.cluster.link(from, to).cut()
    await addIndex(here.client, TableName, 'S')
    await addIndex(there.client, TableName, 'N')
    const isFilled = async (at: typeof here) => shape(await at.describe(TableName)).indexes?.[0]?.[1] === 'ACTIVE'
    await world.eventually('each has its own', async () => (await isFilled(here)) && (await isFilled(there)))
    await here.client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'us' }, score: { S: 'high' } } }))
    await there.client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'eu' }, score: { N: '7' } } }))
    for (const [from, to] of links) world.cluster.link(from, to).heal()
    const one = {
      attributes: expect.arrayContaining([{ AttributeName: 'score', AttributeType: 'S' }]),
      indexes: [['by-score-S', 'ACTIVE']],
    }
    for (const region of [here, there])
      await world.eventually(`${region.name} has one index`, async () => {
        const { indexes } = shape(await region.describe(TableName))
        return JSON.stringify(indexes) === JSON.stringify(one.indexes)
      })
    for (const region of [here, there]) {
      const { name, client } = region
      expect(shape(await region.describe(TableName))).toEqual(one)
      await client.send(new PutItemCommand({ TableName, Item: { pk: { S: name }, score: { S: 'high' } } }))
      const found = await client.send(
        new QueryCommand({
          TableName,
          IndexName: 'by-score-S',
          KeyConditionExpression: 'score = :s',
          ExpressionAttributeValues: { ':s': { S: 'high' } },
        }),
      )
      expect(found.Items?.map(({ pk }) => pk?.S)).toContain('us')
      const asNumber = client.send(new PutItemCommand({ TableName, Item: { pk: { S: name }, score: { N: '1' } } }))
      expect(await refusal(asNumber)).toEqual([
        'ValidationException',
        expect.stringContaining('Type mismatch for Index Key'),
      ])
    }
  } finally {
    await world.close()
  }
})
