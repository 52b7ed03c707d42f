/**
 * What Terraform's AWS provider sends for a provisioned global table with auto scaling and alarms: aws_dynamodb_table, aws_appautoscaling_target and
 * _policy, aws_dynamodb_table_replica, aws_cloudwatch_metric_alarm. Each resource is made, waited for, and read; then everything is destroyed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { jsonService, type Told } from './json-service.ts'

const home = 'us-east-1'
const away = 'eu-west-1'
const account = '000000000000'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ regions: [home, away], clock: 'manual', seed: 1, timing: 'aws' })
})
afterAll(async () => await cluster.close())

const dynamodb = (region = home) => jsonService(cluster, 'dynamodb', region)
const scaling = (region = home) => jsonService(cluster, 'autoscaling', region)
const monitoring = (region = home) => jsonService(cluster, 'monitoring', region)

const table = { TableName: 'orders' }
const arnOf = (region: string) => `arn:aws:dynamodb:${region}:${account}:table/orders`
const tags = [{ Key: 'Environment', Value: 'test' }]
const named = (direction: 'Read' | 'Write') => ({
  ServiceNamespace: 'dynamodb',
  ResourceId: 'table/orders',
  ScalableDimension: `dynamodb:table:${direction}CapacityUnits`,
})
const described = (direction: 'Read' | 'Write') => {
  const { ResourceId, ...rest } = named(direction)
  return { ...rest, ResourceIds: [ResourceId] }
}

/** The provider's waiting: it asks again until it is told what it waits for. */
async function until(ask: () => Promise<Told>, isDone: (told: Told) => boolean): Promise<Told> {
  for (let n = 0; n < 100; n++) {
    const told = await ask()
    if (isDone(told)) return told
    await cluster.advance('10s')
  }
  throw new Error('it never came')
}

const describeTable = async (region = home): Promise<Told> => await dynamodb(region).ask('DescribeTable', table)
const isActive = ({ body }: Told): boolean => body['Table']?.TableStatus === 'ACTIVE'

/** What reading a table or a replica of it asks for. */
async function read(region: string): Promise<Told> {
  const told = await describeTable(region)
  for (const operation of ['DescribeContinuousBackups', 'DescribeTimeToLive'])
    await dynamodb(region).served(operation, table)
  await dynamodb(region).served('ListTagsOfResource', { ResourceArn: arnOf(region) })
  return told
}

async function makeTable(): Promise<void> {
  await dynamodb().served('CreateTable', {
    ...table,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TableClass: 'STANDARD',
    DeletionProtectionEnabled: false,
    Tags: tags,
  })
  await until(() => describeTable(), isActive)
  await read(home)
}

async function makeScaling(direction: 'Read' | 'Write', region: string): Promise<void> {
  const { ScalableTargetARN: ResourceARN } = await scaling(region).served('RegisterScalableTarget', {
    ...named(direction),
    MinCapacity: 5,
    MaxCapacity: 50,
    Tags: { Environment: 'test' },
  })
  const { ScalableTargets } = await scaling(region).served('DescribeScalableTargets', described(direction))
  expect(ScalableTargets).toMatchObject([{ MinCapacity: 5, MaxCapacity: 50, ScalableTargetARN: ResourceARN }])
  expect(await scaling(region).served('ListTagsForResource', { ResourceARN })).toEqual({
    Tags: { Environment: 'test' },
  })
  const PolicyName = `DynamoDB${direction}CapacityUtilization:table/orders`
  await scaling(region).served('PutScalingPolicy', {
    ...named(direction),
    PolicyName,
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      PredefinedMetricSpecification: { PredefinedMetricType: `DynamoDB${direction}CapacityUtilization` },
      TargetValue: 70,
    },
  })
  const { ScalingPolicies } = await scaling(region).served('DescribeScalingPolicies', {
    ...named(direction),
    PolicyNames: [PolicyName],
  })
  expect(ScalingPolicies).toMatchObject([{ PolicyName, Alarms: [{}, {}, {}, {}] }])
}

