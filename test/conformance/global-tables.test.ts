import {
  BatchWriteItemCommand,
  CreateGlobalTableCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeGlobalTableCommand,
  DescribeGlobalTableSettingsCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListGlobalTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  type ReplicationGroupUpdate,
  ScanCommand,
  UpdateGlobalTableCommand,
  UpdateGlobalTableSettingsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, refusal, tableName } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'
import { differs } from '../differences/difference.ts'

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
let world: TestRegions
beforeAll(async () => void (world = await testRegions([us, eu, ap], { globalTables2017: true })))
afterAll(() => world.close())

const update = (region: string, TableName: string, more: Partial<UpdateTableCommandInput>) =>
  world.at(region).client.send(new UpdateTableCommand({ TableName, ...more }))
const replicas = (region: string, table: string, ...ReplicaUpdates: ReplicationGroupUpdate[]) =>
  update(region, table, { ReplicaUpdates })
const put = (region: string, TableName: string, pk: string, value = 'x') =>
  world.at(region).client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, value: { S: value } } }))
const valueAt = async (region: string, TableName: string, pk: string) => {
  const { Item } = await world.at(region).client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } } }))
  return Item?.['value']?.S
}
const gone = (region: string, table: string) =>
  world.eventually(
    `${table} is gone from ${region}`,
    async () => (await world.at(region).describe(table)) === undefined,
  )
const alone = (region: string, table: string) =>
  world.eventually(`${table} is ${region}'s alone`, async () => {
    const found = await world.at(region).describe(table)
    return found?.TableStatus === 'ACTIVE' && found.Replicas === undefined && found.GlobalTableVersion === undefined
  })

