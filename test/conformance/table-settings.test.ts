import { DescribeTableCommand, UpdateTableCommand, type UpdateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../replication/eventually.ts'
import { call } from './raw-request.ts'
import { isLocal, refusal, tableName, type TestRegion, testRegion } from './region.ts'
import { differs } from '../differences/difference.ts'

let region: TestRegion
beforeAll(async () => void (region = await testRegion()))
afterAll(() => region.close())

const described = async (TableName: string) => (await region.client.send(new DescribeTableCommand({ TableName }))).Table
const update = async (TableName: string, more: Partial<UpdateTableCommandInput>) =>
  (await region.client.send(new UpdateTableCommand({ TableName, ...more }))).TableDescription
const active = (table: string) =>
  eventually(`${table} is ACTIVE`, async () => (await described(table))?.TableStatus === 'ACTIVE')
const units = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({ ReadCapacityUnits, WriteCapacityUnits })
const provisioned = { BillingMode: 'PROVISIONED' as const, ProvisionedThroughput: units(10, 10) }

describe('provisioned throughput', () => {
  test('is described as it was while the table is UPDATING', async () => {
    const table = await region.createTable(provisioned)
    const answer = await update(table, { ProvisionedThroughput: units(20, 20) })
    expect(answer).toMatchObject({ TableStatus: 'UPDATING', ProvisionedThroughput: units(10, 10) })
    await active(table)
    expect((await described(table))?.ProvisionedThroughput).toMatchObject(units(20, 20))
  })

  test('counts its decreases of the day, of the table and of an index', async () => {
    const table = await region.createTable({
      ...provisioned,
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-pk',
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
          ProvisionedThroughput: units(10, 10),
        },
      ],
    })
    await update(table, { ProvisionedThroughput: units(9, 9) })
    await active(table)
    await update(table, { ProvisionedThroughput: units(10, 10) })
    await active(table)
    await update(table, { ProvisionedThroughput: units(20, 9) })
    await active(table)
    const toIndex = (n: number) => ({
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-pk', ProvisionedThroughput: units(n, n) } }],
    })
    await update(table, toIndex(4))
    await active(table)
    const found = await described(table)
    expect(found?.ProvisionedThroughput).toMatchObject({ ...units(20, 9), NumberOfDecreasesToday: 2 })
    expect(found?.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput).toMatchObject({
      ...units(4, 4),
      NumberOfDecreasesToday: 1,
    })
  })
})

describe.runIf(isLocal)('encryption', () => {
  const keyOf = async (SSESpecification: { Enabled?: boolean; SSEType?: 'KMS'; KMSMasterKeyId?: string }) => {
    const TableName = await region.createTable({ SSESpecification })
    return (await described(TableName))?.SSEDescription
  }
  const keyArn = /^arn:aws:kms:us-east-1:\d{12}:key\/[0-9a-f-]{36}$/

  test('is by the key of the service when a type alone is given', async () => {
    const found = await keyOf({ SSEType: 'KMS' })
    expect(found).toEqual({ Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: expect.stringMatching(keyArn) })
    expect(await keyOf({ Enabled: true })).toEqual(found)
  })

  test('describes an alias and an id by the ARN of the key', async () => {
    const sse = { Enabled: true, SSEType: 'KMS' as const }
    const byAlias = await keyOf({ ...sse, KMSMasterKeyId: 'alias/mine' })
    expect(byAlias?.KMSMasterKeyArn).toMatch(keyArn)
    expect(byAlias).toEqual(await keyOf({ ...sse, KMSMasterKeyId: 'alias/mine' }))
    expect(byAlias).not.toEqual(await keyOf({ ...sse, KMSMasterKeyId: 'alias/yours' }))
    const id = '11111111-2222-3333-4444-555555555555'
    const byId = await keyOf({ ...sse, KMSMasterKeyId: id })
    expect(byId?.KMSMasterKeyArn).toMatch(new RegExp(`${keyArn.source.slice(0, -'[0-9a-f-]{36}$'.length)}${id}$`))
    const arn = `arn:aws:kms:us-east-1:123456789012:key/${id}`
    expect((await keyOf({ ...sse, KMSMasterKeyId: arn }))?.KMSMasterKeyArn).toBe(arn)
  })
})

describe('GlobalTableSettingsReplicationMode of a table of one region', () => {
  test('may be ENABLED and DISABLED', async () => {
    const table = await region.createTable()
    for (const mode of ['ENABLED', 'DISABLED'] as const) {
      await update(table, { GlobalTableSettingsReplicationMode: mode })
      await active(table)
      expect((await described(table))?.GlobalTableSettingsReplicationMode).toBe(mode)
    }
  })

  test('is not ENABLED_WITH_OVERRIDES', async () => {
    const table = await region.createTable()
    expect(await refusal(update(table, { GlobalTableSettingsReplicationMode: 'ENABLED_WITH_OVERRIDES' }))).toEqual([
      'ValidationException',
      "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and DISABLED settings replication are supported for a Regional Table.",
    ])
  })
})

describe.runIf(isLocal)('what is not acted on', () => {
  const vectors = {
    IndexName: 'near',
    VectorAttribute: { AttributeName: 'v' },
    Projection: { ProjectionType: 'ALL' },
    Dimensions: 2,
    DistanceFunction: 'COSINE',
  }
  const message = async (operation: string, body: object) => {
    const { status, json } = await call(region.endpoint, operation, body)
    return [status, json]
  }
  const refusedAs = (name: string, reason: string) => [
    400,
    {
      __type: 'com.amazon.coral.validate#ValidationException',
      message: `${name} is not supported by this version of Longitude: ${reason}`,
    },
  ]

  test(differs('members-not-here'), async () => {
    const TableName = tableName()
    const table = {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }
    expect(await message('CreateTable', { ...table, VectorIndexes: [vectors] })).toEqual(
      refusedAs('VectorIndexes', 'there are no vector indexes'),
    )
    expect(await refusal(described(TableName))).toMatchObject(['ResourceNotFoundException', expect.anything()])
  })

  test('is refused by UpdateTable, also beside another change', async () => {
    const TableName = await region.createTable()
    const asked = { TableName, DeletionProtectionEnabled: true, VectorIndexUpdates: [{ Create: vectors }] }
    expect(await message('UpdateTable', asked)).toEqual(refusedAs('VectorIndexUpdates', 'there are no vector indexes'))
    expect((await described(TableName))?.DeletionProtectionEnabled).toBe(false)
  })
})
