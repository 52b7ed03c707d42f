/** Tables restored in another region than that of their backup or history. */
import {
  CreateBackupCommand,
  CreateTableCommand,
  DescribeBackupCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  RestoreTableFromBackupCommand,
  type RestoreTableFromBackupCommandInput,
  RestoreTableToPointInTimeCommand,
  type RestoreTableToPointInTimeCommandInput,
  ScanCommand,
  UpdateContinuousBackupsCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { refusal } from '../conformance/region.ts'

const [here, there] = ['us-east-1', 'eu-west-1']
const TableName = 'Orders'
const table = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}
const SourceTableArn = `arn:aws:dynamodb:${here}:000000000000:table/${TableName}`
const SSESpecificationOverride = { Enabled: false }
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene() {
  const cluster = await createCluster({ regions: [here, there], clock: 'manual', seed: 9 })
  open.push(cluster)
  const [source, target] = [here, there].map(
    (region) => new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 }),
  ) as [DynamoDBClient, DynamoDBClient]
  await source.send(new CreateTableCommand(table))
  await cluster.settle()
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (let n = 0; n < 300; n++) {
      if (await isSo()) return
      await cluster.advance(100)
    }
    throw new Error('not within half a minute')
  }
  /** Time passes while the other region is asked. */
  const meanwhile = async <Result>(asked: Promise<Result>): Promise<Result> => {
    const over = asked.then(
      () => true,
      () => true,
    )
    const passing = async (): Promise<boolean> => {
      await cluster.advance(100)
      return false
    }
    for (let n = 0; n < 300 && !(await Promise.race([over, passing()])); n++);
    return await asked
  }
  return {
    cluster,
    source,
    target,
    put: (pk: string, v: string) =>
      source.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, v: { S: v } } })),
    backup: async (): Promise<string> => {
      const { BackupDetails } = await source.send(new CreateBackupCommand({ TableName, BackupName: 'one' }))
      const BackupArn = BackupDetails?.BackupArn ?? ''
      await until(async () => {
        const { BackupDescription } = await source.send(new DescribeBackupCommand({ BackupArn }))
        return BackupDescription?.BackupDetails?.BackupStatus === 'AVAILABLE'
      })
      return BackupArn
    },
    keepHistory: () =>
      source.send(
        new UpdateContinuousBackupsCommand({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ),
    fromBackup: (BackupArn: string, input: Partial<RestoreTableFromBackupCommandInput> = {}) =>
      meanwhile(
        target.send(
          new RestoreTableFromBackupCommand({ BackupArn, TargetTableName: 'Copy', SSESpecificationOverride, ...input }),
        ),
      ),
    toMoment: (input: Partial<RestoreTableToPointInTimeCommandInput>) =>
      meanwhile(
        target.send(
          new RestoreTableToPointInTimeCommand({
            SourceTableArn,
            TargetTableName: 'Copy',
            SSESpecificationOverride,
            ...input,
          }),
        ),
      ),
    restored: async () => {
      await until(async () => {
        const { Table } = await target.send(new DescribeTableCommand({ TableName: 'Copy' }))
        return Table?.TableStatus === 'ACTIVE'
      })
      const { Items = [] } = await target.send(new ScanCommand({ TableName: 'Copy' }))
      return Object.fromEntries(Items.map(({ pk, v }) => [pk?.S, v?.S?.slice(0, 12)]))
    },
  }
}

describe('a restore in another region', () => {
  test('takes a backup of the other by its ARN, however large its blobs are', async () => {
    const { put, backup, fromBackup, restored } = await scene()
    await put('a', 'first')
    // Several messages.
    for (let n = 0; n < 3; n++) await put(`large ${n}`, `large ${'x'.repeat(300_000)}`)
    const arn = await backup()
    await put('a', 'later')
    const { TableDescription } = await fromBackup(arn)
    expect(TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      TableArn: `arn:aws:dynamodb:${there}:000000000000:table/Copy`,
      RestoreSummary: { SourceBackupArn: arn, SourceTableArn, RestoreInProgress: true },
    })
    const large = Array.from({ length: 3 }, (_, n) => [`large ${n}`, 'large xxxxxx'])
    expect(await restored()).toEqual({ a: 'first', ...Object.fromEntries(large) })
  })

  test('takes a moment of the other table’s history', async () => {
    const { cluster, put, keepHistory, toMoment, restored } = await scene()
    await put('before', 'the history')
    await keepHistory()
    await put('a', 'first')
    await cluster.advance('10s')
    const RestoreDateTime = cluster.now()
    await cluster.advance('1s')
    await put('a', 'later')
    await put('b', 'later')
    await cluster.advance('5s')
    await toMoment({ RestoreDateTime })
    expect(await restored()).toEqual({ before: 'the history', a: 'first' })
  })

  test('goes on after the line was cut, and after the target was killed', async () => {
    const { cluster, put, backup, fromBackup, restored } = await scene()
    for (let n = 0; n < 3; n++) await put(`large ${n}`, `large ${'x'.repeat(300_000)}`)
    const arn = await backup()
    await fromBackup(arn)
    cluster.link(here, there).cut()
    await cluster.advance('8s')
    cluster.region(there).kill()
    await cluster.region(there).restart()
    cluster.link(here, there).heal()
    expect(Object.keys(await restored())).toHaveLength(3)
  })

  test('is refused as AWS refuses it, and where the other region is down it says so', async () => {
    const { cluster, put, backup, fromBackup, toMoment, keepHistory } = await scene()
    await put('a', 'first')
    const arn = await backup()
    expect(await refusal(fromBackup(arn, { SSESpecificationOverride: undefined }))).toEqual([
      'ValidationException',
      'sseSpecificationOverride must be provided for cross-region restores',
    ])
    const unknown = arn.replace(/.{8}$/, '00000000')
    expect(await refusal(fromBackup(unknown))).toEqual(['BackupNotFoundException', `Backup not found: ${unknown}`])
    expect(await refusal(toMoment({ UseLatestRestorableTime: true }))).toEqual([
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${TableName}'`,
    ])
    await keepHistory()
    expect((await refusal(toMoment({ RestoreDateTime: new Date(0) })))[0]).toBe('InvalidRestoreTimeException')
    cluster.region(here).kill()
    await cluster.advance('30s')
    const [code, message] = await refusal(fromBackup(arn))
    expect(code).toBe('ServiceUnavailableException')
    expect(message).toContain(`What is to be restored lies in ${here}`)
  })
})
