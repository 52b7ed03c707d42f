/** Tables with strong consistency between regions, in an embedded cluster of three, through the SDK. */
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  StartBulkPutItemsCommand,
  TagResourceCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { differs } from '../differences/difference.ts'
import { strongTableInput } from './strong-scene.ts'

const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
type Region = (typeof regions)[number]
const [virginia, dublin, tokyo] = regions
const TableName = 'Orders'
const open: Cluster[] = []
const kept: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

afterAll(async () => {
  for (const cluster of kept) await cluster.close()
})

class Place {
  readonly cluster: Cluster
  readonly #clients = new Map<string, DynamoDBClient>()

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  at(region: Region): DynamoDBClient {
    const client = this.#clients.get(region) ?? new DynamoDBClient({ ...this.cluster.client(region), maxAttempts: 1 })
    this.#clients.set(region, client)
    return client
  }

  put(region: Region, n: number, more: object = {}, pk = 'a') {
    return this.at(region).send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: `${n}` } }, ...more }))
  }

  async read(region: Region, ConsistentRead = true, pk = 'a'): Promise<string | undefined> {
    const { Item } = await this.at(region).send(
      new GetItemCommand({ TableName, Key: { pk: { S: pk } }, ConsistentRead }),
    )
    return Item?.['n']?.N
  }

  async describe(region: Region) {
    try {
      return (await this.at(region).send(new DescribeTableCommand({ TableName }))).Table
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  async active(...names: readonly Region[]): Promise<void> {
    for (const region of names)
      await until(`ACTIVE in ${region}`, async () => (await this.describe(region))?.TableStatus === 'ACTIVE')
  }

  update(region: Region, change: Omit<UpdateTableCommandInput, 'TableName'>) {
    return this.at(region).send(new UpdateTableCommand({ TableName, ...change }))
  }
}

async function placeOf(options: ClusterOptions = {}, list = open): Promise<Place> {
  const cluster = await createCluster({ regions: [...regions], links: { default: { ms: 2 } }, seed: 7, ...options })
  list.push(cluster)
  return new Place(cluster)
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`never: ${what}`)
}

const create = (...names: readonly string[]) => names.map((RegionName) => ({ Create: { RegionName } }))
const remove = (...names: readonly string[]) => names.map((RegionName) => ({ Delete: { RegionName } }))
const STRONG = { MultiRegionConsistency: 'STRONG' as const }
const withWitness = {
  ReplicaUpdates: create(dublin),
  GlobalTableWitnessUpdates: [{ Create: { RegionName: tokyo } }],
}

async function strongTable(
  place: Place,
  change: Omit<UpdateTableCommandInput, 'TableName'> = { ReplicaUpdates: create(dublin, tokyo) },
): Promise<void> {
  await place.at(virginia).send(new CreateTableCommand(strongTableInput(TableName)))
  await place.update(virginia, { ...STRONG, ...change })
  await place.active(virginia, dublin, ...(change.GlobalTableWitnessUpdates === undefined ? [tokyo] : []))
}

const nameOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'taken',
    (error: Error) => error.name,
  )

