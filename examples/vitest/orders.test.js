import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { useCluster } from '@longitude-db/longitude/testing/vitest'
import { expect, test } from 'vitest'

const cluster = useCluster({
  regions: ['us-east-1', 'eu-west-1'],
  clock: 'manual',
  tables: [{ file: new URL('../template.yaml', import.meta.url).pathname }],
})

async function put(region, total) {
  const dynamodb = new DynamoDBClient(cluster().client(region))
  await dynamodb.send(new PutItemCommand({ TableName: 'Orders', Item: { id: { S: '1' }, total: { N: total } } }))
}

async function total(region) {
  const dynamodb = new DynamoDBClient(cluster().client(region))
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: 'Orders', Key: { id: { S: '1' } } }))
  return Item?.total.N
}

test('an order arrives in Dublin, but not at once', async () => {
  await put('us-east-1', '10')
  expect(await total('eu-west-1')).toBeUndefined()
  await cluster().settle()
  expect(await total('eu-west-1')).toBe('10')
})

test('while the link is cut, one of two writes is lost', async () => {
  const link = cluster().link('us-east-1', 'eu-west-1')
  link.cut()
  await put('us-east-1', '10')
  await cluster().advance('1s')
  await put('eu-west-1', '20')
  link.heal()
  await cluster().settle()
  await cluster().assertConverged()
  expect(await total('us-east-1')).toBe('20')
  expect(cluster().conflicts()).toMatchObject([{ winner: 'eu-west-1', loser: 'us-east-1' }])
})
