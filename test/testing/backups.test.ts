/** Backups and restores as an application sees them, in the time of a cluster. */
import {
  type AttributeValue,
  CreateTableCommand,
  BatchWriteItemCommand,
  CreateBackupCommand,
  type CreateBackupCommandInput,
  DeleteBackupCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListBackupsCommand,
  type ListBackupsCommandInput,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
  type RestoreTableFromBackupCommandInput,
  ScanCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { refusal } from '../conformance/region.ts'

const TableName = 'Orders'
const byUser = {
  IndexName: 'byUser',
  KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}
const table = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'user', AttributeType: 'S' as const },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [byUser],
  BillingMode: 'PAY_PER_REQUEST' as const,
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' as const },
  Tags: [{ Key: 'team', Value: 'a' }],
  DeletionProtectionEnabled: false,
}
const startMs = Date.parse('2026-01-01T00:00:00Z')
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene(options: Partial<ClusterOptions> = {}) {
  const cluster = await createCluster({ regions: ['us-east-1'], clock: 'manual', seed: 7, tables: [table], ...options })
  open.push(cluster)
  const client = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 1 })
  const keys = async (name: string, IndexName?: string): Promise<readonly string[]> => {
    const asked = { TableName: name, ...(IndexName === undefined ? {} : { IndexName }) }
    const { Items = [] } = await client.send(new ScanCommand(asked))
    return Items.map(({ pk }) => pk?.S ?? '').toSorted()
  }
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let n = 0; n < 300; n++) {
      if (await isSo()) return
      await cluster.advance(100)
    }
    throw new Error(`not within half a minute: ${what}`)
  }
  const described = async (name: string) => (await client.send(new DescribeTableCommand({ TableName: name }))).Table
  const backupOf = async (BackupArn: string) =>
    (await client.send(new DescribeBackupCommand({ BackupArn }))).BackupDescription
  return {
    cluster,
    client,
    keys,
    described,
    backupOf,
    put: (pk: string, more: Readonly<Record<string, AttributeValue>> = {}) =>
      client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, user: { S: 'ada' }, ...more } })),
    remove: (pk: string) => client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } })),
    backup: async (BackupName = 'nightly', input: Partial<CreateBackupCommandInput> = {}) =>
      (await client.send(new CreateBackupCommand({ TableName, BackupName, ...input }))).BackupDetails,
    available: (arn: string) =>
      until(`${arn} is available`, async () => (await backupOf(arn))?.BackupDetails?.BackupStatus === 'AVAILABLE'),
    restore: async (input: RestoreTableFromBackupCommandInput) =>
      (await client.send(new RestoreTableFromBackupCommand(input))).TableDescription,
    active: (name: string) => until(`${name} is active`, async () => (await described(name))?.TableStatus === 'ACTIVE'),
    list: async (input: ListBackupsCommandInput = {}) => await client.send(new ListBackupsCommand(input)),
  }
}

const enabling = [
  'ContinuousBackupsUnavailableException',
  'Backups are being enabled for the table: New. Please retry later',
]
const arnOf = (details: { readonly BackupArn?: string | undefined } | undefined): string => details?.BackupArn ?? ''

