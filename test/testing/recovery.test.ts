/** Point-in-time recovery as an application sees it, in the time of a cluster. */
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteBackupCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  type RestoreTableToPointInTimeCommandInput,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { refusal } from '../conformance/region.ts'

const tableOf = (TableName: string) => ({
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'user', AttributeType: 'S' as const },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byUser',
      KeySchema: [{ AttributeName: 'user', KeyType: 'HASH' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST' as const,
})
const [orders, stock] = ['Orders', 'Stock']
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene(options: Partial<ClusterOptions> = {}) {
  const tables = [tableOf(orders), tableOf(stock)]
  const cluster = await createCluster({ regions: ['us-east-1'], clock: 'manual', seed: 3, tables, ...options })
  open.push(cluster)
  const client = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 1 })
  const item = (pk: string, v: string, user: string): Record<string, AttributeValue> => ({
    pk: { S: pk },
    v: { S: v },
    user: { S: user },
  })
  const described = async (TableName: string) =>
    (await client.send(new DescribeContinuousBackupsCommand({ TableName }))).ContinuousBackupsDescription
  const statusOf = async (TableName: string) =>
    (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus
  return {
    cluster,
    client,
    described,
    enable: async (TableName: string, RecoveryPeriodInDays?: number) => {
      const days = RecoveryPeriodInDays === undefined ? {} : { RecoveryPeriodInDays }
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, ...days }
      await client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }))
    },
    disable: (TableName: string, more: { readonly RecoveryPeriodInDays?: number } = {}) =>
      client.send(
        new UpdateContinuousBackupsCommand({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false, ...more },
        }),
      ),
    put: (TableName: string, pk: string, v: string, user = 'ada') =>
      client.send(new PutItemCommand({ TableName, Item: item(pk, v, user) })),
    remove: (TableName: string, pk: string) =>
      client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } })),
    putBoth: (pk: string, v: string) =>
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [orders, stock].map((TableName) => ({ Put: { TableName, Item: item(pk, v, 'ada') } })),
        }),
      ),
    ask: (input: RestoreTableToPointInTimeCommandInput) => client.send(new RestoreTableToPointInTimeCommand(input)),
    active: async (name: string) => {
      for (let n = 0; n < 300; n++) {
        if ((await statusOf(name)) === 'ACTIVE') return
        await cluster.advance(100)
      }
      throw new Error(`${name} is not active within half a minute`)
    },
    items: async (TableName: string, IndexName?: string): Promise<Readonly<Record<string, string>>> => {
      const index = IndexName === undefined ? {} : { IndexName }
      const { Items = [] } = await client.send(new ScanCommand({ TableName, ...index }))
      return Object.fromEntries(Items.map(({ pk, v }) => [pk?.S ?? '', v?.S ?? '']))
    },
  }
}

