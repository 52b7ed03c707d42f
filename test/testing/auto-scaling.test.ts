/** Application Auto Scaling at the endpoint of a region, by raw requests, on virtual time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { jsonService } from './json-service.ts'

const home = 'us-east-1'
let cluster: Cluster

const throughput = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
})

beforeAll(async () => {
  cluster = await createCluster({ regions: [home], clock: 'manual', seed: 1 })
})
beforeEach(async () => {
  await cluster.reset()
  // Minutes end within an advance by minutes, not with it.
  await cluster.advance('5s')
  await dynamodb().served('CreateTable', {
    TableName: 'Orders',
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'who', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: throughput(5, 5),
    GlobalSecondaryIndexes: [
      {
        IndexName: 'ByWho',
        KeySchema: [{ AttributeName: 'who', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
        ProvisionedThroughput: throughput(5, 5),
      },
    ],
  })
})
afterAll(async () => await cluster.close())

const dynamodb = (region = home) => jsonService(cluster, 'dynamodb', region)
const scaling = (region = home) => jsonService(cluster, 'autoscaling', region)
const monitoring = (region = home) => jsonService(cluster, 'monitoring', region)

const writes = {
  ServiceNamespace: 'dynamodb',
  ResourceId: 'table/Orders',
  ScalableDimension: 'dynamodb:table:WriteCapacityUnits',
}
const policy = (more: object = {}) => ({
  PolicyName: 'writes',
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingScalingPolicyConfiguration: {
    TargetValue: 50,
    PredefinedMetricSpecification: { PredefinedMetricType: 'DynamoDBWriteCapacityUtilization' },
    ...more,
  },
})

async function scaleWrites(more: object = {}, bounds = { MinCapacity: 5, MaxCapacity: 40 }): Promise<void> {
  await scaling().served('RegisterScalableTarget', { ...writes, ...bounds })
  await scaling().served('PutScalingPolicy', { ...writes, ...policy(more) })
}

async function provisioned(region = home, TableName = 'Orders') {
  const { Table } = await dynamodb(region).served('DescribeTable', { TableName })
  const { ReadCapacityUnits: read, WriteCapacityUnits: write } = Table.ProvisionedThroughput
  return { read, write }
}

/** So many units in one minute, and then the minute is over. */
async function minute(units: number, { region = home, TableName = 'Orders' } = {}): Promise<void> {
  for (let left = units; left > 0; left -= 390) {
    const size = Math.min(390, left) * 1024 - 40
    const Item = { id: { S: `of ${size}` }, data: { S: 'x'.repeat(size) } }
    await dynamodb(region).served('PutItem', { TableName, Item })
  }
  await cluster.advance('1m')
}

const minutes = async (count: number, units: number): Promise<void> => {
  for (let n = 0; n < count; n++) await minute(units)
}

const activities = async () => {
  const { ScalingActivities } = await scaling().served('DescribeScalingActivities', { ServiceNamespace: 'dynamodb' })
  return ScalingActivities as { Description: string; Cause: string; StatusCode: string; StatusMessage: string }[]
}