describe('a backup', () => {
  test('is CREATING in the answer, and then AVAILABLE with what the table was', async () => {
    const { put, backup, available, backupOf } = await scene()
    await put('a')
    await put('b')
    const made = await backup()
    expect(made).toMatchObject({ BackupName: 'nightly', BackupStatus: 'CREATING', BackupType: 'USER' })
    expect(arnOf(made)).toMatch(/^arn:aws:dynamodb:us-east-1:000000000000:table\/Orders\/backup\/0\d{13}-[0-9a-f]{8}$/)
    expect(made?.BackupCreationDateTime?.getTime()).toBeGreaterThanOrEqual(startMs)
    await available(arnOf(made))
    const found = await backupOf(arnOf(made))
    expect(found?.BackupDetails).toMatchObject({ BackupStatus: 'AVAILABLE', BackupSizeBytes: 20 })
    expect(found?.BackupDetails).not.toHaveProperty('BackupExpiryDateTime')
    expect(found?.SourceTableDetails).toMatchObject({
      TableName,
      ItemCount: 2,
      TableSizeBytes: 20,
      BillingMode: 'PAY_PER_REQUEST',
      ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    })
    expect(found?.SourceTableFeatureDetails).toEqual({
      GlobalSecondaryIndexes: [byUser],
      StreamDescription: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    })
  })

  test('of a plain table has no feature details', async () => {
    const {
      GlobalSecondaryIndexes: _,
      StreamSpecification: __,
      AttributeDefinitions: [pk],
      ...plain
    } = table
    const { backup, available, backupOf } = await scene({ tables: [{ ...plain, AttributeDefinitions: [pk] }] })
    const arn = arnOf(await backup())
    await available(arn)
    expect((await backupOf(arn))?.SourceTableFeatureDetails).toEqual({})
  })

  test('has the items of the moment at which it was asked for', async () => {
    const { put, remove, backup, available, restore, active, keys } = await scene()
    await Promise.all(['a', 'b', 'c'].map((pk) => put(pk)))
    const arn = arnOf(await backup())
    await Promise.all([remove('a'), put('d'), put('b', { user: { S: 'eve' } })])
    await available(arn)
    await restore({ BackupArn: arn, TargetTableName: 'Restored' })
    await active('Restored')
    expect(await keys('Restored')).toEqual(['a', 'b', 'c'])
    expect(await keys('Restored', 'byUser')).toEqual(['a', 'b', 'c'])
    expect(await keys(TableName)).toEqual(['b', 'c', 'd'])
  })

  test('outlives its table, and is told by the TableId from one of another table of the name', async () => {
    const { client, cluster, put, backup, available, backupOf, restore, active, keys, list, described } = await scene()
    await put('a')
    const first = arnOf(await backup())
    const { TableId: before } = (await described(TableName)) ?? {}
    await client.send(new DeleteTableCommand({ TableName }))
    await cluster.advance(1000)
    expect((await refusal(described(TableName)))[0]).toBe('ResourceNotFoundException')
    await available(first)
    await restore({ BackupArn: first, TargetTableName: TableName })
    await active(TableName)
    expect(await keys(TableName)).toEqual(['a'])
    await available(arnOf(await backup('second')))
    const { BackupSummaries = [] } = await list({ TableName })
    expect(BackupSummaries.map(({ BackupName }) => BackupName)).toEqual(['nightly', 'second'])
    expect((await backupOf(first))?.SourceTableDetails?.TableId).toBe(before)
    expect(BackupSummaries[1]?.TableId).not.toBe(before)
  })

  test('that is deleted is gone with the answer, and leaves no file', async () => {
    const { client, cluster, put, backup, available, backupOf, list } = await scene()
    await put('a')
    const BackupArn = arnOf(await backup())
    await available(BackupArn)
    const { BackupDescription } = await client.send(new DeleteBackupCommand({ BackupArn }))
    expect(BackupDescription?.BackupDetails?.BackupStatus).toBe('DELETED')
    expect(BackupDescription?.SourceTableDetails?.TableName).toBe(TableName)
    const missing = ['BackupNotFoundException', `Backup not found: ${BackupArn}`]
    expect(await refusal(backupOf(BackupArn))).toEqual(missing)
    expect(await refusal(client.send(new DeleteBackupCommand({ BackupArn })))).toEqual(missing)
    expect((await list()).BackupSummaries).toEqual([])
    await cluster.advance(1000)
  })

  test('survives a crash in the middle of it', async () => {
    const { client, cluster, backup, available, restore, active, keys } = await scene()
    const all = Array.from({ length: 100 }, (_, n) => `item ${n}`).toSorted()
    for (let from = 0; from < all.length; from += 25)
      await client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            [TableName]: all.slice(from, from + 25).map((pk) => ({ PutRequest: { Item: { pk: { S: pk } } } })),
          },
        }),
      )
    const made = backup()
    const arn = arnOf(await made)
    cluster.region('us-east-1').kill()
    await cluster.region('us-east-1').restart()
    await available(arn)
    await restore({ BackupArn: arn, TargetTableName: 'Restored' })
    cluster.region('us-east-1').kill()
    await cluster.region('us-east-1').restart()
    await active('Restored')
    expect(await keys('Restored')).toEqual(all)
  })
})