describe('a table of three regions', () => {
  let place: Place

  beforeAll(async () => {
    place = await placeOf({}, kept)
    await strongTable(place)
  })

  test('is read in each with the latest write of every other', async () => {
    const table = await place.describe(dublin)
    expect(table).toMatchObject({ MultiRegionConsistency: 'STRONG', GlobalTableVersion: '2019.11.21' })
    expect(table?.Replicas).toMatchObject([
      { RegionName: virginia, ReplicaStatus: 'ACTIVE' },
      { RegionName: tokyo, ReplicaStatus: 'ACTIVE' },
    ])
    expect(table).not.toHaveProperty('StreamSpecification')
    for (const region of regions)
      expect((await place.at(region).send(new ListTablesCommand({}))).TableNames).toEqual([TableName])
    let n = 0
    for (const writer of regions) {
      await place.put(writer, ++n)
      for (const reader of regions) expect(await place.read(reader)).toBe(`${n}`)
    }
  })

  test('decides conditions on the latest write of every region', async () => {
    const once = { ConditionExpression: 'attribute_not_exists(pk)' }
    await place.put(dublin, 1, once, 'counter')
    for (const region of regions)
      expect(await nameOf(place.put(region, 2, once, 'counter'))).toBe('ConditionalCheckFailedException')
    const next = async (region: Region): Promise<void> => {
      const command = new UpdateItemCommand({
        TableName,
        Key: { pk: { S: 'counter' } },
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      })
      for (;;) {
        const name = await nameOf(place.at(region).send(command))
        if (name === 'taken') return
        expect(name).toBe('ReplicatedWriteConflictException')
      }
    }
    await Promise.all(
      regions.map(async (region) => {
        for (let n = 0; n < 10; n++) await next(region)
      }),
    )
    for (const region of regions) expect(await place.read(region, true, 'counter')).toBe('31')
  })

  test('answers queries, scans, batches and statements with the latest items, and its index with what it has', async () => {
    const requests = ['a', 'b', 'c'].map((pk) => ({ PutRequest: { Item: { pk: { S: pk }, n: { N: '5' } } } }))
    await place.at(dublin).send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }))
    const client = place.at(tokyo)
    const scan = await client.send(new ScanCommand({ TableName, ConsistentRead: true }))
    expect(scan.Count).toBe(4)
    const byKey = {
      TableName,
      KeyConditionExpression: 'pk = :a',
      ExpressionAttributeValues: { ':a': { S: 'a' } },
      ConsistentRead: true,
    }
    expect((await client.send(new QueryCommand(byKey))).Count).toBe(1)
    const keys = ['a', 'b'].map((pk) => ({ pk: { S: pk } }))
    const batch = await client.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } } }),
    )
    expect(batch.Responses?.[TableName]).toHaveLength(2)
    const Statement = `SELECT * FROM "${TableName}" WHERE pk = 'c'`
    expect((await client.send(new ExecuteStatementCommand({ Statement, ConsistentRead: true }))).Items).toHaveLength(1)
    const insert = `INSERT INTO "${TableName}" VALUE {'pk': 'd', 'n': 5}`
    await client.send(new BatchExecuteStatementCommand({ Statements: [{ Statement: insert }] }))
    expect(await place.read(virginia, true, 'd')).toBe('5')
    const byIndex = {
      TableName,
      IndexName: 'by-n',
      KeyConditionExpression: 'n = :n',
      ExpressionAttributeValues: { ':n': { N: '5' } },
    }
    for (const region of regions)
      await until('the index has all', async () => (await place.at(region).send(new QueryCommand(byIndex))).Count === 4)
  })

  test('takes no transactions and no time to live, and none of its members goes alone', async () => {
    const Item = { pk: { S: 'a' } }
    const TransactItems = [{ Put: { TableName, Item } }]
    const writes = place.at(dublin).send(new TransactWriteItemsCommand({ TransactItems }))
    await expect(writes).rejects.toMatchObject({ name: 'ValidationException' })
    const reads = place
      .at(dublin)
      .send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: Item } }] }))
    await expect(reads).rejects.toMatchObject({ name: 'ValidationException' })
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'at' }
    const expiry = place.at(dublin).send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))
    await expect(expiry).rejects.toMatchObject({ name: 'ValidationException' })
    const only =
      'Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.'
    for (const region of regions)
      await expect(place.at(region).send(new DeleteTableCommand({ TableName }))).rejects.toThrow(only)
    await expect(place.update(virginia, { ReplicaUpdates: remove(dublin) })).rejects.toThrow(only)
    await expect(place.update(virginia, { ReplicaUpdates: create('eu-central-1') })).rejects.toThrow(/not supported/)
  })

  test(differs('strong-consistency-limits'), async () => {
    const unsupported = /not supported by this version of Longitude/
    const InputS3Configuration = { S3Bucket: 'bulk', InputFormat: 'DYNAMODB_JSON' as const }
    const OutputS3Configuration = { S3Bucket: 'bulk', OutputType: ['ERROR' as const] }
    const puts = new StartBulkPutItemsCommand({ TableName, InputS3Configuration, OutputS3Configuration })
    await expect(place.at(dublin).send(puts)).rejects.toThrow(unsupported)
  })

  test('keeps tags, protection and streams of each region, and shares its capacity and its indexes', async () => {
    const ResourceArn = (await place.describe(dublin))?.TableArn
    await place.at(dublin).send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'a', Value: '1' }] }))
    expect((await place.at(dublin).send(new ListTagsOfResourceCommand({ ResourceArn }))).Tags).toHaveLength(1)
    await place.update(dublin, { DeletionProtectionEnabled: true })
    await place.active(dublin)
    await place.update(tokyo, { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } })
    await place.active(tokyo)
    await place.update(virginia, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-n' } }] })
    for (const region of regions)
      await until('the index is gone', async () => (await place.describe(region))?.GlobalSecondaryIndexes === undefined)
    await place.active(...regions)
    const [here, there, far] = await Promise.all(regions.map((region) => place.describe(region)))
    expect([here?.DeletionProtectionEnabled, there?.DeletionProtectionEnabled]).toEqual([false, true])
    expect([there?.StreamSpecification?.StreamEnabled, far?.StreamSpecification?.StreamEnabled]).toEqual([
      undefined,
      true,
    ])
  })
})

describe('the streams of its regions', () => {
  test('have the same records in the same order', async () => {
    const place = await placeOf({ streamShards: 1 })
    await strongTable(place)
    for (const region of regions)
      await place.update(region, { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } })
    await place.active(...regions)
    await Promise.all(
      regions.map(async (region, n) => {
        for (let times = 0; times < 5; times++)
          for (;;) if ((await nameOf(place.put(region, 10 * n + times))) === 'taken') break
      }),
    )
    for (const region of regions) await place.read(region)
    const [here, ...others] = await Promise.all(regions.map((region) => imagesIn(place, region)))
    expect(here).toHaveLength(15)
    for (const other of others) expect(other).toEqual(here)
  })
})

