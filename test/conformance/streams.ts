/** Reads streams as a consumer does, through the SDK. */
import { type AttributeValue, DescribeTableCommand, type StreamViewType } from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  type GetRecordsOutput,
  GetShardIteratorCommand,
  type _Record,
  type Shard,
  type ShardIteratorType,
} from '@aws-sdk/client-dynamodb-streams'

import { apiHeaders, type RawReply, send } from './raw-request.ts'
import type { TestRegion } from './region.ts'

export type StreamRecord = _Record

export const withStream = (StreamViewType: StreamViewType) => ({
  StreamSpecification: { StreamEnabled: true, StreamViewType },
})

export async function streamedTable(region: TestRegion, viewType: StreamViewType = 'NEW_AND_OLD_IMAGES') {
  const TableName = await region.createTable(withStream(viewType))
  return { TableName, arn: await latestArnOf(region, TableName) }
}

export async function latestArnOf(region: TestRegion, TableName: string): Promise<string> {
  const { Table } = await region.client.send(new DescribeTableCommand({ TableName }))
  return Table?.LatestStreamArn ?? ''
}

/** What the SDK of these tests does not know yet. */
export function callStreams(endpoint: string, operation: string, body: object): Promise<RawReply> {
  const headers = { ...apiHeaders(''), 'X-Amz-Target': `DynamoDBStreams_20120810.${operation}` }
  return send({ endpoint, headers, body: JSON.stringify(body) })
}

export function streamsClientOf(endpoint: string, region = 'us-east-1'): DynamoDBStreamsClient {
  if (endpoint === 'aws') return new DynamoDBStreamsClient({ maxAttempts: 1 })
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBStreamsClient({ endpoint, region, credentials, maxAttempts: 1 })
}

export async function shardsOf(client: DynamoDBStreamsClient, StreamArn: string): Promise<readonly Shard[]> {
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }))
  return StreamDescription?.Shards ?? []
}

export async function iteratorOf(
  client: DynamoDBStreamsClient,
  of: {
    readonly StreamArn: string
    readonly ShardId: string | undefined
    readonly ShardIteratorType?: ShardIteratorType
    readonly SequenceNumber?: string | undefined
  },
): Promise<string> {
  const { ShardIterator } = await client.send(new GetShardIteratorCommand({ ShardIteratorType: 'TRIM_HORIZON', ...of }))
  return ShardIterator ?? ''
}

/** All records of a stream from its oldest on, parents before their children: those of one item are in their order. */
export async function recordsOf(client: DynamoDBStreamsClient, StreamArn: string): Promise<readonly StreamRecord[]> {
  const records: StreamRecord[] = []
  for (const { ShardId } of await shardsOf(client, StreamArn)) {
    let iterator: string | undefined = await iteratorOf(client, { StreamArn, ShardId })
    while (iterator !== undefined) {
      const page: GetRecordsOutput = await client.send(new GetRecordsCommand({ ShardIterator: iterator }))
      records.push(...(page.Records ?? []))
      iterator = page.Records?.length === 0 ? undefined : page.NextShardIterator
    }
  }
  return records
}

/** What a record says, without what is another in every run. */
export function saidBy({ eventName, dynamodb }: StreamRecord): readonly unknown[] {
  return [eventName, plain(dynamodb?.Keys), plain(dynamodb?.NewImage), plain(dynamodb?.OldImage)]
}

const plain = (item: Record<string, AttributeValue> | undefined): unknown =>
  item === undefined
    ? undefined
    : Object.fromEntries(Object.entries(item).map(([name, value]) => [name, Object.values(value)[0] as unknown]))
