/** A replica of a table with strong consistency that cannot go on with its own store starts from the state of another region. */
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  EnableKinesisStreamingDestinationCommand,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableToPointInTimeCommand,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, test, vi } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import type { WorldState } from '../../src/testing/world.ts'
import { active, clientOf, makeStrong, patience, regions, TableName, tokyo, virginia } from './strong-scene.ts'
import type { Json } from './trigger-scene.ts'

const put = (cluster: Cluster, region: string, n: number) =>
  clientOf(cluster, region).send(
    new PutItemCommand({ TableName, Item: { pk: { S: `item ${n}` }, n: { N: String(n % 3) } } }),
  )

const read = async (
  cluster: Cluster,
  region: string,
  n: number,
  ConsistentRead = true,
): Promise<string | undefined> => {
  const command = new GetItemCommand({ TableName, Key: { pk: { S: `item ${n}` } }, ConsistentRead })
  return (await clientOf(cluster, region).send(command)).Item?.['n']?.N
}

/** What the cluster goes on with has lost the entries of the group's stream that all have decided. */
function trimmed(state: WorldState): WorldState {
  const quorums = [...state.quorums].map(([member, streams]) => {
    const left = [...streams].map(([group, copy]) => {
      const at = copy.entries.at(copy.placed - copy.base - 1)
      return [group, { ...copy, base: copy.placed, baseTerm: at?.term ?? copy.baseTerm, entries: [] }] as const
    })
    return [member, new Map(left)] as const
  })
  return { ...state, quorums: new Map(quorums) }
}

/** The region's part of the group is as it was in another state, or gone. */
function withGroupsOf(state: WorldState, region: string, former: WorldState | undefined): WorldState {
  const own = state.regions.get(region)
  if (own === undefined) throw new Error('the region is there')
  const groupDisks = former?.regions.get(region)?.groupDisks ?? new Map()
  return { ...state, regions: new Map([...state.regions, [region, { ...own, groupDisks }]]) }
}

const arnIn = async (cluster: Cluster, region: string): Promise<string | undefined> =>
  (await clientOf(cluster, region).send(new DescribeTableCommand({ TableName }))).Table?.TableArn

const tagsIn = async (cluster: Cluster, region: string): Promise<number | undefined> => {
  const ResourceArn = await arnIn(cluster, region)
  return (await clientOf(cluster, region).send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags?.length
}

async function recover(cluster: Cluster, region: string): Promise<void> {
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
  await clientOf(cluster, region).send(
    new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
  )
}

const earliestIn = async (cluster: Cluster, region: string): Promise<number | undefined> => {
  const told = await clientOf(cluster, region).send(new DescribeContinuousBackupsCommand({ TableName }))
  const { PointInTimeRecoveryDescription: recovery } = told.ContinuousBackupsDescription ?? {}
  return recovery?.EarliestRestorableDateTime?.getTime()
}

async function latestRestored(cluster: Cluster, region: string): Promise<number | undefined> {
  const latest = { UseLatestRestorableTime: true, SourceTableName: TableName, TargetTableName: 'Copy' }
  await clientOf(cluster, region).send(new RestoreTableToPointInTimeCommand(latest))
  const byN = { IndexName: 'by-n', KeyConditionExpression: 'n = :n', ExpressionAttributeValues: { ':n': { N: '2' } } }
  await active(cluster, region, 'Copy')
  return (await clientOf(cluster, region).send(new QueryCommand({ TableName: 'Copy', ...byN }))).Count
}

const destination = 'arn:aws:kinesis:ap-northeast-1:000000000000:stream/orders'
const feed = (cluster: Cluster, region: string) =>
  clientOf(cluster, region).send(new EnableKinesisStreamingDestinationCommand({ TableName, StreamArn: destination }))

test.each([
  ['is lost', false],
  ['is left behind by the stream', true],
])('a region whose store of a group %s takes part again', async (_, isKept) => {
  const got: Json[] = []
  const dataStreams = { [destination]: (record: unknown) => void got.push(record) }
  const cluster = await createCluster({ regions: [...regions], links: { default: { ms: 2 } }, seed: 7, dataStreams })
  const internal = cluster as unknown as { state(): WorldState }
  await makeStrong(cluster)
  await feed(cluster, tokyo)
  await clientOf(cluster, tokyo).send(
    new TagResourceCommand({ ResourceArn: await arnIn(cluster, tokyo), Tags: [{ Key: 'a', Value: '1' }] }),
  )
  await active(cluster, tokyo)
  await recover(cluster, tokyo)
  const since = (await earliestIn(cluster, tokyo)) ?? Infinity
  await cluster.advance('2s')
  await put(cluster, virginia, 0)
  expect(await read(cluster, tokyo, 0)).toBe('0')
  const former = internal.state()
  for (let n = 1; n < 20; n++) await put(cluster, regions[n % 3] ?? virginia, n)
  for (const region of regions) await read(cluster, region, 19)
  // The place of every region is durable with its last write.
  await put(cluster, virginia, 21)
  for (const region of regions)
    await vi.waitFor(async () => expect(await read(cluster, region, 21, false)).toBe('0'), patience)
  const state = withGroupsOf(trimmed(internal.state()), tokyo, isKept ? former : undefined)
  internal.state = () => state
  await cluster.reset(cluster.snapshot())
  for (const n of [0, 7, 19])
    await vi.waitFor(async () => expect(await read(cluster, tokyo, n)).toBe(String(n % 3)), patience)
  await put(cluster, tokyo, 20)
  for (const region of regions) expect(await read(cluster, region, 20)).toBe('2')
  await active(cluster, tokyo)
  const byIndex = {
    TableName,
    IndexName: 'by-n',
    KeyConditionExpression: 'n = :n',
    ExpressionAttributeValues: { ':n': { N: '2' } },
  }
  await vi.waitFor(
    async () => expect((await clientOf(cluster, tokyo).send(new QueryCommand(byIndex))).Count).toBe(7),
    patience,
  )
  expect(await tagsIn(cluster, tokyo)).toBe(isKept ? 1 : 0)
  // The place after which it goes on is in no store: what is written from now on is sent.
  if (!isKept) await feed(cluster, tokyo)
  const isSent = (n: number): boolean => got.some(({ dynamodb }) => dynamodb.Keys.pk.S === `item ${n}`)
  await vi.waitFor(() => put(cluster, virginia, 22), patience)
  await vi.waitFor(() => expect(isSent(22)).toBe(true), patience)
  await active(cluster, tokyo)
  // Its history was in the log that is gone.
  if (!isKept) await recover(cluster, tokyo)
  expect(await earliestIn(cluster, tokyo)).toBeGreaterThan(since)
  expect(await latestRestored(cluster, tokyo)).toBe(7)
  await cluster.close()
})