describe('CreateBackup is refused', () => {
  test('of a table that is not there, or not yet', async () => {
    const { client, cluster, backup, active } = await scene({ timing: 'aws' })
    const missing = (name: string) => ['TableNotFoundException', `Table not found: ${name}`]
    expect(await refusal(backup('one', { TableName: 'None' }))).toEqual(missing('None'))
    expect(await refusal(backup('ab'))).toEqual([
      'ValidationException',
      expect.stringContaining("at 'backupName' failed to satisfy constraint"),
    ])
    await client.send(new CreateTableCommand({ ...table, TableName: 'New' }))
    expect(await refusal(backup('one', { TableName: 'New' }))).toEqual(missing('New'))
    await active('New')
    expect(await refusal(backup('one', { TableName: 'New' }))).toEqual(enabling)
    await cluster.advance(10_000)
    expect(await backup('one', { TableName: 'New' })).toMatchObject({ BackupStatus: 'CREATING' })
  })

  test('of a table that has begun to go, and not of one that has not', async () => {
    const { client, cluster, put, backup, available, restore, active, keys } = await scene({ timing: 'aws' })
    await cluster.advance(60_000)
    await put('a')
    await client.send(new DeleteTableCommand({ TableName }))
    const arn = arnOf(await backup())
    await available(arn)
    await cluster.advance(10_000)
    expect((await refusal(backup()))[0]).toBe('TableNotFoundException')
    await restore({ BackupArn: arn, TargetTableName: 'Restored' })
    await active('Restored')
    expect(await keys('Restored')).toEqual(['a'])
  })
})

describe('ListBackups', () => {
  test('pages, by time, table and kind', async () => {
    const { cluster, backup, available, list, client } = await scene()
    const arns: string[] = []
    for (const name of ['one', 'two', 'three']) {
      arns.push(arnOf(await backup(name)))
      await available(arns.at(-1) ?? '')
      await cluster.advance(1000)
    }
    const named = ({ BackupSummaries = [] }: Awaited<ReturnType<typeof list>>) =>
      BackupSummaries.map(({ BackupName }) => BackupName)
    const first = await list({ Limit: 2 })
    expect(named(first)).toEqual(['one', 'two'])
    expect(first.LastEvaluatedBackupArn).toBe(arns[1])
    const second = await list({ Limit: 2, ExclusiveStartBackupArn: arns[1] })
    expect([named(second), second.LastEvaluatedBackupArn]).toEqual([['three'], undefined])
    const [from, to] = first.BackupSummaries?.map(({ BackupCreationDateTime: at }) => at) ?? []
    expect(named(await list({ TimeRangeLowerBound: from, TimeRangeUpperBound: to }))).toEqual(['one'])
    expect(await refusal(list({ TimeRangeLowerBound: to, TimeRangeUpperBound: from }))).toEqual([
      'ValidationException',
      'Invalid Request: Time range lower bound must be less than or equal to upper bound',
    ])
    expect(await refusal(list({ ExclusiveStartBackupArn: arns[0]?.replace('us-east-1', 'eu-west-1') }))).toEqual([
      'ValidationException',
      'Invalid Request: The supplied ExclusiveStartBackupArn does not match the region',
    ])
    expect(named(await list({ BackupType: 'SYSTEM' }))).toEqual([])
    expect(named(await list({ BackupType: 'ALL' }))).toHaveLength(3)
    expect(named(await list({ TableName: 'Unknown' }))).toEqual([])
    await client.send(new DeleteBackupCommand({ BackupArn: arns[0] }))
    expect(named(await list({ Limit: 1, ExclusiveStartBackupArn: arns[0] }))).toEqual(['two'])
  })
})

