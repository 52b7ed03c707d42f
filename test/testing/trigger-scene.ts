/** A table with a stream in a cluster whose time stands still, and a client of Lambda's API at each region. */
import {
  type AttributeValue,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  DeleteItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import { createCluster, type EmbeddedCluster } from '../../src/testing/cluster.ts'

export const [virginia, dublin] = ['us-east-1', 'eu-west-1'] as const

export const orders = {
  TableName: 'Orders',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
}

/** Whatever the answer holds. */
export type Json = ReturnType<typeof JSON.parse>

export type Reply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Json }

const signedFor = (region: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKID/20260101/${region}/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`

export async function triggerScene(options: ClusterOptions) {
  const cluster = await createCluster({
    regions: [virginia, dublin],
    clock: 'manual',
    seed: 7,
    streamShards: 1,
    tables: [orders],
    ...options,
  })
  return { cluster, at: (region: string) => regionOf(cluster, region) }
}

export type Scene = Awaited<ReturnType<typeof triggerScene>>

function regionOf(cluster: Cluster, region: string) {
  const configuration = cluster.client(region)
  const client = new DynamoDBClient({ ...configuration, maxAttempts: 1 })
  const ask = async (method: string, path: string, body?: unknown, query = {}, more = {}): Promise<Reply> => {
    const { response } = await configuration.requestHandler.handle({
      method,
      path: `/2015-03-31/${path}`,
      query,
      headers: { host: 'localhost', 'x-amz-date': '20260101T000000Z', authorization: signedFor(region), ...more },
      body: body === undefined ? '' : JSON.stringify(body),
    })
    const text = Buffer.from(response.body).toString()
    return { status: response.statusCode, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    client,
    ask,
    put: async (pk: string, more: Readonly<Record<string, AttributeValue>> = {}) => {
      await client.send(new PutItemCommand({ TableName: 'Orders', Item: { pk: { S: pk }, ...more } }))
    },
    remove: async (pk: string) => {
      await client.send(new DeleteItemCommand({ TableName: 'Orders', Key: { pk: { S: pk } } }))
    },
    streamArn: async () => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: 'Orders' }))
      return Table?.LatestStreamArn ?? ''
    },
    async map(FunctionName: string, settings: Readonly<Record<string, unknown>> = {}) {
      const EventSourceArn = await this.streamArn()
      const input = { FunctionName, EventSourceArn, StartingPosition: 'TRIM_HORIZON', ...settings }
      const { status, body } = await ask('POST', 'event-source-mappings', input)
      if (status !== 202) throw new Error(JSON.stringify(body))
      return body.UUID as string
    },
    /** The shards of all streams end, and others follow. */
    roll: async () => {
      const streams = (cluster as EmbeddedCluster).running(region)?.region.engine.streams
      for (const { number } of streams?.all() ?? []) await streams?.roll(number)
    },
    described: async (uuid: string) => (await ask('GET', `event-source-mappings/${uuid}`)).body,
  }
}
