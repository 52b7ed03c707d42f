/** First apply, apply without a change, change and destroy, as tools that deploy send them (tools.ts). */
import {
  CreateGlobalTableCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  GetItemCommand,
  ListContributorInsightsCommand,
  ListTablesCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLocal, refusal, tableName } from './region.ts'
import { testRegions, type TestRegions } from './regions.ts'
import { type Read, Tool } from './tools.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
let world: TestRegions
beforeAll(async () => void (world = await testRegions([us, eu])))
afterAll(() => world.close())

const key = {
  AttributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' as const },
    { AttributeName: 'color', AttributeType: 'S' as const },
  ],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
}
const index = (IndexName: string) => ({
  IndexName,
  KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
})
const units = (n: number) => ({ ReadCapacityUnits: n, WriteCapacityUnits: n })
const onDemand = { ...key, BillingMode: 'PAY_PER_REQUEST' as const, GlobalSecondaryIndexes: [index('by-color')] }

async function made(input: Omit<CreateTableCommandInput, 'TableName'>, region: string = us): Promise<Tool> {
  const { client } = world.at(region)
  const TableName = tableName()
  await client.send(new CreateTableCommand({ ...input, TableName }))
  const tool = new Tool(client, TableName)
  await tool.active()
  return tool
}

/** Reads again what was read, so that a second apply finds nothing to change. */
async function settled(tool: Tool): Promise<Read> {
  const first = await tool.read()
  expect(await tool.read()).toEqual(first)
  return first
}

const backupsOff = {
  ContinuousBackupsStatus: 'ENABLED',
  PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
}

describe.runIf(isLocal)('Terraform', () => {
  test('applies a table, finds nothing to change, changes all that it can, and destroys it', async () => {
    const tool = await made({
      ...onDemand,
      DeletionProtectionEnabled: true,
      SSESpecification: { Enabled: true },
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      TableClass: 'STANDARD',
      Tags: [{ Key: 'team', Value: 'blue' }],
    })
    await tool.expire(true, 'expires')
    const first = await settled(tool)
    expect(first).toMatchObject({
      tags: { team: 'blue' },
      timeToLive: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' },
      backups: backupsOff,
      table: { DeletionProtectionEnabled: true, StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } },
    })

    await tool.update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-color' } }] })
    await tool.update({ TableClass: 'STANDARD_INFREQUENT_ACCESS' })
    await tool.update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(2) })
    await tool.update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(3) })
    await tool.update({ StreamSpecification: { StreamEnabled: false } })
    await tool.update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } })
    const created = { ...index('again'), ProvisionedThroughput: units(2) }
    await tool.update({
      AttributeDefinitions: key.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create: created }],
    })
    await tool.update({ SSESpecification: { Enabled: false } })
    await tool.expire(false, 'expires')
    await tool.retag({ team: 'red', stage: 'test' })
    const second = await settled(tool)
    expect(second).toMatchObject({
      tags: { team: 'red', stage: 'test' },
      timeToLive: { TimeToLiveStatus: 'DISABLED' },
      table: {
        BillingModeSummary: { BillingMode: 'PROVISIONED' },
        ProvisionedThroughput: units(3),
        TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
        StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
        GlobalSecondaryIndexes: [{ IndexName: 'again', ProvisionedThroughput: units(2) }],
      },
    })
    expect(second.table.SSEDescription).toBeUndefined()
    expect(second.table.LatestStreamArn).not.toBe(first.table.LatestStreamArn)

    await tool.update({ DeletionProtectionEnabled: false })
    await tool.destroy()
  })

  test('turns a table with indexes to provisioned capacity and back', async () => {
    const tool = await made(onDemand)
    await tool.update({
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: units(5),
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-color', ProvisionedThroughput: units(4) } }],
    })
    const { table } = await settled(tool)
    expect(table.GlobalSecondaryIndexes?.[0]?.ProvisionedThroughput).toMatchObject(units(4))
    await tool.update({ BillingMode: 'PAY_PER_REQUEST' })
    expect((await settled(tool)).table.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST')
    await tool.destroy()
  })

  test('gives a table replicas with the tags of the table, reads each in its region, and takes them away', async () => {
    const tool = await made({ ...onDemand, Tags: [{ Key: 'team', Value: 'blue' }] })
    await tool.replicate(eu)
    const there = new Tool(world.at(eu).client, tool.table)
    await there.active()
    await there.retag(await tool.tags())
    for (const each of [tool, there]) expect(await settled(each)).toMatchObject({ backups: backupsOff })
    expect(await there.tags()).toEqual({ team: 'blue' })
    await tool.unreplicate(eu)
    await tool.destroy()
    expect(await there.describe()).toBeUndefined()
  })

  test('finds a global table of 2017 refused', async () => {
    const asked = new CreateGlobalTableCommand({ GlobalTableName: 'old', ReplicationGroup: [{ RegionName: us }] })
    expect((await refusal(world.at(us).client.send(asked)))[0]).toBe('ValidationException')
  })

  test('makes, reads, changes and removes an item of its own', async () => {
    const tool = await made(onDemand)
    const { client, table: TableName } = tool
    const Key = { id: { S: 'one' } }
    const put = new PutItemCommand({
      TableName,
      Item: { ...Key, n: { N: '1' } },
      ConditionExpression: 'attribute_not_exists(#hk)',
      ExpressionAttributeNames: { '#hk': 'id' },
    })
    await client.send(put)
    expect((await refusal(client.send(put)))[0]).toBe('ConditionalCheckFailedException')
    const get = new GetItemCommand({
      TableName,
      Key,
      ConsistentRead: true,
      ProjectionExpression: '#a_id,#a_n',
      ExpressionAttributeNames: { '#a_id': 'id', '#a_n': 'n' },
    })
    expect((await client.send(get)).Item).toEqual({ ...Key, n: { N: '1' } })
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key,
        AttributeUpdates: { n: { Action: 'PUT', Value: { N: '2' } } },
        ReturnValues: 'NONE',
      }),
    )
    expect((await client.send(get)).Item).toMatchObject({ n: { N: '2' } })
    await client.send(new DeleteItemCommand({ TableName, Key }))
    expect((await client.send(get)).Item).toBeUndefined()
    await tool.destroy()
  })
})