async function makeReplica(): Promise<void> {
  await read(home)
  await dynamodb().served('UpdateTable', { ...table, ReplicaUpdates: [{ Create: { RegionName: away } }] })
  const told = await until(
    () => describeTable(),
    ({ body }) =>
      isActive({ status: 200, body }) &&
      body['Table'].Replicas?.find((each: { RegionName: string }) => each.RegionName === away)?.ReplicaStatus ===
        'ACTIVE',
  )
  expect(told.body['Table'].GlobalTableVersion).toBe('2019.11.21')
  await until(() => describeTable(away), isActive)
  await dynamodb(away).served('TagResource', { ResourceArn: arnOf(away), Tags: tags })
  await cluster.advance('10s')
  expect((await read(away)).body['Table'].ProvisionedThroughput).toMatchObject({
    ReadCapacityUnits: 5,
    WriteCapacityUnits: 5,
  })
}

const alarm = {
  AlarmName: 'orders-throttled',
  ComparisonOperator: 'GreaterThanThreshold',
  EvaluationPeriods: 2,
  Namespace: 'AWS/DynamoDB',
  MetricName: 'WriteThrottleEvents',
  Dimensions: [{ Name: 'TableName', Value: 'orders' }],
  Period: 60,
  Statistic: 'Sum',
  Threshold: 0,
  ActionsEnabled: true,
  TreatMissingData: 'notBreaching',
  Tags: tags,
}

async function makeAlarm(region: string): Promise<void> {
  await monitoring(region).served('PutMetricAlarm', alarm)
  const { MetricAlarms } = await monitoring(region).served('DescribeAlarms', {
    AlarmNames: [alarm.AlarmName],
    AlarmTypes: ['MetricAlarm'],
  })
  expect(MetricAlarms).toMatchObject([{ AlarmName: alarm.AlarmName, Threshold: 0, TreatMissingData: 'notBreaching' }])
  const { AlarmArn: ResourceARN } = MetricAlarms[0]
  expect(await monitoring(region).served('ListTagsForResource', { ResourceARN })).toEqual({ Tags: tags })
}

async function destroyScaling(direction: 'Read' | 'Write', region: string): Promise<void> {
  const PolicyName = `DynamoDB${direction}CapacityUtilization:table/orders`
  await scaling(region).served('DeleteScalingPolicy', { ...named(direction), PolicyName })
  await scaling(region).served('DeregisterScalableTarget', named(direction))
  const { ScalableTargets } = await scaling(region).served('DescribeScalableTargets', described(direction))
  expect(ScalableTargets).toEqual([])
}

test("a provisioned global table with auto scaling and alarms is made, read and destroyed in Terraform's order", async () => {
  await makeTable()
  await makeScaling('Write', home)
  await makeScaling('Read', home)
  await makeReplica()
  await makeScaling('Write', away)
  await makeScaling('Read', away)
  for (const region of [home, away]) await makeAlarm(region)
  // A plan that finds nothing to change reads everything again.
  for (const region of [home, away]) expect(isActive(await read(region))).toBe(true)

  for (const region of [home, away]) {
    await monitoring(region).served('DeleteAlarms', { AlarmNames: [alarm.AlarmName] })
    for (const direction of ['Read', 'Write'] as const) await destroyScaling(direction, region)
    expect((await monitoring(region).served('DescribeAlarms', {}))['MetricAlarms']).toEqual([])
  }
  await until(() => describeTable(), isActive)
  await dynamodb().served('UpdateTable', { ...table, ReplicaUpdates: [{ Delete: { RegionName: away } }] })
  await until(
    () => describeTable(),
    (told) => isActive(told) && (told.body['Table'].Replicas ?? []).length === 0,
  )
  await until(
    () => describeTable(away),
    ({ status }) => status === 400,
  )
  await dynamodb().served('DeleteTable', table)
  const gone = await until(
    () => describeTable(),
    ({ status }) => status === 400,
  )
  expect(gone.body['__type']).toMatch(/#ResourceNotFoundException$/)
}, 60_000)
