/** A provisioned table with strong consistency between regions: its capacity scales for all of them; on virtual time. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { jsonService } from './json-service.ts'

const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const [home, away, far] = regions
const TableName = 'Shared'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ regions: [...regions], clock: 'manual', links: { default: { ms: 1 } }, seed: 1 })
  await cluster.advance('5s')
})
afterAll(async () => await cluster.close())

/** Regions need time to agree. */
async function meanwhile<Result>(work: Promise<Result>): Promise<Result> {
  const state = { isDone: false }
  const result = work.finally(() => (state.isDone = true))
  for (let n = 0; n < 300 && !state.isDone; n++) {
    await cluster.advance('100ms')
    await new Promise((resolve) => setImmediate(resolve))
  }
  return await result
}

const dynamodb = (region: string) => jsonService(cluster, 'dynamodb', region)
const scaling = (region: string) => jsonService(cluster, 'autoscaling', region)
const dimension = {
  ServiceNamespace: 'dynamodb',
  ResourceId: `table/${TableName}`,
  ScalableDimension: 'dynamodb:table:WriteCapacityUnits',
}

async function writeUnits(region: string): Promise<number> {
  const { Table } = await dynamodb(region).served('DescribeTable', { TableName })
  return Table.ProvisionedThroughput.WriteCapacityUnits
}

test('its capacity scales with the writes of a region, in all of its regions', { timeout: 120_000 }, async () => {
  await dynamodb(home).served('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
  })
  await scaling(home).served('RegisterScalableTarget', { ...dimension, MinCapacity: 5, MaxCapacity: 100 })
  await scaling(home).served('PutScalingPolicy', {
    ...dimension,
    PolicyName: 'writes',
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: 50,
      PredefinedMetricSpecification: { PredefinedMetricType: 'DynamoDBWriteCapacityUtilization' },
    },
  })
  const birth = {
    TableName,
    MultiRegionConsistency: 'STRONG',
    ReplicaUpdates: [away, far].map((RegionName) => ({ Create: { RegionName } })),
  }
  expect((await meanwhile(dynamodb(home).ask('UpdateTable', birth))).body['message']).toBeUndefined()
  await cluster.advance('30s')
  for (const region of regions) expect(await writeUnits(region), region).toBe(5)
  for (let minute = 0; minute < 5; minute++) {
    for (let n = 0; n < 5; n++) {
      const Item = { id: { S: `${minute} ${n}` }, data: { S: 'x'.repeat(300 * 1024) } }
      await meanwhile(dynamodb(home).served('PutItem', { TableName, Item }))
    }
    await cluster.advance('55s')
  }
  await cluster.advance('1m')
  const scaled = await writeUnits(home)
  expect(scaled).toBeGreaterThan(5)
  for (const region of regions) expect(await writeUnits(region), region).toBe(scaled)
})