/** Of each record, what the item was and is. */
async function imagesIn(place: Place, region: Region): Promise<readonly unknown[]> {
  const client = new DynamoDBStreamsClient({ ...place.cluster.client(region), maxAttempts: 1 })
  const StreamArn = (await place.describe(region))?.LatestStreamArn
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }))
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  )
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }))
  return Records.map(({ eventName, dynamodb }) => [eventName, dynamodb?.OldImage, dynamodb?.NewImage])
}

describe('a table of two regions and a witness', () => {
  test('is in two regions, and nothing of it in the third', async () => {
    const place = await placeOf()
    await strongTable(place, withWitness)
    const table = await place.describe(dublin)
    expect(table?.GlobalTableWitnesses).toEqual([{ RegionName: tokyo, WitnessStatus: 'ACTIVE' }])
    expect(table?.Replicas?.map(({ RegionName }) => RegionName)).toEqual([virginia])
    expect(await place.describe(tokyo)).toBeUndefined()
    expect((await place.at(tokyo).send(new ListTablesCommand({}))).TableNames).toEqual([])
    await place.put(virginia, 1)
    expect(await place.read(dublin)).toBe('1')
  })
})

describe('a region that is killed', () => {
  test('has what it had, and what the others wrote meanwhile', async () => {
    const place = await placeOf()
    await strongTable(place)
    await place.put(dublin, 1, {}, 'before')
    place.cluster.region(dublin).kill()
    for (;;) if ((await nameOf(place.put(virginia, 2, {}, 'meanwhile'))) === 'taken') break
    await place.cluster.region(dublin).restart()
    await until('Dublin serves', async () => (await nameOf(place.read(dublin))) === 'taken')
    expect(await place.read(dublin, true, 'before')).toBe('1')
    expect(await place.read(dublin, true, 'meanwhile')).toBe('2')
    await place.put(dublin, 3)
    expect(await place.read(tokyo)).toBe('3')
  })
})

describe('the end of strong consistency', () => {
  test('leaves the table to the region that was asked, with its items, and the others without', async () => {
    const place = await placeOf()
    await strongTable(place)
    for (let n = 0; n < 30; n++) await place.put(virginia, n, {}, `item-${n}`)
    await place.update(dublin, { ReplicaUpdates: remove(virginia, tokyo) })
    for (const region of [virginia, tokyo])
      await until(`gone in ${region}`, async () => (await place.describe(region)) === undefined)
    await place.active(dublin)
    const table = await place.describe(dublin)
    expect(table).not.toHaveProperty('MultiRegionConsistency')
    expect(table).not.toHaveProperty('Replicas')
    expect((await place.at(dublin).send(new ScanCommand({ TableName }))).Count).toBe(30)
    await place.put(dublin, 1, {}, 'another')
    await place.update(dublin, { ReplicaUpdates: create(tokyo) })
    await place.active(dublin, tokyo)
    await until('the items are replicated', async () => (await place.read(tokyo, false, 'another')) === '1')
  })

  test('takes the witness along, and the table may begin again', async () => {
    const place = await placeOf()
    await strongTable(place, withWitness)
    const GlobalTableWitnessUpdates = [{ Delete: { RegionName: tokyo } }]
    await place.update(virginia, { ReplicaUpdates: remove(dublin), GlobalTableWitnessUpdates })
    await until('gone in Dublin', async () => (await place.describe(dublin)) === undefined)
    await place.active(virginia)
    await place.update(virginia, { ...STRONG, ReplicaUpdates: create(dublin, tokyo) })
    await place.active(...regions)
    await place.put(tokyo, 3)
    expect(await place.read(dublin)).toBe('3')
  })
})

describe('a region that is cut off', () => {
  test('refuses writes and strong reads, answers eventual ones, and catches up before it serves again', async () => {
    const place = await placeOf()
    await strongTable(place)
    await place.put(virginia, 1)
    expect(await place.read(dublin)).toBe('1')
    for (const other of [virginia, tokyo] as const) place.cluster.link(dublin, other).cut()
    const refused = [place.put(dublin, 9), place.read(dublin)].map(nameOf)
    await place.put(tokyo, 2)
    expect(await place.read(virginia)).toBe('2')
    expect(await place.read(dublin, false)).toBe('1')
    expect(await Promise.all(refused)).toEqual(['InternalServerError', 'InternalServerError'])
    for (const other of [virginia, tokyo] as const) place.cluster.link(dublin, other).heal()
    await until('Dublin takes part again', async () => (await nameOf(place.read(dublin))) === 'taken')
    expect(await place.read(dublin)).toBe(await place.read(virginia))
  })
})