describe('auto scaling', () => {
  test('follows a load up and down', async () => {
    await scaleWrites()
    const { MetricAlarms } = await monitoring().served('DescribeAlarms', {
      AlarmNamePrefix: 'TargetTracking-table/Orders',
    })
    const thresholds = MetricAlarms.map((alarm: Record<string, unknown>) => [
      String(alarm['AlarmName']).replace(/-[0-9a-f]{8}-.*$/, ''),
      alarm['Threshold'],
      alarm['EvaluationPeriods'],
    ])
    expect(thresholds).toEqual([
      ['TargetTracking-table/Orders-AlarmHigh', 150, 2],
      ['TargetTracking-table/Orders-AlarmLow', 90, 15],
      ['TargetTracking-table/Orders-ProvisionedCapacityHigh', 5, 2],
      ['TargetTracking-table/Orders-ProvisionedCapacityLow', 5, 3],
    ])
    await minutes(2, 360)
    // 6 units a second, at half of what is provisioned.
    expect(await provisioned()).toEqual({ read: 5, write: 12 })
    await minutes(2, 900)
    expect(await provisioned()).toEqual({ read: 5, write: 30 })
    await minutes(2, 3000)
    expect(await provisioned()).toEqual({ read: 5, write: 40 })
    await minutes(14, 290)
    expect(await provisioned()).toEqual({ read: 5, write: 40 })
    await minute(290)
    expect(await provisioned()).toEqual({ read: 5, write: 10 })
    await minutes(15, 0)
    expect(await provisioned()).toEqual({ read: 5, write: 5 })
    expect((await activities()).map(({ Description, StatusCode }) => [Description, StatusCode])).toEqual([
      ['Setting write capacity units to 5.', 'Successful'],
      ['Setting write capacity units to 10.', 'Successful'],
      ['Setting write capacity units to 40.', 'Successful'],
      ['Setting write capacity units to 30.', 'Successful'],
      ['Setting write capacity units to 12.', 'Successful'],
    ])
    expect((await activities())[4]).toMatchObject({
      Cause: expect.stringMatching(
        /^monitor alarm TargetTracking-table\/Orders-AlarmHigh-.* in state ALARM triggered policy writes$/,
      ),
      StatusMessage: 'Successfully set write capacity units to 12. Change successfully fulfilled by dynamodb.',
    })
  })

  test('lowers a table four times a day, then once an hour', async () => {
    await scaleWrites({}, { MinCapacity: 1, MaxCapacity: 100 })
    const set = async (WriteCapacityUnits: number) =>
      await dynamodb().served('UpdateTable', {
        TableName: 'Orders',
        ProvisionedThroughput: throughput(5, WriteCapacityUnits),
      })
    await minutes(16, 0)
    expect(await provisioned()).toEqual({ read: 5, write: 1 })
    for (let n = 0; n < 3; n++) {
      await set(10)
      await minutes(1, 0)
      expect(await provisioned()).toEqual({ read: 5, write: 1 })
    }
    await set(10)
    await minutes(3, 0)
    expect(await provisioned()).toEqual({ read: 5, write: 10 })
    const [last, before] = await activities()
    expect(last?.StatusMessage).toMatch(/^Failed to set write capacity units to 1\. Reason: Subscriber limit exceeded/)
    expect(before?.StatusCode).toBe('Successful')
    await cluster.advance('1h')
    expect(await provisioned()).toEqual({ read: 5, write: 1 })
  })

  test('scales an index, and survives a restart', async () => {
    const index = {
      ServiceNamespace: 'dynamodb',
      ResourceId: 'table/Orders/index/ByWho',
      ScalableDimension: 'dynamodb:index:ReadCapacityUnits',
    }
    await scaling().served('RegisterScalableTarget', { ...index, MinCapacity: 2, MaxCapacity: 20 })
    const predefined = { PredefinedMetricType: 'DynamoDBReadCapacityUtilization' }
    await scaling().served('PutScalingPolicy', {
      ...index,
      ...policy({ PredefinedMetricSpecification: predefined, DisableScaleIn: true }),
    })
    const region = cluster.region(home)
    region.kill()
    await region.restart()
    const who = { S: 'w'.repeat(2000) }
    for (let n = 0; n < 20; n++)
      await dynamodb().served('PutItem', { TableName: 'Orders', Item: { id: { S: `${n}` }, who } })
    const query = async () =>
      await dynamodb().served('Query', {
        TableName: 'Orders',
        IndexName: 'ByWho',
        KeyConditionExpression: 'who = :w',
        ExpressionAttributeValues: { ':w': who },
      })
    for (let n = 0; n < 2; n++) {
      for (let k = 0; k < 40; k++) await query()
      await cluster.advance('1m')
    }
    const { Table } = await dynamodb().served('DescribeTable', { TableName: 'Orders' })
    // 200 units a minute at half of what is provisioned.
    expect(Table.GlobalSecondaryIndexes[0].ProvisionedThroughput).toMatchObject(throughput(7, 5))
    await minutes(17, 0)
    const after = await dynamodb().served('DescribeTable', { TableName: 'Orders' })
    expect(after['Table'].GlobalSecondaryIndexes[0].ProvisionedThroughput).toMatchObject(throughput(7, 5))
  })

  test('does what is scheduled', async () => {
    await scaling().served('RegisterScalableTarget', { ...writes, MinCapacity: 5, MaxCapacity: 10 })
    const schedule = async (ScheduledActionName: string, Schedule: string, ScalableTargetAction: object) =>
      await scaling().served('PutScheduledAction', { ...writes, ScheduledActionName, Schedule, ScalableTargetAction })
    await schedule('morning', 'cron(10 0 * * ? *)', { MinCapacity: 20, MaxCapacity: 50 })
    await schedule('once', 'at(2026-01-01T00:20:00)', { MinCapacity: 1, MaxCapacity: 3 })
    await cluster.advance('9m')
    expect(await provisioned()).toMatchObject({ write: 5 })
    await cluster.advance('1m')
    expect(await provisioned()).toMatchObject({ write: 20 })
    expect((await activities()).map(({ Description, Cause }) => [Description, Cause])).toEqual([
      ['Setting write capacity units to 20.', 'scheduled action name morning was triggered'],
      ['Setting max capacity to 50 and min capacity to 20', 'scheduled action name morning was triggered'],
    ])
    const region = cluster.region(home)
    region.kill()
    await region.restart()
    await cluster.advance('11m')
    expect(await provisioned()).toMatchObject({ write: 3 })
    const { ScheduledActions } = await scaling().served('DescribeScheduledActions', { ServiceNamespace: 'dynamodb' })
    expect(ScheduledActions).toMatchObject([{ ScheduledActionName: 'morning' }, { ScheduledActionName: 'once' }])
    await scaling().served('DeleteScheduledAction', { ...writes, ScheduledActionName: 'once' })
    expect(await scaling().ask('DeleteScheduledAction', { ...writes, ScheduledActionName: 'once' })).toMatchObject({
      status: 400,
      body: { __type: expect.stringMatching(/ObjectNotFoundException$/) },
    })
  })
})

