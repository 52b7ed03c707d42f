/** Provisioned global tables, whose capacity scales in every region, and what Terraform asks for to have one; on virtual time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { jsonService } from './json-service.ts'

const home = 'us-east-1'
const away = 'eu-west-1'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ regions: [home, away], clock: 'manual', seed: 1 })
})
beforeEach(async () => {
  await cluster.reset()
  await cluster.advance('5s')
})
afterAll(async () => await cluster.close())

const dynamodb = (region = home) => jsonService(cluster, 'dynamodb', region)
const scaling = (region = home) => jsonService(cluster, 'autoscaling', region)
const monitoring = (region = home) => jsonService(cluster, 'monitoring', region)

const throughput = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
})
const table = { TableName: 'Shared' }
const definition = {
  ...table,
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
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
}

const target = (kind: 'table' | 'index', direction: 'Read' | 'Write') => ({
  ServiceNamespace: 'dynamodb',
  ResourceId: kind === 'table' ? 'table/Shared' : 'table/Shared/index/ByWho',
  ScalableDimension: `dynamodb:${kind}:${direction}CapacityUnits`,
})
const policy = (direction: 'Read' | 'Write') => ({
  PolicyName: `DynamoDB${direction}CapacityUtilization:table/Shared`,
  PolicyType: 'TargetTrackingScaling',
  TargetTrackingScalingPolicyConfiguration: {
    TargetValue: 50,
    PredefinedMetricSpecification: { PredefinedMetricType: `DynamoDB${direction}CapacityUtilization` },
  },
})

async function scale(kind: 'table' | 'index', direction: 'Read' | 'Write', region = home): Promise<void> {
  const named = target(kind, direction)
  await scaling(region).served('RegisterScalableTarget', { ...named, MinCapacity: 5, MaxCapacity: 100 })
  await scaling(region).served('PutScalingPolicy', { ...named, ...policy(direction) })
}

const addReplica = async () =>
  await dynamodb().ask('UpdateTable', { ...table, ReplicaUpdates: [{ Create: { RegionName: away } }] })

async function globalTable(): Promise<void> {
  await dynamodb().served('CreateTable', definition)
  await scale('table', 'Write')
  await scale('index', 'Write')
  expect((await addReplica()).status).toBe(200)
  await cluster.settle()
}

async function provisioned(region = home) {
  const { Table } = await dynamodb(region).served('DescribeTable', table)
  const { ReadCapacityUnits: read, WriteCapacityUnits: write } = Table.ProvisionedThroughput
  return { read, write }
}

async function used(units: number, region = home): Promise<void> {
  for (let left = units; left > 0; left -= 390) {
    const size = Math.min(390, left) * 1024 - 60
    const Item = { id: { S: `${region} ${size}` }, data: { S: 'x'.repeat(size) } }
    await dynamodb(region).served('PutItem', { ...table, Item })
  }
}

/** So many units in each region in each of so many minutes. */
async function minutes(count: number, units: { readonly [region: string]: number } = {}): Promise<void> {
  for (let n = 0; n < count; n++) {
    for (const [region, each] of Object.entries(units)) await used(each, region)
    await cluster.advance('1m')
  }
}

describe('a provisioned table', () => {
  test('has no replica until auto scaling sets its writes, and those of its indexes', async () => {
    await dynamodb().served('CreateTable', definition)
    const refused = async () => (await addReplica()).body['message']
    expect(await refused()).toBe('Table write capacity should either be Pay-Per-Request or AutoScaled.')
    await scaling().served('RegisterScalableTarget', { ...target('table', 'Write'), MinCapacity: 5, MaxCapacity: 100 })
    expect(await refused()).toBe('Table write capacity should either be Pay-Per-Request or AutoScaled.')
    await scale('table', 'Write')
    expect(await refused()).toBe('GSI write capacity should either be Pay-Per-Request or AutoScaled.')
    await scale('index', 'Write')
    expect((await addReplica()).status).toBe(200)
    await cluster.settle()
    const { ScalingPolicies } = await scaling(away).served('DescribeScalingPolicies', { ServiceNamespace: 'dynamodb' })
    expect(
      ScalingPolicies.map((each: { PolicyName: string; ResourceId: string }) => [each.PolicyName, each.ResourceId]),
    ).toEqual([
      ['DynamoDBWriteCapacityUtilization:table/Shared', 'table/Shared'],
      ['DynamoDBWriteCapacityUtilization:table/Shared/index/ByWho', 'table/Shared/index/ByWho'],
    ])
    await minutes(1)
    expect((await monitoring(away).served('DescribeAlarms', {}))['MetricAlarms']).toHaveLength(8)
  })
})

