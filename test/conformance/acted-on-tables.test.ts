/**
 * Every member of CreateTable and UpdateTable is acted on: a request that differs from another in one member alone leaves another table, or
 * is refused. The members are those of the service model, so a member of a newer one has no request here, and fails.
 */
import {
  CreateTableCommand,
  GetResourcePolicyCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  ListTagsOfResourceCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../replication/eventually.ts'
import { changed, type Json, membersOf, placesIn } from './one-member.ts'
import { isLocal, tableName, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
beforeAll(async () => {
  region = await testRegion()
})
afterAll(() => region.close())

const warm = (more: number) => ({ ReadUnitsPerSecond: 15_000 + more, WriteUnitsPerSecond: 5000 + more })
const limits = { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 200 }
const units = { ReadCapacityUnits: 5, WriteCapacityUnits: 6 }
const definitions = [
  { AttributeName: 'pk', AttributeType: 'S' as const },
  { AttributeName: 'sk', AttributeType: 'S' as const },
  { AttributeName: 'g', AttributeType: 'S' as const },
]
const keys = [
  { AttributeName: 'pk', KeyType: 'HASH' as const },
  { AttributeName: 'sk', KeyType: 'RANGE' as const },
]
const Projection = { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['a', 'b'] }
const global = { IndexName: 'global', KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' as const }], Projection }

const statement = { Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'dynamodb:GetItem', Resource: '*' }
const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })

/** A table that has all that goes together. */
const onDemand: Omit<CreateTableCommandInput, 'TableName'> = {
  AttributeDefinitions: definitions,
  KeySchema: keys,
  LocalSecondaryIndexes: [
    {
      IndexName: 'local',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'g', KeyType: 'RANGE' },
      ],
      Projection,
    },
  ],
  GlobalSecondaryIndexes: [{ ...global, OnDemandThroughput: limits, WarmThroughput: warm(0) }],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/key' },
  Tags: [{ Key: 'tag', Value: 'value' }],
  TableClass: 'STANDARD',
  DeletionProtectionEnabled: true,
  WarmThroughput: warm(0),
  OnDemandThroughput: limits,
  ResourcePolicy: policy,
}
const provisioned: Omit<CreateTableCommandInput, 'TableName'> = {
  AttributeDefinitions: definitions,
  KeySchema: keys,
  BillingMode: 'PROVISIONED',
  ProvisionedThroughput: units,
  GlobalSecondaryIndexes: [{ ...global, ProvisionedThroughput: units }],
}

type Update = Omit<UpdateTableCommandInput, 'TableName'>
const plain = { AttributeDefinitions: definitions.slice(0, 2), KeySchema: keys }
const changes: readonly (readonly [Omit<CreateTableCommandInput, 'TableName'>, Update])[] = [
  [
    { ...plain, BillingMode: 'PAY_PER_REQUEST' },
    { BillingMode: 'PROVISIONED', ProvisionedThroughput: units },
  ],
  [
    { ...plain, BillingMode: 'PAY_PER_REQUEST' },
    {
      AttributeDefinitions: definitions.slice(2),
      GlobalSecondaryIndexUpdates: [{ Create: { ...global, OnDemandThroughput: limits, WarmThroughput: warm(0) } }],
    },
  ],
  [
    { ...plain, BillingMode: 'PROVISIONED', ProvisionedThroughput: units },
    {
      AttributeDefinitions: definitions.slice(2),
      GlobalSecondaryIndexUpdates: [{ Create: { ...global, ProvisionedThroughput: units } }],
    },
  ],
  [
    onDemand,
    {
      GlobalSecondaryIndexUpdates: [
        { Update: { IndexName: 'global', OnDemandThroughput: { MaxReadRequestUnits: 50, MaxWriteRequestUnits: 60 } } },
      ],
    },
  ],
  [onDemand, { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'global', WarmThroughput: warm(10) } }] }],
  [
    provisioned,
    {
      GlobalSecondaryIndexUpdates: [
        { Update: { IndexName: 'global', ProvisionedThroughput: { ReadCapacityUnits: 8, WriteCapacityUnits: 9 } } },
      ],
    },
  ],
  [onDemand, { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'global' } }] }],
  [
    { ...plain, BillingMode: 'PAY_PER_REQUEST' },
    { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } },
  ],
  [
    { ...plain, BillingMode: 'PAY_PER_REQUEST' },
    { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: 'alias/key' } },
  ],
  [onDemand, { TableClass: 'STANDARD_INFREQUENT_ACCESS' }],
  [onDemand, { DeletionProtectionEnabled: false }],
  [
    { ...plain, BillingMode: 'PAY_PER_REQUEST' },
    { BillingMode: 'PAY_PER_REQUEST', OnDemandThroughput: limits },
  ],
  [{ ...plain, BillingMode: 'PAY_PER_REQUEST' }, { WarmThroughput: warm(0) }],
]