describe('point-in-time recovery', () => {
  test('restores a table to any second of its window, with its index', async () => {
    const { cluster, put, remove, enable, ask, active, items } = await scene()
    await put(orders, 'a', 'before')
    await put(orders, 'b', 'before')
    await enable(orders)
    await cluster.advance('10s')
    await put(orders, 'a', 'first')
    await cluster.advance('10s')
    const then = cluster.now()
    await cluster.advance('10s')
    await Promise.all([remove(orders, 'a'), remove(orders, 'b'), put(orders, 'c', 'later')])
    await cluster.advance('6m')
    await ask({ SourceTableName: orders, TargetTableName: 'Then', RestoreDateTime: then })
    await active('Then')
    expect(await items('Then')).toEqual({ a: 'first', b: 'before' })
    expect(await items('Then', 'byUser')).toEqual({ a: 'first', b: 'before' })
    await ask({ SourceTableName: orders, TargetTableName: 'Latest', UseLatestRestorableTime: true })
    await active('Latest')
    expect(await items('Latest')).toEqual({ c: 'later' })
  })

  test('restores the moment of enabling right after it', async () => {
    const { put, enable, ask, active, items } = await scene()
    await put(orders, 'a', 'before')
    await enable(orders)
    await put(orders, 'a', 'after')
    await ask({ SourceTableName: orders, TargetTableName: 'Restored', UseLatestRestorableTime: true })
    await active('Restored')
    expect(await items('Restored')).toEqual({ a: 'before' })
  })

  test('restores several tables to one second with whole transactions, also after a crash', async () => {
    const { cluster, putBoth, enable, ask, active, items } = await scene()
    await enable(orders)
    await enable(stock)
    await cluster.advance('1s')
    const written: Promise<unknown>[] = []
    for (let n = 0; n < 40; n++) {
      written.push(putBoth(`pk${n % 7}`, String(n)))
      if (n === 20) {
        await Promise.all(written)
        cluster.region('us-east-1').kill()
        await cluster.region('us-east-1').restart()
      }
      await cluster.advance(170)
    }
    await Promise.all(written)
    const endMs = cluster.now().getTime()
    await cluster.advance('6m')
    for (const ms of [endMs - 6000, endMs - 3000]) {
      const RestoreDateTime = new Date(Math.floor(ms / 1000) * 1000)
      const targets = [orders, stock].map((name) => `${name}-${ms}`)
      for (const [n, SourceTableName] of [orders, stock].entries())
        await ask({ SourceTableName, TargetTableName: targets[n], RestoreDateTime })
      cluster.region('us-east-1').kill()
      await cluster.region('us-east-1').restart()
      for (const target of targets) await active(target)
      const [first, second] = await Promise.all(targets.map((target) => items(target)))
      expect(Object.keys(first ?? {}).length).toBeGreaterThan(0)
      expect(first).toEqual(second)
    }
  })

  test('is described with its window, which its period and its enabling bound', async () => {
    const { cluster, described, enable, disable } = await scene({ timing: 'aws' })
    // A table has no backups for a while after its creation.
    await cluster.advance('1m')
    expect(await described(orders)).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    })
    const enabledMs = cluster.now().getTime()
    await enable(orders)
    const at = (ms: number) => new Date(Math.floor(ms))
    const enabled = {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: 35,
      EarliestRestorableDateTime: at(enabledMs),
      LatestRestorableDateTime: at(enabledMs),
    }
    expect((await described(orders))?.PointInTimeRecoveryDescription).toEqual(enabled)
    await cluster.advance('10m')
    await enable(orders, 2)
    expect((await described(orders))?.PointInTimeRecoveryDescription).toEqual({
      ...enabled,
      RecoveryPeriodInDays: 2,
      LatestRestorableDateTime: at(enabledMs + 300_000),
    })
    expect(await refusal(disable(orders, { RecoveryPeriodInDays: 3 }))).toEqual([
      'ValidationException',
      'Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.',
    ])
    await disable(orders)
    await enable(orders)
    expect((await described(orders))?.PointInTimeRecoveryDescription).toMatchObject({
      RecoveryPeriodInDays: 35,
      EarliestRestorableDateTime: at(enabledMs + 600_000),
    })
    expect((await refusal(described('None')))[0]).toBe('TableNotFoundException')
  })

  test('reaches to the moment that has just passed, where nothing is to take time', async () => {
    const { cluster, put, enable, ask, active, items } = await scene()
    await enable(orders)
    await put(orders, 'a', 'before')
    await cluster.advance('2s')
    const RestoreDateTime = cluster.now()
    await cluster.advance('2s')
    await put(orders, 'a', 'after')
    await ask({ SourceTableName: orders, TargetTableName: 'Then', RestoreDateTime })
    await active('Then')
    expect(await items('Then')).toEqual({ a: 'before' })
  })

  test('refuses what is no moment of it, in the order of AWS', async () => {
    const { client, cluster, enable, ask } = await scene()
    const shape = [
      'ValidationException',
      'Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both',
    ]
    const of = { SourceTableName: orders, TargetTableName: stock }
    const RestoreDateTime = cluster.now()
    expect(await refusal(ask(of))).toEqual(shape)
    expect(await refusal(ask({ ...of, RestoreDateTime, UseLatestRestorableTime: true }))).toEqual(shape)
    const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Orders'
    expect((await refusal(ask({ ...of, SourceTableArn: arn, RestoreDateTime })))[0]).toBe('ValidationException')
    expect((await refusal(ask({ ...of, RestoreDateTime })))[0]).toBe('PointInTimeRecoveryUnavailableException')
    await enable(orders)
    await cluster.advance('10s')
    const [name, message] = await refusal(ask({ ...of, RestoreDateTime: new Date(RestoreDateTime.getTime() - 2000) }))
    expect(name).toBe('InvalidRestoreTimeException')
    expect(message).toContain(RestoreDateTime.toISOString())
    expect((await refusal(ask({ ...of, RestoreDateTime: cluster.now() })))[0]).toBe('InvalidRestoreTimeException')
    expect((await refusal(ask({ ...of, UseLatestRestorableTime: true })))[0]).toBe('TableAlreadyExistsException')
    await ask({ SourceTableArn: arn, TargetTableName: 'Restored', UseLatestRestorableTime: true })
    await client.send(new CreateTableCommand(tableOf('Other')))
  })

  test('leaves a backup of a table that is deleted, unless it is turned off meanwhile', async () => {
    const { client, cluster, put, enable, disable, active, items } = await scene({ timing: 'aws' })
    await cluster.advance('1m')
    for (const name of [orders, stock]) {
      await put(name, 'a', 'last')
      await enable(name)
      await client.send(new DeleteTableCommand({ TableName: name }))
    }
    await disable(stock)
    await cluster.advance('20s')
    const { BackupSummaries: own } = await client.send(new ListBackupsCommand({}))
    const { BackupSummaries: all = [] } = await client.send(new ListBackupsCommand({ BackupType: 'ALL' }))
    expect(own).toEqual([])
    expect(all).toMatchObject([
      { BackupName: 'Orders$DeletedTableBackup', BackupType: 'SYSTEM', BackupStatus: 'AVAILABLE' },
    ])
    const { BackupArn = '' } = all[0] ?? {}
    expect(BackupArn).toMatch(/-00000000$/)
    expect((await refusal(client.send(new DeleteBackupCommand({ BackupArn }))))[1]).toContain(
      'User is not allowed to delete the system backup with arn',
    )
    await client.send(new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: 'Restored' }))
    await active('Restored')
    expect(await items('Restored')).toEqual({ a: 'last' })
  })
})