describe('a provisioned global table', () => {
  test('has the write capacity that the busiest region asks for', async () => {
    await globalTable()
    await minutes(2, { [away]: 390 })
    await cluster.settle()
    expect([await provisioned(home), await provisioned(away)]).toMatchObject([{ write: 13 }, { write: 13 }])
    // The other region is idle for long, and does not take away what this one uses.
    await minutes(16, { [away]: 390 })
    expect(await provisioned(home)).toMatchObject({ write: 13 })
    await minutes(16)
    await cluster.settle()
    expect([await provisioned(home), await provisioned(away)]).toMatchObject([{ write: 5 }, { write: 5 }])
  })

  test('scales the reads of each replica by itself, and keeps them when writes scale', async () => {
    await globalTable()
    await scale('table', 'Read', away)
    await used(300)
    await cluster.settle()
    const { Items } = await dynamodb(away).served('Scan', table)
    const Key = { id: Items[0].id }
    for (let n = 0; n < 2; n++) {
      for (let k = 0; k < 12; k++) await dynamodb(away).served('GetItem', { ...table, Key, ConsistentRead: true })
      await cluster.advance('1m')
    }
    await cluster.settle()
    expect([await provisioned(home), await provisioned(away)]).toEqual([
      { read: 5, write: 5 },
      { read: 30, write: 5 },
    ])
    await minutes(2, { [home]: 600 })
    await cluster.settle()
    expect([await provisioned(home), await provisioned(away)]).toEqual([
      { read: 5, write: 20 },
      { read: 30, write: 20 },
    ])
  })

  test('is told and set in all regions at once', async () => {
    await globalTable()
    const tracking = { TargetValue: 60, ScaleInCooldown: 60 }
    const settings = (MinimumUnits: number, MaximumUnits: number) => ({
      MinimumUnits,
      MaximumUnits,
      ScalingPolicyUpdate: { TargetTrackingScalingPolicyConfiguration: tracking },
    })
    const { TableAutoScalingDescription: answer } = await dynamodb().served('UpdateTableReplicaAutoScaling', {
      ...table,
      ProvisionedWriteCapacityAutoScalingUpdate: settings(10, 50),
      GlobalSecondaryIndexUpdates: [
        { IndexName: 'ByWho', ProvisionedWriteCapacityAutoScalingUpdate: { MaximumUnits: 70 } },
      ],
      ReplicaUpdates: [
        {
          RegionName: away,
          ReplicaProvisionedReadCapacityAutoScalingUpdate: settings(7, 77),
          ReplicaGlobalSecondaryIndexUpdates: [
            { IndexName: 'ByWho', ProvisionedReadCapacityAutoScalingUpdate: settings(3, 33) },
          ],
        },
      ],
    })
    expect(answer).toMatchObject({ ...table, TableStatus: 'UPDATING' })
    await cluster.settle()
    await minutes(2)
    await cluster.settle()
    expect([await provisioned(home), await provisioned(away)]).toEqual([
      { read: 5, write: 10 },
      { read: 7, write: 10 },
    ])
    const { TableAutoScalingDescription: told } = await dynamodb(away).served('DescribeTableReplicaAutoScaling', table)
    const isOff = { AutoScalingDisabled: true }
    const isOn = (MinimumUnits: number, MaximumUnits: number) => ({
      MinimumUnits,
      MaximumUnits,
      AutoScalingDisabled: false,
    })
    expect(told.TableStatus).toBe('ACTIVE')
    expect(
      told.Replicas.toSorted((a: { RegionName: string }, b: { RegionName: string }) =>
        a.RegionName < b.RegionName ? -1 : 1,
      ),
    ).toMatchObject([
      {
        RegionName: away,
        ReplicaStatus: 'ACTIVE',
        ReplicaProvisionedReadCapacityAutoScalingSettings: {
          ...isOn(7, 77),
          ScalingPolicies: [{ TargetTrackingScalingPolicyConfiguration: { ...tracking, DisableScaleIn: false } }],
        },
        ReplicaProvisionedWriteCapacityAutoScalingSettings: isOn(10, 50),
        GlobalSecondaryIndexes: [
          {
            IndexName: 'ByWho',
            ProvisionedReadCapacityAutoScalingSettings: isOn(3, 33),
            ProvisionedWriteCapacityAutoScalingSettings: isOn(5, 70),
          },
        ],
      },
      {
        RegionName: home,
        ReplicaProvisionedReadCapacityAutoScalingSettings: isOff,
        ReplicaProvisionedWriteCapacityAutoScalingSettings: isOn(10, 50),
        GlobalSecondaryIndexes: [{ ProvisionedReadCapacityAutoScalingSettings: isOff }],
      },
    ])
    await dynamodb().served('UpdateTableReplicaAutoScaling', {
      ...table,
      ReplicaUpdates: [
        { RegionName: away, ReplicaProvisionedReadCapacityAutoScalingUpdate: { AutoScalingDisabled: true } },
      ],
    })
    await cluster.settle()
    const { ScalableTargets } = await scaling(away).served('DescribeScalableTargets', {
      ServiceNamespace: 'dynamodb',
      ScalableDimension: 'dynamodb:table:ReadCapacityUnits',
    })
    expect(ScalableTargets).toEqual([])
  })

  const units = { MinimumUnits: 5, MaximumUnits: 9 }
  const wrongTarget = { ScalingPolicyUpdate: { TargetTrackingScalingPolicyConfiguration: { TargetValue: 5 } } }
  test.each([
    [{}, 'At least one of GlobalSecondaryIndexUpdates'],
    [{ ReplicaUpdates: [{ RegionName: 'mars-north-1' }] }, 'not part of the global table'],
    [{ GlobalSecondaryIndexUpdates: [{ IndexName: 'None' }] }, 'does not have the specified index: None'],
    [{ ProvisionedWriteCapacityAutoScalingUpdate: { ...units, MaximumUnits: 4 } }, 'MaximumUnits not less'],
    [{ ProvisionedWriteCapacityAutoScalingUpdate: { ...units, ...wrongTarget } }, 'TargetValue must be between'],
    [{ TableName: 'None', ReplicaUpdates: [{ RegionName: away }] }, 'Global table with name: None does not exist.'],
  ])('takes no update %j', async (more, message) => {
    await globalTable()
    const { status, body } = await dynamodb().ask('UpdateTableReplicaAutoScaling', { ...table, ...more })
    expect([status, body['message']]).toEqual([400, expect.stringContaining(message)])
  })
})
