/** Point-in-time recovery of tables with strong consistency between regions: each replica archives the log of its own part of the group. */
import { gunzipSync } from 'node:zlib'
import {
  DescribeContinuousBackupsCommand,
  DescribeExportCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ExportTableToPointInTimeCommand,
  PutItemCommand,
  RestoreTableToPointInTimeCommand,
  type RestoreTableToPointInTimeCommandInput,
  ScanCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Cluster, Snapshot } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { active, clientOf, dublin, makeStrong, patience, regions, TableName, tokyo, virginia } from './strong-scene.ts'

const bucket = new Map<string, Uint8Array>()
const elsewhere = { SSESpecificationOverride: { Enabled: false } }

let cluster: Cluster
let begun: Snapshot

beforeAll(async () => {
  const links = { default: { ms: 2 } }
  cluster = await createCluster({ regions: [...regions], links, seed: 7, buckets: { copies: bucket } })
  await makeStrong(cluster)
  await recover(tokyo)
  begun = cluster.snapshot()
}, 60_000)
beforeEach(() => cluster.reset(begun))
afterAll(() => cluster.close())

const at = (region: string): DynamoDBClient => clientOf(cluster, region)

const recover = (region: string) =>
  at(region).send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  )

const recoveryIn = async (region: string) =>
  (await at(region).send(new DescribeContinuousBackupsCommand({ TableName }))).ContinuousBackupsDescription
    ?.PointInTimeRecoveryDescription

const put = (region: string, pk: string, n: number) =>
  at(region).send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: `${n}` } } }))

/** A moment after everything before it, and before everything after it. */
async function moment(): Promise<Date> {
  await cluster.advance(2)
  const now = cluster.now()
  await cluster.advance(2)
  return now
}

async function restored(
  region: string,
  more: Omit<RestoreTableToPointInTimeCommandInput, 'TargetTableName'>,
): Promise<Readonly<Record<string, number>>> {
  const name = `Copy${Object.keys(more).length}`
  const source = more.SourceTableArn === undefined ? { SourceTableName: TableName } : {}
  await at(region).send(new RestoreTableToPointInTimeCommand({ ...source, ...more, TargetTableName: name }))
  await active(cluster, region, name)
  const { Items = [] } = await at(region).send(new ScanCommand({ TableName: name }))
  return Object.fromEntries(Items.map(({ pk, n }) => [pk?.S ?? '', Number(n?.N)]))
}

const latest = { UseLatestRestorableTime: true }

test('a replica restores what any region had written at a moment, and only the replica that was asked keeps history', async () => {
  expect((await recoveryIn(tokyo))?.PointInTimeRecoveryStatus).toBe('ENABLED')
  expect((await recoveryIn(dublin))?.PointInTimeRecoveryStatus).toBe('DISABLED')
  await put(virginia, 'a', 1)
  await put(dublin, 'b', 1)
  const RestoreDateTime = await moment()
  await put(virginia, 'a', 2)
  await put(tokyo, 'c', 2)
  expect(await restored(tokyo, { RestoreDateTime })).toEqual({ a: 1, b: 1 })
  // Nothing is written any more: what may still come is asked of the group.
  const tables = { SourceTableArn: `arn:aws:dynamodb:${tokyo}:000000000000:table/${TableName}` }
  expect(await restored(dublin, { ...tables, ...latest, ...elsewhere })).toEqual({ a: 2, b: 1, c: 2 })
})

test('a region that is killed goes on with its history', async () => {
  await put(virginia, 'a', 1)
  const RestoreDateTime = await moment()
  await put(virginia, 'a', 2)
  cluster.region(tokyo).kill()
  await put(dublin, 'b', 2)
  await cluster.region(tokyo).restart()
  await vi.waitFor(() => put(tokyo, 'c', 3), patience)
  expect(await restored(tokyo, { RestoreDateTime })).toEqual({ a: 1 })
  expect(await restored(tokyo, { ...latest, ...elsewhere })).toEqual({ a: 2, b: 2, c: 3 })
})

test('a table is exported as any region had written it', async () => {
  await put(virginia, 'a', 1)
  await put(dublin, 'b', 2)
  const TableArn = `arn:aws:dynamodb:${tokyo}:000000000000:table/${TableName}`
  const asked = new ExportTableToPointInTimeCommand({ TableArn, S3Bucket: 'copies' })
  const { ExportDescription: made } = await at(tokyo).send(asked)
  await vi.waitFor(async () => {
    const { ExportDescription: told } = await at(tokyo).send(new DescribeExportCommand({ ExportArn: made?.ExportArn }))
    expect([told?.ExportStatus, told?.ItemCount]).toEqual(['COMPLETED', 2])
  }, patience)
  const lines = [...bucket].flatMap(([key, bytes]) =>
    key.endsWith('.gz') ? gunzipSync(bytes).toString().split('\n') : [],
  )
  expect(lines.filter((line) => line !== '').toSorted()).toEqual([
    '{"Item":{"pk":{"S":"a"},"n":{"N":"1"}}}',
    '{"Item":{"pk":{"S":"b"},"n":{"N":"2"}}}',
  ])
})

test('recovery stays on when a table leaves its group, and begins again', async () => {
  await put(virginia, 'a', 1)
  const before = (await recoveryIn(tokyo))?.EarliestRestorableDateTime?.getTime() ?? 0
  await cluster.advance('2s')
  const Deletes = [virginia, dublin].map((RegionName) => ({ Delete: { RegionName } }))
  await at(tokyo).send(new UpdateTableCommand({ TableName, ReplicaUpdates: Deletes }))
  await vi.waitFor(async () => {
    const { Table } = await at(tokyo).send(new DescribeTableCommand({ TableName }))
    expect([Table?.TableStatus, Table?.MultiRegionConsistency]).toEqual(['ACTIVE', undefined])
  }, patience)
  const after = await recoveryIn(tokyo)
  expect(after?.PointInTimeRecoveryStatus).toBe('ENABLED')
  expect(after?.EarliestRestorableDateTime?.getTime()).toBeGreaterThan(before)
  await put(tokyo, 'b', 2)
  await cluster.advance(2)
  expect(await restored(tokyo, latest)).toEqual({ a: 1, b: 2 })
})
