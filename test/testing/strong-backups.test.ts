/** Backups and point-in-time recovery of tables with strong consistency between regions: each replica has its own. */
import {
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
  ScanCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { allLog } from '../../src/engine/store/keys.ts'
import type { Cluster, Snapshot } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import type { WorldState } from '../../src/testing/world.ts'
import { active, clientOf, dublin, makeStrong, patience, regions, TableName, tokyo, virginia } from './strong-scene.ts'

let place: Place
let begun: Snapshot

beforeAll(async () => {
  place = await strongPlace()
  begun = place.cluster.snapshot()
}, 60_000)
beforeEach(() => place.cluster.reset(begun))
afterAll(() => place.cluster.close())

class Place {
  readonly cluster: Cluster

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  at(region: string): DynamoDBClient {
    return clientOf(this.cluster, region)
  }

  put(region: string, pk: string, n: number) {
    return this.at(region).send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: `${n}` } } }))
  }

  async backup(region: string): Promise<string> {
    const made = await this.at(region).send(new CreateBackupCommand({ TableName, BackupName: 'nightly' }))
    expect(made.BackupDetails?.BackupStatus).toBe('CREATING')
    return made.BackupDetails?.BackupArn ?? ''
  }

  available(region: string, BackupArn: string): Promise<void> {
    return vi.waitFor(async () => {
      const { BackupDescription: told } = await this.at(region).send(new DescribeBackupCommand({ BackupArn }))
      expect(told?.BackupDetails?.BackupStatus).toBe('AVAILABLE')
    }, patience)
  }

  async restored(
    region: string,
    BackupArn: string,
    TargetTableName: string,
  ): Promise<Readonly<Record<string, number>>> {
    await this.at(region).send(new RestoreTableFromBackupCommand({ BackupArn, TargetTableName }))
    await active(this.cluster, region, TargetTableName)
    return await this.items(region, TargetTableName)
  }

  async items(region: string, name = TableName): Promise<Readonly<Record<string, number>>> {
    const { Items = [] } = await this.at(region).send(new ScanCommand({ TableName: name }))
    return Object.fromEntries(Items.map(({ pk, n }) => [pk?.S ?? '', Number(n?.N)]))
  }
}

async function strongPlace(): Promise<Place> {
  const cluster = await createCluster({ regions: [...regions], links: { default: { ms: 2 } }, seed: 7 })
  await makeStrong(cluster)
  return new Place(cluster)
}

test('a backup has what any region acknowledged before it, as of one moment of the order', async () => {
  // The second of a pair is written once the first is acknowledged, by another region.
  let pairs = 0
  const over = new AbortController()
  const writing = (async () => {
    for (let n = 1; !over.signal.aborted; n++) {
      await place.put(virginia, 'first', n)
      await place.put(dublin, 'second', n)
      pairs = n
    }
  })()
  await vi.waitFor(() => expect(pairs).toBeGreaterThan(3), patience)
  const before = pairs
  const arn = await place.backup(tokyo)
  const after = pairs + 1
  await place.available(tokyo, arn)
  await vi.waitFor(() => expect(pairs).toBeGreaterThan(after + 3), patience)
  over.abort()
  await writing
  const found = await place.restored(tokyo, arn, 'Copy')
  const [first = 0, second = 0] = [found['first'], found['second']]
  expect(first - second === 0 || first - second === 1).toBe(true)
  expect(second).toBeGreaterThanOrEqual(before)
  expect(first).toBeLessThanOrEqual(after)
  const { Table } = await place.at(tokyo).send(new DescribeTableCommand({ TableName: 'Copy' }))
  expect(Table).not.toHaveProperty('MultiRegionConsistency')
  const byN = { KeyConditionExpression: 'n = :n', ExpressionAttributeValues: { ':n': { N: `${second}` } } }
  const query = new QueryCommand({ TableName: 'Copy', IndexName: 'by-n', ...byN })
  expect((await place.at(tokyo).send(query)).Count).toBe(first === second ? 2 : 1)
})

test('a backup is of its region, outlives its table, and goes when it is deleted', async () => {
  await place.put(virginia, 'a', 1)
  const arn = await place.backup(dublin)
  await place.available(dublin, arn)
  expect((await place.at(tokyo).send(new ListBackupsCommand({}))).BackupSummaries).toEqual([])
  const Deletes = [virginia, tokyo].map((RegionName) => ({ Delete: { RegionName } }))
  await place.at(dublin).send(new UpdateTableCommand({ TableName, ReplicaUpdates: Deletes }))
  await vi.waitFor(async () => {
    const { Table } = await place.at(dublin).send(new DescribeTableCommand({ TableName }))
    expect([Table?.TableStatus, Table?.MultiRegionConsistency]).toEqual(['ACTIVE', undefined])
  }, patience)
  expect(await place.restored(dublin, arn, 'Copy')).toEqual({ a: 1 })
  await place.at(dublin).send(new DeleteBackupCommand({ BackupArn: arn }))
  expect((await place.at(dublin).send(new ListBackupsCommand({}))).BackupSummaries).toEqual([])
})

test('a region that is cut off makes no backup, since it does not know what the others acknowledged', async () => {
  await place.put(virginia, 'a', 1)
  for (const other of [virginia, tokyo] as const) place.cluster.link(dublin, other).cut()
  const refused = expect(place.backup(dublin)).rejects.toThrow(expect.objectContaining({ name: 'InternalServerError' }))
  await place.cluster.advance('7s')
  await refused
  const arn = await place.backup(tokyo)
  await place.available(tokyo, arn)
  for (const other of [virginia, tokyo] as const) place.cluster.link(dublin, other).heal()
  await vi.waitFor(async () => place.available(dublin, await place.backup(dublin)), patience)
})

test('the log of a group is trimmed where nothing reads it', async () => {
  const writesOf = (n: number) => place.put(regions[n % 3] ?? virginia, `item ${n}`, n)
  for (let n = 0; n < 50; n++) await writesOf(n)
  await place.cluster.advance('15s')
  const internal = place.cluster as unknown as { state(): WorldState }
  for (const region of regions) {
    const [disk, ...others] = internal.state().regions.get(region)?.groupDisks.values() ?? []
    expect([disk === undefined, others]).toEqual([false, []])
    const entries = disk === undefined ? [] : [...new MemoryStore({ disk }).entries(allLog)]
    expect(entries.length).toBeGreaterThan(0)
    expect(entries.length).toBeLessThan(5)
  }
})