test('a table that is on demand for a while is left alone, and its alarms with it', async () => {
  await scaleWrites()
  const thresholds = async () =>
    (await monitoring().served('DescribeAlarms', {}))['MetricAlarms'].map(
      (alarm: { Threshold: number }) => alarm.Threshold,
    )
  const before = await thresholds()
  await dynamodb().served('UpdateTable', { TableName: 'Orders', BillingMode: 'PAY_PER_REQUEST' })
  await minutes(3, 360)
  expect([await thresholds(), await activities()]).toEqual([before, []])
  await dynamodb().served('UpdateTable', {
    TableName: 'Orders',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: throughput(5, 5),
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'ByWho', ProvisionedThroughput: throughput(6, 6) } }],
  })
  await minutes(2, 360)
  expect(await provisioned()).toEqual({ read: 5, write: 12 })
})

describe('a scalable target', () => {
  test('brings capacity within its bounds once, and leaves it alone then', async () => {
    await scaling().served('RegisterScalableTarget', { ...writes, MinCapacity: 8, MaxCapacity: 9 })
    await cluster.advance('1m')
    expect(await provisioned()).toEqual({ read: 5, write: 8 })
    expect((await activities())[0]).toMatchObject({ Cause: 'minimum capacity was set to 8' })
    await dynamodb().served('UpdateTable', { TableName: 'Orders', ProvisionedThroughput: throughput(5, 3) })
    await cluster.advance('20m')
    expect(await provisioned()).toEqual({ read: 5, write: 3 })
  })

  test('is described, changed and tagged, and takes its policy and alarms with it', async () => {
    await scaling().served('RegisterScalableTarget', { ...writes, MinCapacity: 5, MaxCapacity: 9, Tags: { team: 'a' } })
    await scaling().served('PutScalingPolicy', { ...writes, ...policy({ ScaleInCooldown: 60 }) })
    const suspended = { DynamicScalingInSuspended: true }
    await scaling().served('RegisterScalableTarget', { ...writes, MaxCapacity: 19, SuspendedState: suspended })
    const { ScalableTargets } = await scaling().served('DescribeScalableTargets', {
      ServiceNamespace: 'dynamodb',
      ResourceIds: ['table/Orders'],
    })
    expect(ScalableTargets).toMatchObject([
      {
        ...writes,
        MinCapacity: 5,
        MaxCapacity: 19,
        SuspendedState: { ...suspended, ScheduledScalingSuspended: false },
      },
    ])
    const ResourceARN = ScalableTargets[0].ScalableTargetARN
    await scaling().served('TagResource', { ResourceARN, Tags: { cost: '1' } })
    await scaling().served('UntagResource', { ResourceARN, TagKeys: ['team'] })
    expect(await scaling().served('ListTagsForResource', { ResourceARN })).toEqual({ Tags: { cost: '1' } })
    const { ScalingPolicies } = await scaling().served('DescribeScalingPolicies', { ServiceNamespace: 'dynamodb' })
    expect(ScalingPolicies).toMatchObject([
      { PolicyName: 'writes', PolicyType: 'TargetTrackingScaling', Alarms: [{}, {}, {}, {}] },
    ])
    expect(ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration).toMatchObject({
      TargetValue: 50,
      ScaleInCooldown: 60,
    })
    await scaling().served('DeregisterScalableTarget', writes)
    for (const list of ['DescribeScalableTargets', 'DescribeScalingPolicies'])
      expect(Object.values(await scaling().served(list, { ServiceNamespace: 'dynamodb' }))).toEqual([[]])
    expect((await monitoring().served('DescribeAlarms', {}))['MetricAlarms']).toEqual([])
    expect((await scaling().ask('ListTagsForResource', { ResourceARN })).body['__type']).toMatch(
      /ResourceNotFoundException$/,
    )
  })

  const unsupported = 'Unsupported service namespace, resource type or scalable dimension'
  const named =
    'service namespace: dynamodb, resource ID: table/Orders, scalable dimension: dynamodb:table:WriteCapacityUnits'
  const bounds = { MinCapacity: 1, MaxCapacity: 2 }
  test.each([
    ['RegisterScalableTarget', { ...bounds, ResourceId: 'dynamo/Orders' }, unsupported],
    ['RegisterScalableTarget', { ...bounds, ScalableDimension: 'dynamodb:index:ReadCapacityUnits' }, unsupported],
    ['RegisterScalableTarget', { ...bounds, ServiceNamespace: 'ecs' }, unsupported],
    ['RegisterScalableTarget', { ...bounds, ResourceId: 'table/None' }, 'DynamoDB table does not exist: table/None'],
    ['RegisterScalableTarget', { MinCapacity: 3, MaxCapacity: 2 }, 'Maximum capacity cannot be less than minimum'],
    ['RegisterScalableTarget', { MinCapacity: 3 }, 'MinCapacity and MaxCapacity are required'],
    ['DeregisterScalableTarget', {}, `No scalable target found for ${named}`],
    ['PutScalingPolicy', policy(), `No scalable target registered for ${named}`],
    ['DeleteScalingPolicy', { PolicyName: 'p' }, `No scaling policy found for ${named}`],
    ['GetPredictiveScalingForecast', {}, 'Could not find operation GetPredictiveScalingForecast'],
  ])('%s of %j is refused', async (operation, more, message) => {
    const { status, body } = await scaling().ask(operation, { ...writes, ...more })
    expect([status, body['message']]).toEqual([400, expect.stringContaining(message)])
  })

  const stepping = { PolicyType: 'StepScaling', TargetTrackingScalingPolicyConfiguration: undefined }
  test.each([
    [{ PolicyName: 'another' }, 'Only one TargetTrackingScaling policy for a given metric specification is allowed.'],
    [stepping, 'only TargetTrackingScaling is supported'],
    [policy({ TargetValue: 95 }), 'Target value must be between 20 and 90'],
    [
      policy({ PredefinedMetricSpecification: { PredefinedMetricType: 'DynamoDBReadCapacityUtilization' } }),
      'not valid',
    ],
  ])('takes no policy %j', async (more, message) => {
    await scaleWrites()
    const { status, body } = await scaling().ask('PutScalingPolicy', { ...writes, ...policy(), ...more })
    expect([status, body['message']]).toEqual([400, expect.stringContaining(message)])
  })
})
