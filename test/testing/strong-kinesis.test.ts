/** Kinesis destinations of tables with strong consistency between regions: each replica feeds its own, with what any region has written. */
import {
  DescribeKinesisStreamingDestinationCommand,
  DisableKinesisStreamingDestinationCommand,
  type DynamoDBClient,
  EnableKinesisStreamingDestinationCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { clientOf, dublin, makeStrong, patience, regions, TableName, tokyo, virginia } from './strong-scene.ts'
import type { Json } from './trigger-scene.ts'

const streamOf = (region: string): string => `arn:aws:kinesis:${region}:000000000000:stream/orders`
const got = new Map<string, Json[]>()

let cluster: Cluster

beforeAll(async () => {
  const taking = (region: string) => (record: unknown) => void got.set(region, [...(got.get(region) ?? []), record])
  cluster = await createCluster({
    regions: [...regions],
    links: { default: { ms: 2 } },
    seed: 7,
    dataStreams: { [streamOf(tokyo)]: taking(tokyo), [streamOf(dublin)]: taking(dublin) },
  })
  await makeStrong(cluster)
}, 60_000)
afterAll(() => cluster.close())

const at = (region: string): DynamoDBClient => clientOf(cluster, region)

/** Regions that write one item after each other meet conflicts, as on AWS. */
const put = async (region: string, n: number): Promise<void> => {
  const write = new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, n: { N: `${n}` } } })
  await vi.waitFor(() => at(region).send(write), patience)
}

const enable = async (region: string): Promise<void> => {
  // What was written before is decided here too.
  await at(region).send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' } }, ConsistentRead: true }))
  const StreamArn = streamOf(region)
  await at(region).send(new EnableKinesisStreamingDestinationCommand({ TableName, StreamArn }))
  await vi.waitFor(async () => expect(await statusIn(region)).toEqual(['ACTIVE']), patience)
}

const statusIn = async (region: string) => {
  const told = await at(region).send(new DescribeKinesisStreamingDestinationCommand({ TableName }))
  return told.KinesisDataStreamDestinations?.map(({ DestinationStatus }) => DestinationStatus)
}

const numbersAt = (region: string): readonly number[] =>
  (got.get(region) ?? []).map(({ dynamodb }) => Number(dynamodb.NewImage.n.N))

test('each destination gets what any region writes, in one order, and goes on after a crash', async () => {
  await put(virginia, 0)
  await enable(tokyo)
  await enable(dublin)
  expect(await statusIn(virginia)).toEqual([])
  for (let n = 1; n <= 6; n++) await put(regions[n % 3] ?? virginia, n)
  const all = [1, 2, 3, 4, 5, 6]
  for (const region of [tokyo, dublin]) await vi.waitFor(() => expect(numbersAt(region)).toEqual(all), patience)
  expect(got.get(tokyo)?.map(({ awsRegion }) => awsRegion)).toEqual(all.map(() => tokyo))
  cluster.region(tokyo).kill()
  await put(dublin, 7)
  await cluster.region(tokyo).restart()
  // A batch whose answer was not noted is sent again.
  await vi.waitFor(() => expect([...new Set(numbersAt(tokyo))]).toEqual([...all, 7]), patience)
})

test('a table keeps its consistency while its region feeds a destination', async () => {
  const ReplicaUpdates = [virginia, tokyo].map((RegionName) => ({ Delete: { RegionName } }))
  const end = () => at(dublin).send(new UpdateTableCommand({ TableName, ReplicaUpdates }))
  await expect(end()).rejects.toThrow(/Turn it off first/)
  const StreamArn = streamOf(dublin)
  await at(dublin).send(new DisableKinesisStreamingDestinationCommand({ TableName, StreamArn }))
  await vi.waitFor(async () => expect(await statusIn(dublin)).toEqual(['DISABLED']), patience)
  await end()
})
