/** Kinesis streaming destinations as an application sees them, in the time of a cluster. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTableCommand,
  DisableKinesisStreamingDestinationCommand,
  DynamoDBClient,
  EnableKinesisStreamingDestinationCommand,
  PutItemCommand,
  UpdateKinesisStreamingDestinationCommand,
} from '@aws-sdk/client-dynamodb'
import { DynamoDBStreamsClient, ListStreamsCommand } from '@aws-sdk/client-dynamodb-streams'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createCluster, type EmbeddedCluster } from '../../src/testing/cluster.ts'
import type { Cluster, ClusterOptions } from '../../src/testing/cluster-api.ts'
import type { Json } from './trigger-scene.ts'

const region = 'us-east-1'
const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/changes'
const TableName = 'Plain'
const shape = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
}
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene(options: ClusterOptions = {}) {
  const got: Json[] = []
  const cluster = await createCluster({
    regions: [region],
    clock: 'manual',
    seed: 7,
    streamShards: 2,
    dataStreams: { [arn]: (record) => void got.push(record) },
    ...options,
  })
  open.push(cluster)
  const client = new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
  await client.send(new CreateTableCommand({ TableName, ...shape }))
  const put = async (pk: string, n: number): Promise<void> => {
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, n: { N: String(n) } } }))
  }
  return {
    cluster,
    client,
    got,
    put,
    enable: async (StreamArn = arn, more = {}) => {
      const told = await client.send(new EnableKinesisStreamingDestinationCommand({ TableName, StreamArn, ...more }))
      await cluster.advance(100)
      return told
    },
    described: async () => {
      const told = await client.send(new DescribeKinesisStreamingDestinationCommand({ TableName }))
      return told.KinesisDataStreamDestinations?.[0]
    },
    refusal: async (work: Promise<unknown>): Promise<string> =>
      await work.then(
        () => 'none',
        (error: unknown) => String(error),
      ),
  }
}

describe('a Kinesis streaming destination', () => {
  test('gets each change of a table without a stream, as DynamoDB writes it to Kinesis', async () => {
    const { cluster, client, got, put, enable, described } = await scene()
    await put('before', 1)
    expect(await enable()).toMatchObject({ TableName, StreamArn: arn, DestinationStatus: 'ENABLING' })
    expect(await described()).toEqual({ StreamArn: arn, DestinationStatus: 'ACTIVE' })
    await put('a', 1)
    await put('a', 2)
    await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: 'a' } } }))
    await cluster.advance('1s')
    expect(got.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE'])
    const { dynamodb, eventID, ...rest } = got[1]
    expect(rest).toEqual({
      awsRegion: region,
      eventName: 'MODIFY',
      eventSource: 'aws:dynamodb',
      recordFormat: 'application/json',
      tableName: TableName,
      userIdentity: null,
    })
    expect(eventID).toMatch(/^[0-9a-f]{32}$/)
    expect(dynamodb).toEqual({
      ApproximateCreationDateTime: expect.any(Number),
      Keys: { pk: { S: 'a' } },
      NewImage: { pk: { S: 'a' }, n: { N: '2' } },
      OldImage: { pk: { S: 'a' }, n: { N: '1' } },
      SizeBytes: 15,
    })
    expect(new Date(dynamodb.ApproximateCreationDateTime).getUTCFullYear()).toBeGreaterThan(2000)
  })

  test('has the age of its oldest record among the metrics', async () => {
    const { cluster, put, enable } = await scene({ dataStreams: { [arn]: () => Promise.reject(new Error('full')) } })
    await enable()
    await put('a', 1)
    await cluster.advance('1m')
    const running = (cluster as EmbeddedCluster).running(region)
    if (running === undefined) throw new Error('the region does not run')
    const gauge = vi.spyOn(running.region.env.meter, 'gauge')
    await running.region.measure()
    const told = gauge.mock.calls.find(([name]) => name === 'longitude_trigger_iterator_age_seconds')
    expect(told?.[2]).toEqual({ function: arn, table: TableName })
    expect(told?.[1]).toBeGreaterThan(30)
  })

  test('has AWS’s metrics of what it took, what it did not take, and what it still lacks', async () => {
    let isFull = false
    const taken: unknown[] = []
    const { cluster, put, enable } = await scene({
      dataStreams: { [arn]: (record) => (isFull ? Promise.reject(new Error('full')) : void taken.push(record)) },
    })
    const running = (cluster as EmbeddedCluster).running(region)
    if (running === undefined) throw new Error('the region does not run')
    const { meter } = running.region.env
    const [counted, gauged] = [vi.spyOn(meter, 'count'), vi.spyOn(meter, 'gauge')]
    const sumOf = (wanted: string): number =>
      counted.mock.calls.reduce((sum, [name, labels, by = 1]) => {
        if (name !== wanted) return sum
        expect(labels).toEqual({ table: TableName })
        return sum + by
      }, 0)
    await enable()
    await put('a', 1)
    await put('x'.repeat(1500), 2)
    await cluster.advance('1s')
    expect(taken).toHaveLength(2)
    expect(sumOf('longitude_kinesis_units_total')).toBe(3)
    expect(sumOf('longitude_kinesis_failed_records_total')).toBe(0)
    isFull = true
    await put('a', 3)
    await cluster.advance('1m')
    expect(sumOf('longitude_kinesis_failed_records_total')).toBeGreaterThan(0)
    await running.region.measure()
    const told = gauged.mock.calls.findLast(([name]) => name === 'longitude_kinesis_age_seconds')
    expect(told?.[2]).toEqual({ table: TableName })
    expect(told?.[1]).toBeGreaterThan(30)
  })

  test('shows no stream to anybody, and leaves that of the table as it is', async () => {
    const { cluster, client, put, enable } = await scene()
    await enable()
    await put('a', 1)
    const streams = new DynamoDBStreamsClient({ ...cluster.client(region), maxAttempts: 1 })
    expect((await streams.send(new ListStreamsCommand({}))).Streams).toEqual([])
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    expect([Table?.LatestStreamArn, Table?.StreamSpecification]).toEqual([undefined, undefined])
  })

  test('gets what it did not take again, and goes on behind it after kill -9 and a change of shards', async () => {
    const got: string[] = []
    let isAway = true
    const { cluster, put, enable } = await scene({
      dataStreams: {
        [arn]: (record) => {
          if (isAway) throw new Error('away')
          got.push((record as Json).dynamodb.NewImage.n.N)
        },
      },
    })
    await enable()
    await put('a', 1)
    await cluster.advance('1s')
    cluster.region(region).kill()
    isAway = false
    await cluster.region(region).restart()
    await put('a', 2)
    const streams = (cluster as EmbeddedCluster).running(region)?.region.engine.streams
    for (const { number } of streams?.all() ?? []) await streams?.roll(number)
    await put('a', 3)
    await cluster.advance('60s')
    expect(got).toEqual(['1', '2', '3'])
  })

  test('tells times in the precision that was asked for, and takes another', async () => {
    const { cluster, client, got, put, enable, described, refusal } = await scene()
    const micro = { ApproximateCreationDateTimePrecision: 'MICROSECOND' } as const
    await enable(arn, { EnableKinesisStreamingConfiguration: micro })
    expect(await described()).toMatchObject(micro)
    await put('a', 1)
    await cluster.advance('1s')
    const change = async (ApproximateCreationDateTimePrecision: 'MILLISECOND' | 'MICROSECOND') =>
      await client.send(
        new UpdateKinesisStreamingDestinationCommand({
          TableName,
          StreamArn: arn,
          UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision },
        }),
      )
    expect(await change('MILLISECOND')).toMatchObject({ DestinationStatus: 'UPDATING' })
    expect(await refusal(change('MILLISECOND'))).toContain(
      'Precision is already set to the desired value of MILLISECOND',
    )
    await put('a', 2)
    await cluster.advance('1s')
    const [first, second] = got.map(({ dynamodb }) => dynamodb.ApproximateCreationDateTime as number)
    expect([String(first).length, String(second).length]).toEqual([16, 13])
  })

  test('is disabled: nothing more is sent, and it may be enabled again', async () => {
    const { cluster, client, got, put, enable, described, refusal } = await scene()
    await enable()
    expect(await refusal(enable())).toContain('must be DISABLED or ENABLE_FAILED to perform ENABLE operation')
    const disable = async (StreamArn = arn) =>
      await client.send(new DisableKinesisStreamingDestinationCommand({ TableName, StreamArn }))
    expect(await refusal(disable(`${arn}-other`))).toContain('No streaming destination with streamArn')
    expect(await disable()).toMatchObject({ DestinationStatus: 'DISABLING' })
    await cluster.advance('1s')
    expect(await described()).toMatchObject({ DestinationStatus: 'DISABLED' })
    await put('a', 1)
    await cluster.advance('1s')
    expect(got).toEqual([])
    expect(await refusal(disable())).toContain('must be ACTIVE to perform DISABLE operation')
    await enable()
    await put('a', 2)
    await cluster.advance('1s')
    expect(got.map(({ eventName }) => eventName)).toEqual(['MODIFY'])
  })

  test('of an ARN that is mapped to nothing fails afterwards', async () => {
    const { enable, described } = await scene()
    expect(await enable(`${arn}-other`)).toMatchObject({ DestinationStatus: 'ENABLING' })
    expect(await described()).toMatchObject({ DestinationStatus: 'ENABLE_FAILED' })
  })
})
