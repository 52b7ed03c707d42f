import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  ListTablesCommand,
  UpdateTableCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, refusal, tableName, type TestRegion, testRegion } from './region.ts'
import { differs } from '../differences/difference.ts'

let region: TestRegion
beforeAll(async () => void (region = await testRegion()))
afterAll(() => region.close())

const waiting = { maxWaitTime: 60, minDelay: isLocal ? 0.01 : 1, maxDelay: 2 }
const invalid = (message: string) => ['ValidationException', `One or more parameter values were invalid: ${message}`]
const attributes = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }))
const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' as const })
const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' as const })
const all = { ProjectionType: 'ALL' as const }

const create = (input: Partial<CreateTableCommandInput>) =>
  region.client.send(
    new CreateTableCommand({
      TableName: tableName(),
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: attributes('a'),
      KeySchema: [hash('a')],
      ...input,
    }),
  )

describe('a new table', () => {
  test('is described as AWS describes it', async () => {
    const TableName = await region.createTable({
      AttributeDefinitions: attributes('a', 'b'),
      KeySchema: [hash('a'), range('b')],
    })
    const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(Table).toMatchObject({
      TableName,
      TableStatus: 'ACTIVE',
      KeySchema: [hash('a'), range('b')],
      AttributeDefinitions: attributes('a', 'b'),
      ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST', LastUpdateToPayPerRequestDateTime: expect.any(Date) },
      ItemCount: 0,
      TableSizeBytes: 0,
      CreationDateTime: expect.any(Date),
      DeletionProtectionEnabled: false,
      WarmThroughput: { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000, Status: 'ACTIVE' },
    })
    expect(Table?.TableArn).toMatch(new RegExp(`^arn:aws:dynamodb:[a-z0-9-]+:\\d{12}:table/${TableName}$`))
    expect(Table?.TableId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test(differs('states-pass-at-once'), async () => {
    const { TableDescription } = await create({})
    expect(TableDescription).toMatchObject({ TableStatus: 'CREATING', ItemCount: 0 })
  })

  test('is found by its ARN', async () => {
    const TableName = await region.createTable()
    const byName = await region.client.send(new DescribeTableCommand({ TableName }))
    const byArn = await region.client.send(new DescribeTableCommand({ TableName: byName.Table?.TableArn }))
    expect(byArn.Table?.TableId).toBe(byName.Table?.TableId)
  })

  test('with provisioned throughput says nothing of its billing mode', async () => {
    const TableName = await region.createTable({
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
    })
    const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(Table?.BillingModeSummary).toBeUndefined()
    expect(Table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 3, WriteCapacityUnits: 2 })
  })

  test('has its indexes, stream, class and tags', async () => {
    const TableName = await region.createTable({
      AttributeDefinitions: attributes('a', 'b', 'c', 'd'),
      KeySchema: [hash('a'), range('b')],
      LocalSecondaryIndexes: [{ IndexName: 'local', KeySchema: [hash('a'), range('c')], Projection: all }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'global',
          KeySchema: [hash('c'), range('d')],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['e'] },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      TableClass: 'STANDARD_INFREQUENT_ACCESS',
    })
    const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(Table?.LocalSecondaryIndexes).toMatchObject([
      { IndexName: 'local', KeySchema: [hash('a'), range('c')], Projection: all, IndexSizeBytes: 0, ItemCount: 0 },
    ])
    expect(Table?.GlobalSecondaryIndexes).toMatchObject([
      {
        IndexName: 'global',
        IndexStatus: 'ACTIVE',
        IndexArn: `${Table?.TableArn}/index/global`,
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['e'] },
      },
    ])
    expect(Table?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' })
    expect(Table?.LatestStreamArn).toBe(`${Table?.TableArn}/stream/${Table?.LatestStreamLabel}`)
    expect(Table?.LatestStreamLabel).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/)
    expect(Table?.TableClassSummary).toEqual({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
  })

  test('may have an index with several attributes in each part of its key', async () => {
    const key = [hash('b'), hash('c'), range('d'), range('e')]
    const TableName = await region.createTable({
      AttributeDefinitions: attributes('a', 'b', 'c', 'd', 'e'),
      KeySchema: [hash('a')],
      GlobalSecondaryIndexes: [{ IndexName: 'global', KeySchema: key, Projection: all }],
    })
    const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(Table?.GlobalSecondaryIndexes?.[0]?.KeySchema).toEqual(key)
  })
})

describe('CreateTable refuses', () => {
  test('a name that is taken', async () => {
    const TableName = await region.createTable()
    expect(await refusal(create({ TableName }))).toEqual([
      'ResourceInUseException',
      `Table already exists: ${TableName}`,
    ])
  })

  // Seen on AWS: https://github.com/aws-cloudformation/cfn-lint/issues/1037
  test('keys without definitions', async () => {
    expect(await refusal(create({ KeySchema: [hash('a'), range('b')] }))).toEqual([
      'ValidationException',
      'Invalid KeySchema: Some index key attribute have no definition',
    ])
    expect(await refusal(create({ KeySchema: [hash('b')] }))).toEqual(
      invalid(
        'Some index key attributes are not defined in AttributeDefinitions. Keys: [b], AttributeDefinitions: [a]',
      ),
    )
  })

  test('definitions without keys', async () => {
    expect(await refusal(create({ AttributeDefinitions: attributes('a', 'b') }))).toEqual(
      invalid(
        'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
      ),
    )
    expect(
      await refusal(
        create({
          AttributeDefinitions: attributes('a', 'b', 'c'),
          GlobalSecondaryIndexes: [{ IndexName: 'global', KeySchema: [hash('b')], Projection: all }],
        }),
      ),
    ).toEqual(invalid('Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c], keys used: [a, b]'))
  })

  test('key elements out of order', async () => {
    expect(await refusal(create({ KeySchema: [range('a')] }))).toEqual([
      'ValidationException',
      'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
    ])
    const twice = { AttributeDefinitions: attributes('a', 'b'), KeySchema: [hash('a'), hash('b')] }
    expect(await refusal(create(twice))).toEqual([
      'ValidationException',
      'Invalid KeySchema: The second KeySchemaElement is not a RANGE key type',
    ])
  })

  test('throughput that does not go with the billing mode', async () => {
    const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
    expect(await refusal(create({ ProvisionedThroughput }))).toEqual(
      invalid('Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST'),
    )
    expect(await refusal(create({ BillingMode: 'PROVISIONED' }))).toEqual(
      invalid('ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED'),
    )
    expect(
      await refusal(
        create({
          AttributeDefinitions: attributes('a', 'b'),
          GlobalSecondaryIndexes: [
            { IndexName: 'global', KeySchema: [hash('b')], Projection: all, ProvisionedThroughput },
          ],
        }),
      ),
    ).toEqual(
      invalid('ProvisionedThroughput should not be specified for index: global when BillingMode is PAY_PER_REQUEST'),
    )
  })

  test('local indexes that a table cannot have', async () => {
    const index = { IndexName: 'local', KeySchema: [hash('a'), range('b')], Projection: all }
    expect(
      await refusal(create({ AttributeDefinitions: attributes('a', 'b'), LocalSecondaryIndexes: [index] })),
    ).toEqual(
      invalid('Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex'),
    )
    const table = { AttributeDefinitions: attributes('a', 'b', 'c'), KeySchema: [hash('a'), range('b')] }
    const stranger = { IndexName: 'local', KeySchema: [hash('c'), range('b')], Projection: all }
    expect(await refusal(create({ ...table, LocalSecondaryIndexes: [stranger] }))).toEqual(
      invalid(
        'Index KeySchema does not have the same leading hash key as table KeySchema for index: local. index hash key: c, table hash key: a',
      ),
    )
    const bare = { IndexName: 'local', KeySchema: [hash('a')], Projection: all }
    expect(await refusal(create({ ...table, LocalSecondaryIndexes: [bare] }))).toEqual(
      invalid('Index KeySchema does not have a range key for index: local'),
    )
  })

  test('projections that contradict themselves, and names given twice', async () => {
    const table = { AttributeDefinitions: attributes('a', 'b') }
    const withProjection = (Projection: object) => ({
      ...table,
      GlobalSecondaryIndexes: [{ IndexName: 'global', KeySchema: [hash('b')], Projection }],
    })
    expect(await refusal(create(withProjection({})))).toEqual(invalid('Unknown ProjectionType: null'))
    expect(await refusal(create(withProjection({ ProjectionType: 'ALL', NonKeyAttributes: ['x'] })))).toEqual(
      invalid('ProjectionType is ALL, but NonKeyAttributes is specified'),
    )
    expect(await refusal(create(withProjection({ ProjectionType: 'INCLUDE' })))).toEqual(
      invalid('ProjectionType is INCLUDE, but NonKeyAttributes is not specified'),
    )
    const index = { IndexName: 'global', KeySchema: [hash('b')], Projection: all }
    expect(await refusal(create({ ...table, GlobalSecondaryIndexes: [index, index] }))).toEqual(
      invalid('Duplicate index name: global'),
    )
  })
})

describe('ListTables', () => {
  test('pages through names in order', async () => {
    const made = [await region.createTable(), await region.createTable(), await region.createTable()]
    const first = await region.client.send(new ListTablesCommand({ Limit: 1 }))
    expect(first.TableNames).toHaveLength(1)
    expect(first.LastEvaluatedTableName).toBe(first.TableNames?.[0])
    const names: string[] = []
    let start: string | undefined
    do {
      const page = await region.client.send(new ListTablesCommand({ Limit: 2, ExclusiveStartTableName: start }))
      names.push(...(page.TableNames ?? []))
      start = page.LastEvaluatedTableName
    } while (start !== undefined)
    expect(names).toEqual(expect.arrayContaining(made))
    expect(names).toEqual(names.toSorted())
  })
})

describe('DeleteTable', () => {
  test('passes through DELETING', async () => {
    const TableName = await region.createTable()
    const { TableDescription } = await region.client.send(new DeleteTableCommand({ TableName }))
    expect(TableDescription).toMatchObject({ TableName, TableStatus: 'DELETING' })
    await waitUntilTableNotExists({ client: region.client, ...waiting }, { TableName })
    expect(await refusal(region.client.send(new DescribeTableCommand({ TableName })))).toEqual([
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${TableName} not found`,
    ])
  })

  test('refuses a table that is not there', async () => {
    const TableName = tableName()
    expect(await refusal(region.client.send(new DeleteTableCommand({ TableName })))).toEqual([
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${TableName} not found`,
    ])
  })

  test('refuses a table that is protected', async () => {
    const TableName = await region.createTable({ DeletionProtectionEnabled: true })
    expect(await refusal(region.client.send(new DeleteTableCommand({ TableName })))).toEqual([
      'ValidationException',
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
    ])
    await region.client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }))
    await region.client.send(new DeleteTableCommand({ TableName }))
  })

  test('and CreateTable many times at once leave one table, or none', async () => {
    const TableName = await region.createTable()
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => create({ TableName: `${TableName}-2` })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const { TableNames } = await region.client.send(new ListTablesCommand({ ExclusiveStartTableName: TableName }))
    expect(TableNames?.filter((name) => name === `${TableName}-2`)).toHaveLength(1)
  })

  test('leaves the name free for another table', async () => {
    const TableName = await region.createTable()
    const before = await region.client.send(new DescribeTableCommand({ TableName }))
    await region.client.send(new DeleteTableCommand({ TableName }))
    await waitUntilTableNotExists({ client: region.client, ...waiting }, { TableName })
    await region.createTable({ TableName })
    const after = await region.client.send(new DescribeTableCommand({ TableName }))
    expect(after.Table?.TableId).not.toBe(before.Table?.TableId)
  })
})