describe.runIf(isLocal)('ACK', () => {
  test('reconciles a table: one change at a time, and everything read before each', async () => {
    const tool = await made({ ...onDemand, Tags: [{ Key: 'owner', Value: 'ack' }] })
    const absent = ['DISABLED', [], 'PolicyNotFoundException']
    await settled(tool)
    expect(await tool.readMore()).toEqual(absent)
    await tool.retag({ owner: 'ack', more: 'yes' })
    await tool.expire(true, 'ttl')
    await tool.update({ SSESpecification: { Enabled: true, SSEType: 'KMS' } })
    await tool.update({
      AttributeDefinitions: key.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create: index('second') }],
    })
    await tool.update({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } })
    await tool.replicate(eu)
    await tool.update({ DeletionProtectionEnabled: true })
    const { table, tags } = await settled(tool)
    expect(await tool.readMore()).toEqual(absent)
    expect(tags).toEqual({ owner: 'ack', more: 'yes' })
    expect(table).toMatchObject({ DeletionProtectionEnabled: true, SSEDescription: { Status: 'ENABLED' } })
    await tool.update({ DeletionProtectionEnabled: false })
    await tool.unreplicate(eu)
    await tool.destroy()
  })
})

describe.runIf(isLocal)('CloudFormation', () => {
  test('makes a table, reads all that its schema has, lists it, and deletes it', async () => {
    const tool = await made({ ...onDemand, Tags: [{ Key: 'aws-like', Value: 'stack' }] })
    await settled(tool)
    expect(await tool.readMore()).toEqual(['DISABLED', [], 'PolicyNotFoundException'])
    const { client, table: TableName } = tool
    const insights = await client.send(new ListContributorInsightsCommand({ TableName }))
    expect(insights.ContributorInsightsSummaries).toEqual([])
    const listed = await client.send(
      new ListTablesCommand({ ExclusiveStartTableName: TableName.slice(0, -1), Limit: 1 }),
    )
    expect(listed.TableNames).toEqual([TableName])
    await tool.destroy()
  })

  test('makes a global table of one region and another, and reads it in both', async () => {
    const tool = await made({
      ...onDemand,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    })
    await tool.replicate(eu)
    const there = new Tool(world.at(eu).client, tool.table)
    await there.active()
    for (const each of [tool, there]) {
      await settled(each)
      expect(await each.readMore()).toEqual(['DISABLED', [], 'PolicyNotFoundException'])
    }
    await tool.unreplicate(eu)
    await tool.destroy()
  })
})
