/** The streams of a global table: one in each region, of what happened there. */
import { PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { DescribeStreamCommand, type DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../replication/eventually.ts'
import { testRegions, type TestRegions } from './regions.ts'
import { recordsOf, saidBy, type StreamRecord, streamsClientOf, withStream } from './streams.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
let world: TestRegions
const clients = new Map<string, DynamoDBStreamsClient>()

beforeAll(async () => {
  world = await testRegions([us, eu])
  for (const region of [us, eu]) clients.set(region, streamsClientOf(world.at(region).endpoint, region))
})

afterAll(async () => {
  for (const client of clients.values()) client.destroy()
  await world.close()
})

const put = (region: string, TableName: string, pk: string, by: string) =>
  world.at(region).client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, by: { S: by } } }))

const arnIn = async (region: string, table: string): Promise<string> =>
  (await world.at(region).describe(table))?.LatestStreamArn ?? ''

async function recordsIn(region: string, table: string): Promise<readonly StreamRecord[]> {
  return await recordsOf(clients.get(region) as DynamoDBStreamsClient, await arnIn(region, table))
}

test('each replica’s stream has the writes of all regions, under an ARN, a region and ids of its own', async () => {
  const table = await world.globalTable([eu])
  await put(us, table, 'a', 'us')
  await eventually(
    'the write is in the stream of the other region',
    async () => (await recordsIn(eu, table)).length === 1,
  )
  await put(eu, table, 'a', 'eu')
  await eventually('the answer is in the stream of the first', async () => (await recordsIn(us, table)).length === 2)
  const [here, there] = [await recordsIn(us, table), await recordsIn(eu, table)]
  const said = [
    ['INSERT', { pk: 'a' }, { pk: 'a', by: 'us' }, undefined],
    ['MODIFY', { pk: 'a' }, { pk: 'a', by: 'eu' }, { pk: 'a', by: 'us' }],
  ]
  expect(here.map(saidBy)).toEqual(said)
  expect(there.map(saidBy)).toEqual(said)
  expect(here.map(({ awsRegion }) => awsRegion)).toEqual([us, us])
  expect(there.map(({ awsRegion }) => awsRegion)).toEqual([eu, eu])
  expect(new Set([...here, ...there].map(({ eventID }) => eventID)).size).toBe(4)
  expect(await arnIn(us, table)).not.toBe(await arnIn(eu, table))
})

test('a replica that joins begins its stream with what it serves: the snapshot is not in it, and the view type is the table’s', async () => {
  const before = await world.globalTable([], withStream('KEYS_ONLY'))
  await put(us, before, 'old', 'us')
  await world
    .at(us)
    .client.send(new UpdateTableCommand({ TableName: before, ReplicaUpdates: [{ Create: { RegionName: eu } }] }))
  await world.active(before, [us, eu])
  await put(us, before, 'new', 'us')
  await eventually('the write is there', async () => (await recordsIn(eu, before)).length > 0)
  expect((await recordsIn(eu, before)).map(saidBy)).toEqual([['INSERT', { pk: 'new' }, undefined, undefined]])
  const described = await clients.get(eu)?.send(new DescribeStreamCommand({ StreamArn: await arnIn(eu, before) }))
  expect(described?.StreamDescription?.StreamViewType).toBe('KEYS_ONLY')
})