describe.runIf(isLocal)('a global table', () => {
  test('is described with its replicas from each of them', async () => {
    const table = await world.globalTable([eu, ap])
    const here = await world.at(eu).describe(table)
    expect(here).not.toHaveProperty('MultiRegionConsistency')
    expect(here).toMatchObject({
      GlobalTableVersion: '2019.11.21',
      GlobalTableSettingsReplicationMode: 'ENABLED_WITH_OVERRIDES',
      DisassociationProtectionEnabled: true,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    })
    expect(here?.Replicas?.map(({ RegionName }) => RegionName)).toEqual([us, ap])
    expect(here?.Replicas?.[0]).toMatchObject({
      ReplicaStatus: 'ACTIVE',
      GlobalTableSettingsReplicationMode: 'ENABLED_WITH_OVERRIDES',
    })
  })

  test('serves in a region from the moment that its replica is told to be ACTIVE elsewhere', async () => {
    const table = await world.globalTable([])
    await put(us, table, 'before')
    await replicas(us, table, { Create: { RegionName: eu } })
    await world.eventually('ACTIVE', async () => (await world.at(us).replica(table, eu)) === 'ACTIVE')
    expect(await valueAt(eu, table, 'before')).toBe('x')
  })

  test('gets a replica from any region that has one, with items and an index', async () => {
    const table = await world.globalTable([eu], {
      AttributeDefinitions: ['pk', 'value'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-value',
          KeySchema: [{ AttributeName: 'value', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    })
    for (let n = 0; n < 40; n++) await put(n % 2 === 0 ? us : eu, table, `item ${n}`, `value ${n % 4}`)
    await replicas(eu, table, { Create: { RegionName: ap } })
    await world.active(table, [us, eu, ap])
    await world.eventually('all items are there', async () => {
      const { Count } = await world.at(ap).client.send(new ScanCommand({ TableName: table }))
      return Count === 40
    })
    const found = await world.at(ap).client.send(
      new QueryCommand({
        TableName: table,
        IndexName: 'by-value',
        KeyConditionExpression: '#v = :v',
        ExpressionAttributeNames: { '#v': 'value' },
        ExpressionAttributeValues: { ':v': { S: 'value 1' } },
      }),
    )
    expect(found.Count).toBe(10)
  })

  test('loses a replica and its items from the one region only, and the last one is an ordinary table', async () => {
    const table = await world.globalTable([eu, ap])
    await put(us, table, 'a')
    await world.eventually('ap has it', async () => (await valueAt(ap, table, 'a')) === 'x')
    await replicas(eu, table, { Delete: { RegionName: us } })
    await gone(us, table)
    await world.eventually('eu knows', async () => (await world.at(eu).replica(table, us)) === undefined)
    expect(await valueAt(eu, table, 'a')).toBe('x')
    await world.active(table, [eu, ap])
    await world.at(ap).client.send(new DeleteTableCommand({ TableName: table }))
    await gone(ap, table)
    await alone(eu, table)
    expect(await valueAt(eu, table, 'a')).toBe('x')
    await world.at(eu).client.send(new DeleteTableCommand({ TableName: table }))
    await gone(eu, table)
  })

  test('can be made again under its name where it is gone', async () => {
    const table = await world.globalTable([eu])
    await put(us, table, 'old')
    await world.at(eu).client.send(new DeleteTableCommand({ TableName: table }))
    await gone(eu, table)
    await alone(us, table)
    await replicas(us, table, { Create: { RegionName: eu } })
    await world.active(table, [us, eu])
    expect(await valueAt(eu, table, 'old')).toBe('x')
    await put(eu, table, 'new')
    await world.eventually('us has it', async () => (await valueAt(us, table, 'new')) === 'x')
  })

  test('can be made anew everywhere under the name of one that is just being removed', async () => {
    const TableName = await world.globalTable([eu])
    for (let n = 0; n < 30; n++) await put(us, TableName, `item ${n}`)
    await replicas(us, TableName, { Delete: { RegionName: eu } })
    await alone(us, TableName)
    await world.at(us).client.send(new DeleteTableCommand({ TableName }))
    await gone(us, TableName)
    await world.globalTable([eu], { TableName })
    const { Count } = await world.at(eu).client.send(new ScanCommand({ TableName }))
    expect(Count).toBe(0)
  })

  test(differs('names-that-are-taken'), async () => {
    const table = await world.globalTable([])
    await world.at(eu).client.send(
      new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    )
    await replicas(us, table, { Create: { RegionName: eu } })
    await world.eventually('failed', async () => (await world.at(us).replica(table, eu)) === 'CREATION_FAILED')
    const [failed] = (await world.at(us).describe(table))?.Replicas ?? []
    expect(failed?.ReplicaStatusDescription).toContain('already existed as tables')
    await replicas(us, table, { Delete: { RegionName: eu } })
    await alone(us, table)
    expect(await world.at(eu).describe(table)).toMatchObject({ TableStatus: 'ACTIVE' })
    // Once that table is away, the replica can be made.
    await world.at(eu).client.send(new DeleteTableCommand({ TableName: table }))
    await gone(eu, table)
    await replicas(us, table, { Create: { RegionName: eu } })
    await world.active(table, [us, eu])
  })
})

describe.runIf(isLocal)('a replica that is disassociated', () => {
  test('keeps its items as a table of its own, and the others go on', async () => {
    const table = await world.globalTable([eu, ap])
    await put(ap, table, 'a')
    await world.eventually('all have it', async () =>
      (await Promise.all([us, eu].map((region) => valueAt(region, table, 'a')))).every((value) => value === 'x'),
    )
    await update(ap, table, { DisassociationProtectionEnabled: false })
    expect((await world.at(ap).describe(table))?.DisassociationProtectionEnabled).toBe(false)
    expect((await world.at(us).describe(table))?.DisassociationProtectionEnabled).toBe(true)
    await replicas(ap, table, { Disassociate: { RegionName: ap, DisassociationMode: 'WAIT_FOR_REPLICATION' } })
    await alone(ap, table)
    await world.eventually('us knows', async () => (await world.at(us).replica(table, ap)) === undefined)
    await put(ap, table, 'of ap')
    await put(us, table, 'of us')
    await world.eventually('eu has it', async () => (await valueAt(eu, table, 'of us')) === 'x')
    expect(await valueAt(ap, table, 'a')).toBe('x')
    expect(await valueAt(ap, table, 'of us')).toBeUndefined()
    expect(await valueAt(eu, table, 'of ap')).toBeUndefined()
  })

  test('leaves two ordinary tables where there were two replicas, and one of them can be given replicas again', async () => {
    const table = await world.globalTable([eu])
    await put(us, table, 'a')
    await world.eventually('eu has it', async () => (await valueAt(eu, table, 'a')) === 'x')
    await update(eu, table, { DisassociationProtectionEnabled: false })
    await replicas(eu, table, { Disassociate: { RegionName: eu, DisassociationMode: 'WAIT_FOR_REPLICATION' } })
    await Promise.all([us, eu].map((region) => alone(region, table)))
    await replicas(eu, table, { Create: { RegionName: ap } })
    await world.active(table, [eu, ap])
    expect(await valueAt(ap, table, 'a')).toBe('x')
  })

  test('accepts every write while it leaves', async () => {
    const table = await world.globalTable([eu])
    await update(us, table, { DisassociationProtectionEnabled: false })
    const leaving = { over: false }
    let written = 0
    const writing = (async () => {
      for (; !leaving.over; written++) await put(us, table, `item ${written}`)
    })()
    await replicas(us, table, { Disassociate: { RegionName: us, DisassociationMode: 'WAIT_FOR_REPLICATION' } })
    await alone(us, table)
    leaving.over = true
    await writing
    const { Count } = await world.at(us).client.send(new ScanCommand({ TableName: table }))
    expect(Count).toBe(written)
  })

  test('is protected by default, and leaves by itself only', async () => {
    const table = await world.globalTable([eu])
    const mode = { DisassociationMode: 'WAIT_FOR_REPLICATION' as const }
    expect(await refusal(replicas(us, table, { Disassociate: { RegionName: us, ...mode } }))).toEqual([
      'ValidationException',
      expect.stringContaining('protected against disassociation'),
    ])
    expect((await refusal(replicas(us, table, { Disassociate: { RegionName: eu, ...mode } })))[0]).toBe(
      'ValidationException',
    )
    const two = [{ Disassociate: { RegionName: us, ...mode } }, { Delete: { RegionName: eu } }]
    expect((await refusal(replicas(us, table, ...two)))[0]).toBe('ValidationException')
    const both = { DisassociationProtectionEnabled: false, DeletionProtectionEnabled: true }
    expect((await refusal(update(us, table, both)))[0]).toBe('ValidationException')
  })
})

describe.runIf(isLocal)('while a region is cut off', () => {
  const links = (region: string) =>
    [us, eu, ap].flatMap((other) =>
      other === region
        ? []
        : ([
            [region, other],
            [other, region],
          ] as const),
    )
  const cut = (region: string) => links(region).forEach(([from, to]) => world.cluster.link(from, to).cut())
  const heal = (region: string) => links(region).forEach(([from, to]) => world.cluster.link(from, to).heal())

  test(differs('lost-regions-that-create'), async () => {
    const [kept, given] = [await world.globalTable([]), await world.globalTable([])]
    cut(ap)
    for (const table of [kept, given]) {
      await put(us, table, 'a')
      await replicas(us, table, { Create: { RegionName: ap } })
      expect((await world.at(us).describe(table))?.Replicas?.[0]).toMatchObject({
        ReplicaStatus: 'CREATING',
        ReplicaStatusPercentProgress: '0',
      })
    }
    expect(await refusal(replicas(us, given, { Delete: { RegionName: ap } }))).toEqual([
      'ResourceInUseException',
      'The resource which you are attempting to change is in use.',
    ])
    await world.at(us).giveUp(given, ap)
    expect(await world.at(us).replica(given, ap)).toBe('DELETING')
    heal(ap)
    await world.active(kept, [us, ap])
    expect(await valueAt(ap, kept, 'a')).toBe('x')
    await alone(us, given)
    expect(await world.at(ap).describe(given)).toBeUndefined()
  })

  test('a replica there is disassociated only once everything has arrived, both ways', async () => {
    const table = await world.globalTable([ap])
    await update(ap, table, { DisassociationProtectionEnabled: false })
    cut(ap)
    await put(us, table, 'of us')
    await put(ap, table, 'of ap')
    await replicas(ap, table, { Disassociate: { RegionName: ap, DisassociationMode: 'WAIT_FOR_REPLICATION' } })
    await put(ap, table, 'meanwhile')
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect((await world.at(ap).describe(table))?.TableStatus).toBe('UPDATING')
    heal(ap)
    await Promise.all([us, ap].map((region) => alone(region, table)))
    expect(await valueAt(us, table, 'of ap')).toBe('x')
    expect(await valueAt(ap, table, 'of us')).toBe('x')
    expect(await valueAt(ap, table, 'meanwhile')).toBe('x')
  })

  test('settings that both sides change are the same on both afterwards', async () => {
    const table = await world.globalTable([ap])
    cut(ap)
    const expiry = (AttributeName: string) => ({
      TableName: table,
      TimeToLiveSpecification: { Enabled: true, AttributeName },
    })
    await world.at(us).client.send(new UpdateTimeToLiveCommand(expiry('of-us')))
    await world.at(ap).client.send(new UpdateTimeToLiveCommand(expiry('of-ap')))
    await update(us, table, { TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    heal(ap)
    await world.eventually('both have the later one, and what only one changed', async () => {
      const told = await Promise.all(
        [us, ap].map((region) => world.at(region).client.send(new DescribeTimeToLiveCommand({ TableName: table }))),
      )
      const there = await world.at(ap).describe(table)
      return (
        told.every(({ TimeToLiveDescription: each }) => each?.AttributeName === 'of-ap') &&
        there?.TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS'
      )
    })
  })
})

describe.runIf(isLocal)('settings', () => {
  test('of a stream stay as they are when a replica is added, and reach it', async () => {
    const stream = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' as const }
    const table = await world.globalTable([eu], { StreamSpecification: stream })
    for (const region of [us, eu]) expect((await world.at(region).describe(table))?.StreamSpecification).toEqual(stream)
  })

  test('of capacity, time to live, stream, class and encryption are those of all replicas', async () => {
    const table = await world.globalTable([eu])
    await update(eu, table, {
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 9 },
    })
    await world.eventually('us has the capacity', async () => {
      const found = await world.at(us).describe(table)
      return (
        found?.ProvisionedThroughput?.WriteCapacityUnits === 9 && found.ProvisionedThroughput.ReadCapacityUnits === 7
      )
    })
    await world.active(table, [us, eu])
    await update(eu, table, { TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    await world.active(table, [us, eu])
    await update(us, table, { SSESpecification: { Enabled: true, SSEType: 'KMS' } })
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires' }
    await world.at(us).client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
    await world.eventually('both have all of it', async () => {
      const [a, b] = await Promise.all([us, eu].map((region) => world.at(region).describe(table)))
      const { TimeToLiveDescription: expiry } = await world
        .at(eu)
        .client.send(new DescribeTimeToLiveCommand({ TableName: table }))
      return (
        a?.TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS' &&
        b?.SSEDescription?.SSEType === 'KMS' &&
        expiry?.TimeToLiveStatus === 'ENABLED' &&
        expiry.AttributeName === 'expires'
      )
    })
  })

  test('of deletion protection and tags are the region’s own', async () => {
    const table = await world.globalTable([eu], { Tags: [{ Key: 'owner', Value: 'us' }] })
    await update(us, table, { DeletionProtectionEnabled: true })
    await put(us, table, 'after')
    await world.eventually('eu is up to date', async () => (await valueAt(eu, table, 'after')) === 'x')
    const there = await world.at(eu).describe(table)
    expect(there?.DeletionProtectionEnabled).toBe(false)
    const { Tags } = await world
      .at(eu)
      .client.send(new ListTagsOfResourceCommand({ ResourceArn: there?.TableArn ?? '' }))
    expect(Tags).toEqual([])
  })

  test('of an index reach every replica, which fills it from its own items', async () => {
    const table = await world.globalTable([eu])
    for (let n = 0; n < 20; n++) await put(us, table, `item ${n}`, 'same')
    const query = {
      TableName: table,
      IndexName: 'by-value',
      KeyConditionExpression: '#v = :v',
      ExpressionAttributeNames: { '#v': 'value' },
      ExpressionAttributeValues: { ':v': { S: 'same' } },
    }
    await update(us, table, {
      AttributeDefinitions: [{ AttributeName: 'value', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'by-value',
            KeySchema: [{ AttributeName: 'value', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    })
    await world.eventually('the index is active in eu', async () => {
      const found = await world.at(eu).describe(table)
      return found?.GlobalSecondaryIndexes?.[0]?.IndexStatus === 'ACTIVE'
    })
    await world.eventually(
      'with every item',
      async () => (await world.at(eu).client.send(new QueryCommand(query))).Count === 20,
    )
    await world.active(table, [us, eu])
    await update(eu, table, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-value' } }] })
    await world.eventually('us is rid of it', async () => {
      const found = await world.at(us).describe(table)
      return found?.GlobalSecondaryIndexes === undefined
    })
  })

  test('that a replica overrides are its own until the table’s change', async () => {
    const table = await world.globalTable([])
    const TableClassOverride = 'STANDARD_INFREQUENT_ACCESS' as const
    const Create = { RegionName: eu, TableClassOverride, OnDemandThroughputOverride: { MaxReadRequestUnits: 50 } }
    await replicas(us, table, { Create })
    await world.active(table, [us, eu])
    const [told] = (await world.at(us).describe(table))?.Replicas ?? []
    expect(told).toMatchObject({
      ReplicaTableClassSummary: { TableClass: TableClassOverride },
      OnDemandThroughputOverride: { MaxReadRequestUnits: 50 },
    })
    expect(await world.at(us).describe(table)).not.toHaveProperty('TableClassSummary')
    const there = await world.at(eu).describe(table)
    expect(there?.TableClassSummary?.TableClass).toBe(TableClassOverride)
    expect(there?.OnDemandThroughput?.MaxReadRequestUnits).toBe(50)
    await replicas(us, table, {
      Update: { RegionName: eu, OnDemandThroughputOverride: { MaxReadRequestUnits: 60 }, KMSMasterKeyId: 'alias/eu' },
    })
    await world.eventually('eu has it', async () => {
      const found = await world.at(eu).describe(table)
      return (
        found?.OnDemandThroughput?.MaxReadRequestUnits === 60 &&
        /^arn:aws:kms:eu-west-1:\d{12}:key\/[0-9a-f-]{36}$/.test(found.SSEDescription?.KMSMasterKeyArn ?? '')
      )
    })
    await world.active(table, [us, eu])
    await update(us, table, { OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 } })
    await world.eventually('eu has the table’s', async () => {
      const found = await world.at(eu).describe(table)
      return (
        found?.OnDemandThroughput?.MaxReadRequestUnits === 10 && found.OnDemandThroughput.MaxWriteRequestUnits === 20
      )
    })
    expect((await world.at(eu).describe(table))?.TableClassSummary?.TableClass).toBe(TableClassOverride)
  })

  test('of time to live are refused as AWS refuses them', async () => {
    const TableName = await world.globalTable([])
    const set = (Enabled: boolean, AttributeName: string) =>
      refusal(
        world
          .at(us)
          .client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { Enabled, AttributeName } })),
      )
    expect(await set(false, 'a')).toEqual(['ValidationException', 'TimeToLive is already disabled'])
    await world
      .at(us)
      .client.send(
        new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { Enabled: true, AttributeName: 'a' } }),
      )
    expect(await set(true, 'a')).toEqual(['ValidationException', 'TimeToLive is already enabled'])
    expect(await set(true, 'b')).toEqual([
      'ValidationException',
      'TimeToLive is active on a different AttributeName: current AttributeName is a',
    ])
  })
})

describe.runIf(isLocal)('replica updates are refused', () => {
  const message = async (sent: Promise<unknown>) => (await refusal(sent))[1]

  test(differs('regions-that-are-supported'), async () => {
    const table = await world.globalTable([])
    expect(await message(replicas(us, table, { Create: { RegionName: 'mars-north-1' } }))).toBe(
      `Region mars-north-1 is not supported. The latest version of global tables are only supported in the following regions: [${[us, eu, ap].join(', ')}]`,
    )
  })

  test('for the local region, those that are not there, and those that are', async () => {
    const table = await world.globalTable([eu])
    for (const local of [{ Create: { RegionName: us } }, { Delete: { RegionName: us } }])
      expect(await message(replicas(us, table, local))).toBe(
        'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
      )
    for (const each of [
      { Delete: { RegionName: ap } },
      { Update: { RegionName: ap, TableClassOverride: 'STANDARD' as const } },
    ])
      expect(await message(replicas(us, table, each))).toBe(
        `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${ap}].`,
      )
    expect(await message(replicas(us, table, { Create: { RegionName: eu } }))).toBe(
      `Failed to create a the new replica of table with name: ‘${table}’ because one or more replicas already existed as tables.`,
    )
    expect(await message(replicas(us, table, {}))).toContain('must not be null')
    expect(await message(update(us, table, { StreamSpecification: { StreamEnabled: false } }))).toBe(
      'One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.',
    )
  })

  test('for more than one create or delete, for two kinds at once, for nothing to update, and beside other changes', async () => {
    const table = await world.globalTable([eu])
    const create = { Create: { RegionName: ap } }
    const change = { RegionName: eu, TableClassOverride: 'STANDARD' as const }
    const many = 'Update table operation with more than one create or delete replica actions not allowed'
    expect(await message(replicas(us, table, create, { Delete: { RegionName: eu } }))).toBe(many)
    const types = 'Update table operation with more than one type of replica actions not allowed.'
    expect(await message(replicas(us, table, { ...create, Delete: { RegionName: eu } }))).toBe(types)
    expect(await message(replicas(us, table, create, { Update: change }))).toBe(types)
    expect(await message(replicas(us, table, { Update: { RegionName: eu } }))).toBe(
      'There are no actions specified in the Replica Update Action of the request.',
    )
    const onlyOne =
      'One or more parameter values were invalid: Replica modification must be the only operation in the request'
    for (const other of [
      { DeletionProtectionEnabled: true },
      { TableClass: 'STANDARD_INFREQUENT_ACCESS' as const },
      { BillingMode: 'PAY_PER_REQUEST' as const },
    ])
      expect(await message(update(us, table, { ...other, ReplicaUpdates: [create] }))).toBe(onlyOne)
  })

  test('but two that are the same count as one, and the answer does not list the new replica yet', async () => {
    const table = await world.globalTable([])
    const create = { Create: { RegionName: eu } }
    const { TableDescription } = await replicas(us, table, create, create)
    expect(TableDescription).toMatchObject({ TableStatus: 'UPDATING' })
    expect(TableDescription).not.toHaveProperty('Replicas')
    await world.active(table, [us, eu])
  })

  test('while a replica is being made', async () => {
    const table = await world.globalTable([])
    await replicas(us, table, { Create: { RegionName: eu } })
    const second = await refusal(replicas(us, table, { Create: { RegionName: ap } })).catch(() => undefined)
    // The first may be ACTIVE by then.
    if (second !== undefined) expect(second[0]).toBe('ResourceInUseException')
    await world.eventually('both are there', async () => {
      if ((await world.at(us).replica(table, ap)) === undefined)
        await replicas(us, table, { Create: { RegionName: ap } }).catch(() => undefined)
      return (await world.at(us).replica(table, ap)) === 'ACTIVE'
    })
  })

  test('for overrides of capacity where a table is on demand; a new replica’s are passed over, and those of unknown indexes', async () => {
    const table = await world.globalTable([])
    const ProvisionedThroughputOverride = { ReadCapacityUnits: 5 }
    const GlobalSecondaryIndexes = [{ IndexName: 'nowhere', OnDemandThroughputOverride: { MaxReadRequestUnits: 5 } }]
    await replicas(us, table, { Create: { RegionName: eu, ProvisionedThroughputOverride, GlobalSecondaryIndexes } })
    await world.active(table, [us, eu])
    expect(await message(replicas(us, table, { Update: { RegionName: eu, ProvisionedThroughputOverride } }))).toBe(
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    )
  })

  test('for strong consistency, and for tables with provisioned capacity', async () => {
    const table = await world.globalTable([])
    const strong = { ReplicaUpdates: [{ Create: { RegionName: eu } }], MultiRegionConsistency: 'STRONG' as const }
    expect((await refusal(update(us, table, strong)))[0]).toBe('ValidationException')
    const provisioned = {
      BillingMode: 'PROVISIONED' as const,
      ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
    }
    const why = 'Table write capacity should either be Pay-Per-Request or AutoScaled.'
    await update(us, table, provisioned)
    await world.active(table, [us])
    expect(await message(replicas(us, table, { Create: { RegionName: eu } }))).toBe(why)
  })
})

describe.runIf(isLocal)('the operations of 2017', () => {
  const make = (region: string, TableName: string) =>
    world.at(region).client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    )
  const group = (...regions: string[]) => regions.map((RegionName) => ({ RegionName }))

  test(differs('operations-of-2017'), async () => {
    const GlobalTableName = tableName()
    for (const region of [us, eu]) await make(region, GlobalTableName)
    await Promise.all([us, eu].map((region) => alone(region, GlobalTableName)))
    const { client } = world.at(us)
    const { GlobalTableDescription: made } = await client.send(
      new CreateGlobalTableCommand({ GlobalTableName, ReplicationGroup: group(us, eu) }),
    )
    expect(made).toMatchObject({
      GlobalTableName,
      GlobalTableStatus: 'CREATING',
      GlobalTableArn: `arn:aws:dynamodb::000000000000:global-table/${GlobalTableName}`,
    })
    await world.active(GlobalTableName, [us, eu])
    await put(us, GlobalTableName, 'a')
    await world.eventually('eu has it', async () => (await valueAt(eu, GlobalTableName, 'a')) === 'x')
    await client.send(
      new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates: [{ Create: { RegionName: ap } }] }),
    )
    await world.active(GlobalTableName, [us, eu, ap])
    const { GlobalTableDescription: told } = await world
      .at(eu)
      .client.send(new DescribeGlobalTableCommand({ GlobalTableName }))
    expect(told?.GlobalTableStatus).toBe('ACTIVE')
    expect(told?.ReplicationGroup?.map(({ RegionName }) => RegionName).toSorted()).toEqual([ap, eu, us])
    const { GlobalTables } = await client.send(new ListGlobalTablesCommand({ RegionName: ap }))
    expect(GlobalTables?.map((table) => table.GlobalTableName)).toContain(GlobalTableName)
    await client.send(
      new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates: [{ Delete: { RegionName: eu } }] }),
    )
    await alone(eu, GlobalTableName)
    expect(await valueAt(eu, GlobalTableName, 'a')).toBe('x')
    await world.active(GlobalTableName, [us, ap])
  })

  test('change capacity for all and reading for one', async () => {
    const table = await world.globalTable([eu])
    const { client } = world.at(us)
    await client.send(
      new UpdateGlobalTableSettingsCommand({
        GlobalTableName: table,
        GlobalTableBillingMode: 'PROVISIONED',
        GlobalTableProvisionedWriteCapacityUnits: 5,
        ReplicaSettingsUpdate: [{ RegionName: eu, ReplicaProvisionedReadCapacityUnits: 8 }],
      }),
    )
    await world.eventually('eu has it', async () => {
      const { ProvisionedThroughput: units } = (await world.at(eu).describe(table)) ?? {}
      return units?.ReadCapacityUnits === 8 && units.WriteCapacityUnits === 5
    })
    const { ReplicaSettings } = await client.send(new DescribeGlobalTableSettingsCommand({ GlobalTableName: table }))
    expect(ReplicaSettings?.find(({ RegionName }) => RegionName === eu)).toMatchObject({
      ReplicaStatus: 'ACTIVE',
      ReplicaBillingModeSummary: { BillingMode: 'PROVISIONED' },
      ReplicaProvisionedReadCapacityUnits: 8,
      ReplicaProvisionedWriteCapacityUnits: 5,
    })
  })

  test('refuse what is not there or there already', async () => {
    const { client } = world.at(us)
    const nothing = { GlobalTableName: tableName() }
    const table = { GlobalTableName: await world.globalTable([eu]) }
    const name = async (sent: Promise<unknown>) => (await refusal(sent))[0]
    expect(
      await refusal(client.send(new CreateGlobalTableCommand({ ...nothing, ReplicationGroup: group(us, eu) }))),
    ).toEqual([
      'TableNotFoundException',
      `Table not found: Table: '${nothing.GlobalTableName}' not found in region: 'us-east-1'.`,
    ])
    expect(await name(client.send(new CreateGlobalTableCommand({ ...table, ReplicationGroup: group(us, eu) })))).toBe(
      'GlobalTableAlreadyExistsException',
    )
    expect(await name(client.send(new DescribeGlobalTableCommand(nothing)))).toBe('GlobalTableNotFoundException')
    const create = { ...table, ReplicaUpdates: [{ Create: { RegionName: eu } }] }
    expect(await name(client.send(new UpdateGlobalTableCommand(create)))).toBe('ReplicaAlreadyExistsException')
    const remove = { ...table, ReplicaUpdates: [{ Delete: { RegionName: ap } }] }
    expect(await name(client.send(new UpdateGlobalTableCommand(remove)))).toBe('ReplicaNotFoundException')
  })

  test('do not take over a table that has items', async () => {
    const GlobalTableName = tableName()
    for (const region of [us, eu]) await make(region, GlobalTableName)
    await Promise.all([us, eu].map((region) => alone(region, GlobalTableName)))
    await world.at(eu).client.send(
      new BatchWriteItemCommand({
        RequestItems: { [GlobalTableName]: [{ PutRequest: { Item: { pk: { S: 'a' } } } }] },
      }),
    )
    const { client } = world.at(us)
    await client.send(new CreateGlobalTableCommand({ GlobalTableName, ReplicationGroup: group(us, eu) }))
    await world.eventually(
      'failed',
      async () => (await world.at(us).replica(GlobalTableName, eu)) === 'CREATION_FAILED',
    )
    const { Count } = await world.at(eu).client.send(new ScanCommand({ TableName: GlobalTableName }))
    expect(Count).toBe(1)
  })
})