/** Of several regions: test/conformance/global-tables.test.ts. */
const elsewhere = [
  'ReplicaUpdates',
  'MultiRegionConsistency',
  'GlobalTableWitnessUpdates',
  'GlobalTableSettingsReplicationMode',
  'DisassociationProtectionEnabled',
]

/** What is left of the table that a request makes or changes, without what no two tables share; or why the request is refused. */
async function outcome(create: object, update?: object): Promise<string> {
  const TableName = tableName()
  const { client } = region
  const describeTable = async () => (await client.send(new DescribeTableCommand({ TableName }))).Table
  const settled = () => eventually('the table is ACTIVE', async () => (await describeTable())?.TableStatus === 'ACTIVE')
  try {
    await client.send(new CreateTableCommand({ ...(create as CreateTableCommandInput), TableName }))
    await settled()
    if (update !== undefined) {
      await client.send(new UpdateTableCommand({ ...(update as Update), TableName }))
      await settled()
    }
  } catch (error) {
    return String(error)
  }
  const found = await describeTable()
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: found?.TableArn }))
  const Policy = await client.send(new GetResourcePolicyCommand({ ResourceArn: found?.TableArn })).then(
    (reply) => reply.Policy,
    (error: unknown) => (error as Error).name,
  )
  const text = JSON.stringify({ ...found, TableId: '', LatestStreamLabel: '', LatestStreamArn: '', Tags, Policy })
  return text.replaceAll(TableName, 'T').replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '""')
}

/** The outcomes of the requests that nothing was changed in. */
const usual = new Map<object, Promise<string>>()
function usualOutcome(create: object, update?: object): Promise<string> {
  const known = usual.get(update ?? create) ?? outcome(create, update)
  usual.set(update ?? create, known)
  return known
}

describe.runIf(isLocal)('every member of CreateTable', () => {
  const requests = [onDemand, provisioned]
  const cases = requests.flatMap((request) =>
    placesIn('CreateTable', request as Json).map(({ member, path }) => [member, request, path] as const),
  )

  test('is in a request of this test', () => {
    const known = new Set(cases.map(([names]) => names))
    expect(membersOf('CreateTable', ['TableName']).filter((path) => !known.has(path))).toEqual([])
  })

  test('stands in a request that always has the same outcome', async () => {
    for (const request of requests) expect(await outcome(request)).toBe(await usualOutcome(request))
  })

  test.each(cases)('%s is acted on', async (_, request, path) => {
    expect(await outcome(changed(request as Json, path) as object)).not.toBe(await usualOutcome(request))
  })
})

describe.runIf(isLocal)('every member of UpdateTable', () => {
  const cases = changes.flatMap(([create, update]) =>
    placesIn('UpdateTable', update as Json).map(({ member, path }) => [member, create, update, path] as const),
  )

  test('is in a request of this test', () => {
    const known = new Set(cases.map(([names]) => names))
    expect(membersOf('UpdateTable', ['TableName', ...elsewhere]).filter((path) => !known.has(path))).toEqual([])
  })

  test.each(cases)('%s is acted on', async (_, create, update, path) => {
    const before = await usualOutcome(create, update)
    expect(before).toMatch(/^\{/)
    expect(await outcome(create, changed(update as Json, path) as object)).not.toBe(before)
  })
})