describe('a restored table', () => {
  test('is CREATING with its summary, refuses everything, and is then an ordinary table', async () => {
    const { client, cluster, put, backup, available, restore, active, described } = await scene({ timing: 'aws' })
    await cluster.advance(60_000)
    await put('a')
    const arn = arnOf(await backup())
    await available(arn)
    const made = await restore({ BackupArn: arn, TargetTableName: 'Restored' })
    const summary = { SourceBackupArn: arn, RestoreInProgress: true }
    expect(made).toMatchObject({ TableStatus: 'CREATING', RestoreSummary: summary })
    expect((await described('Restored'))?.RestoreSummary).toMatchObject({
      ...summary,
      SourceTableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/Orders',
    })
    const again = restore({ BackupArn: arn, TargetTableName: 'Restored' })
    expect((await refusal(again))[0]).toBe('TableInUseException')
    expect(await refusal(restore({ BackupArn: arn, TargetTableName: 'Another' }))).toEqual([
      'BackupInUseException',
      `Backup is being used to restore another table: ${arn}`,
    ])
    expect(await refusal(client.send(new DeleteBackupCommand({ BackupArn: arn })))).toEqual([
      'BackupInUseException',
      `Backup is being used to restore table: ${arn}`,
    ])
    const of = { TableName: 'Restored' }
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'end' }
    const asked = [
      new UpdateTableCommand({ ...of, DeletionProtectionEnabled: true }),
      new UpdateTimeToLiveCommand({ ...of, TimeToLiveSpecification }),
      new ListTagsOfResourceCommand({ ResourceArn: made?.TableArn }),
    ]
    for (const command of asked)
      expect((await refusal(client.send(command as UpdateTableCommand)))[0]).toBe('ResourceNotFoundException')
    expect((await refusal(client.send(new DeleteTableCommand(of))))[0]).toBe('ResourceInUseException')
    const copied = client.send(new CreateBackupCommand({ ...of, BackupName: 'copy' }))
    expect((await refusal(copied))[0]).toBe('TableNotFoundException')
    await active('Restored')
    expect(await described('Restored')).not.toHaveProperty('RestoreSummary')
    const taken = restore({ BackupArn: arn, TargetTableName: 'Restored' })
    expect((await refusal(taken))[0]).toBe('TableAlreadyExistsException')
  })

  test('keeps keys, indexes and capacity, and neither stream nor tags', async () => {
    const { client, put, backup, available, restore, active, described } = await scene()
    await put('a')
    const arn = arnOf(await backup())
    await available(arn)
    await restore({ BackupArn: arn, TargetTableName: 'Restored' })
    await active('Restored')
    const found = await described('Restored')
    expect(found).toMatchObject({
      ItemCount: 1,
      KeySchema: table.KeySchema,
      AttributeDefinitions: table.AttributeDefinitions,
      GlobalSecondaryIndexes: [{ IndexName: 'byUser', IndexStatus: 'ACTIVE', ItemCount: 1 }],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    })
    expect(found).not.toHaveProperty('StreamSpecification')
    expect(found).not.toHaveProperty('LatestStreamArn')
    const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: found?.TableArn }))
    expect(Tags).toEqual([])
  })

  test('has the overrides of the request', async () => {
    const { client, put, backup, available, restore, active, described } = await scene()
    await put('a')
    const arn = arnOf(await backup())
    await available(arn)
    const units = { ReadCapacityUnits: 5, WriteCapacityUnits: 6 }
    await restore({
      BackupArn: arn,
      TargetTableName: 'Renamed',
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: units,
      GlobalSecondaryIndexOverride: [{ ...byUser, IndexName: 'renamed', ProvisionedThroughput: units }],
    })
    await active('Renamed')
    const renamed = await described('Renamed')
    expect(renamed?.ProvisionedThroughput).toMatchObject(units)
    expect(renamed?.GlobalSecondaryIndexes).toMatchObject([{ IndexName: 'renamed', ProvisionedThroughput: units }])
    const { Count } = await client.send(
      new QueryCommand({
        TableName: 'Renamed',
        IndexName: 'renamed',
        KeyConditionExpression: '#u = :u',
        ExpressionAttributeNames: { '#u': 'user' },
        ExpressionAttributeValues: { ':u': { S: 'ada' } },
      }),
    )
    expect(Count).toBe(1)
    await restore({ BackupArn: arn, TargetTableName: 'Bare', GlobalSecondaryIndexOverride: [] })
    await active('Bare')
    expect(await described('Bare')).not.toHaveProperty('GlobalSecondaryIndexes')
    const foreign = { ...byUser, IndexName: 'foreign', KeySchema: table.KeySchema }
    expect(
      await refusal(restore({ BackupArn: arn, TargetTableName: 'Foreign', GlobalSecondaryIndexOverride: [foreign] })),
    ).toEqual([
      'ValidationException',
      'Invalid Request: Index foreign does not match a secondary index that existed in the source table and cannot be created during the restore operation',
    ])
  })

  test('is refused of what is no backup', async () => {
    const { restore } = await scene()
    const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Orders/backup/01700000000000-0123abcd'
    const refused = (BackupArn: string) => refusal(restore({ BackupArn, TargetTableName: 'Restored' }))
    expect(await refused(arn)).toEqual(['BackupNotFoundException', `Backup not found: ${arn}`])
    expect(await refused(arn.replace('000000000000', '111111111111'))).toEqual([
      'AccessDeniedException',
      'Access is denied',
    ])
    expect(await refused(arn.replace('-0123abcd', '-x'))).toEqual([
      'ValidationException',
      'Invalid Request: BackupArn is not valid',
    ])
  })
})
