/** A table with strong consistency between the three regions of an embedded cluster, with an index that every region fills. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, vi } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'

export const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
export const [virginia, dublin, tokyo] = regions
export const TableName = 'Orders'
export const patience = { timeout: 60_000, interval: 20 }

/** Each request is tried once. */
export const clientOf = (cluster: Cluster, region: string): DynamoDBClient =>
  new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })

/** Resolves when the region says so of the table and of its index. */
export const active = (cluster: Cluster, region: string, name = TableName): Promise<void> =>
  vi.waitFor(async () => {
    const { Table } = await clientOf(cluster, region).send(new DescribeTableCommand({ TableName: name }))
    expect([Table?.TableStatus, Table?.GlobalSecondaryIndexes?.[0]?.IndexStatus]).toEqual(['ACTIVE', 'ACTIVE'])
  }, patience)

export async function makeStrong(cluster: Cluster): Promise<void> {
  await clientOf(cluster, virginia).send(new CreateTableCommand(strongTableInput(TableName)))
  await shareStrong(cluster)
}

/** Of the table in the first region. */
export async function shareStrong(cluster: Cluster): Promise<void> {
  const ReplicaUpdates = [dublin, tokyo].map((RegionName) => ({ Create: { RegionName } }))
  const update = new UpdateTableCommand({ TableName, MultiRegionConsistency: 'STRONG', ReplicaUpdates })
  await clientOf(cluster, virginia).send(update)
  for (const region of regions) await active(cluster, region)
}

export const strongTableInput = (name: string): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'n', AttributeType: 'N' },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-n',
      KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
})
