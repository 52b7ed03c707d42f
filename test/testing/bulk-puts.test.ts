/** Bulk puts into tables that are there, as an application sees them, in the time of a cluster. */
import {
  CancelBulkOperationCommand,
  type CreateTableCommandInput,
  DescribeBulkOperationCommand,
  DynamoDBClient,
  ListBulkOperationsCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  StartBulkPutItemsCommand,
  type StartBulkPutItemsCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'
import { refusal } from '../conformance/region.ts'
import { differs } from '../differences/difference.ts'

const TableName = 'Orders'
const table: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'n', AttributeType: 'N' },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byNumber',
      KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}
const open: Cluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function scene(regions: readonly string[] = ['us-east-1']) {
  const bucket = new Map<string, Uint8Array>()
  const cluster = await createCluster({ regions, clock: 'manual', seed: 7, tables: [table], buckets: { bulk: bucket } })
  open.push(cluster)
  const at = (region: string) => new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
  const client = at('us-east-1')
  const start = async (more: Partial<StartBulkPutItemsCommandInput> = {}) =>
    (
      await client.send(
        new StartBulkPutItemsCommand({
          TableName,
          InputS3Configuration: { S3Bucket: 'bulk', S3KeyPrefix: 'in/', InputFormat: 'DYNAMODB_JSON' },
          OutputS3Configuration: {
            S3Bucket: 'bulk',
            S3KeyPrefix: 'out',
            OutputType: ['ERROR', 'CONDITION_CHECK_FAILURE'],
          },
          ...more,
        }),
      )
    ).BulkOperationDescription
  const described = async (BulkOperationArn: string | undefined) =>
    (await client.send(new DescribeBulkOperationCommand({ BulkOperationArn }))).BulkOperationDescription
  const ended = async (arn: string | undefined) => {
    for (let n = 0; n < 300; n++) {
      const now = await described(arn)
      if (!['IN_PROGRESS', 'CANCELLING'].includes(now?.BulkOperationStatus ?? '')) return now
      await cluster.advance(100)
    }
    throw new Error('not within half a minute')
  }
  const items = async (of = client) => (await of.send(new ScanCommand({ TableName }))).Items ?? []
  const linesOf = (part: string): readonly unknown[] =>
    [...bucket]
      .filter(([key]) => key.startsWith('out/AWSDynamoDB/') && key.includes(part))
      .flatMap(([, bytes]) => Buffer.from(bytes).toString().trim().split('\n'))
      .map((line) => JSON.parse(line) as unknown)
  return { cluster, client, at, bucket, start, described, ended, items, linesOf }
}

const lines = (rows: readonly object[]): Buffer => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
const keysOf = (items: readonly Readonly<Record<string, { S?: string }>>[]): readonly string[] =>
  items.map(({ pk }) => pk?.S ?? '').toSorted()

describe('a bulk put', () => {
  test(differs('bulk-puts-are-guesses'), async () => {
    const { client, bucket, start, ended, items, linesOf } = await scene()
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'old' }, v: { S: 'before' } } }))
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'kept' }, v: { S: 'before' } } }))
    const ifNew = { ConditionExpression: 'attribute_not_exists(#k)', ExpressionAttributeNames: { '#k': 'pk' } }
    bucket.set(
      'in/1.json',
      lines([
        { Item: { pk: { S: 'old' }, n: { N: '7' } } },
        { Item: { pk: { S: 'kept' }, v: { S: 'after' } }, ...ifNew },
        { Item: { pk: { S: 'new' }, n: { N: '7.0' } }, ...ifNew },
        { Item: { pk: { N: '1' } } },
        { Item: { pk: { S: 'wrong' } }, ConditionExpression: 'no condition' },
      ]),
    )
    bucket.set('in/2.json', Buffer.from('{"Item":{"pk":{"S":"last"}}}\nno JSON\n{"Item":{"pk":{"S":"never"}}}\n'))
    const begun = await start({ ClientToken: 'token' })
    expect(begun).toMatchObject({
      BulkOperationArn: expect.stringMatching(/:table\/Orders\/bulk-operation\/\d{14}-[0-9a-f]{8}$/),
      BulkOperationStatus: 'IN_PROGRESS',
      TableDetails: [{ TableName }],
      ClientToken: 'token',
      PerformanceTier: 'STANDARD',
    })
    const done = await ended(begun?.BulkOperationArn)
    expect(done).toMatchObject({
      BulkOperationStatus: 'COMPLETED_WITH_ERRORS',
      ProcessedItemCount: 7,
      FailedItemCount: 3,
      EndTime: expect.any(Date),
      BulkOperationUsage: [{ TableName }],
    })
    expect(done?.FailureCode).toBeUndefined()
    expect(keysOf(await items())).toEqual(['kept', 'last', 'new', 'old'])
    const { Items } = await client.send(
      new QueryCommand({
        TableName,
        IndexName: 'byNumber',
        KeyConditionExpression: 'n = :n',
        ExpressionAttributeValues: { ':n': { N: '7' } },
      }),
    )
    expect(keysOf(Items ?? [])).toEqual(['new', 'old'])
    expect(linesOf('/condition-check-failures/')).toEqual([
      { Item: { pk: { S: 'kept' }, v: { S: 'after' } }, ExistingItem: { pk: { S: 'kept' }, v: { S: 'before' } } },
    ])
    expect(linesOf('/errors/')).toEqual([
      { S3Key: 'in/1.json', Line: 4, ErrorMessage: expect.stringContaining('Type mismatch for key pk') },
      { S3Key: 'in/1.json', Line: 5, ErrorMessage: expect.stringContaining('ConditionExpression') },
      { S3Key: 'in/2.json', Line: 2, ErrorMessage: expect.stringContaining('no JSON') },
    ])
    expect(linesOf('/manifest.json')).toMatchObject([{ failedItemCount: 3, conditionCheckFailureCount: 1 }])
  })

  test(differs('bulk-puts-replicate'), async () => {
    const { cluster, at, bucket, start, ended, items } = await scene(['us-east-1', 'eu-west-1'])
    bucket.set('in/a.ion', Buffer.from('$ion_1_0 {Item:{pk:"a",n:6d2},ConditionExpression:"attribute_not_exists(pk)"}'))
    const InputS3Configuration = { S3Bucket: 'bulk', S3KeyPrefix: 'in/', InputFormat: 'ION' as const }
    const done = await ended((await start({ InputS3Configuration }))?.BulkOperationArn)
    expect(done).toMatchObject({ BulkOperationStatus: 'COMPLETED', ProcessedItemCount: 1, FailedItemCount: 0 })
    await cluster.settle()
    expect(await items(at('eu-west-1'))).toEqual([{ pk: { S: 'a' }, n: { N: '600' } }])
  })

  test('into a table that is not there is refused', async () => {
    const { start } = await scene()
    expect(await refusal(start({ TableName: 'None' }))).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found: Table: None not found',
    ])
  })

  test('is cancelled in its midst, and what was written stays', async () => {
    const { cluster, client, bucket, start, described, ended, items } = await scene()
    bucket.set('in/1.json', lines(Array.from({ length: 20_000 }, (_, n) => ({ Item: { pk: { S: `item ${n}` } } }))))
    const { BulkOperationArn } = (await start({ MaxWriteRequestUnits: 1024 })) ?? {}
    await cluster.advance(3000)
    expect((await described(BulkOperationArn))?.BulkOperationStatus).toBe('IN_PROGRESS')
    expect(await refusal(start())).toEqual([
      'ResourceInUseException',
      'Attempt to change a resource which is still in use: A bulk operation is under way on the table: Orders',
    ])
    const answer = await client.send(new CancelBulkOperationCommand({ BulkOperationArn }))
    expect(answer).toMatchObject({ BulkOperationArn, BulkOperationStatus: 'CANCELLING' })
    const done = await ended(BulkOperationArn)
    expect(done).toMatchObject({ BulkOperationStatus: 'CANCELLED', FailureCode: expect.any(String) })
    const written = done?.ProcessedItemCount ?? 0
    // 1024 units a second, for three seconds and a little.
    expect(written).toBeGreaterThan(1000)
    expect(written).toBeLessThan(6000)
    expect(await items()).toHaveLength(written)
    expect((await refusal(client.send(new CancelBulkOperationCommand({ BulkOperationArn }))))[0]).toBe(
      'ResourceNotFoundException',
    )
  })

  test('goes on after its node is killed, and counts nothing twice', async () => {
    const { cluster, bucket, start, ended, items } = await scene()
    bucket.set('in/1.json', lines(Array.from({ length: 5000 }, (_, n) => ({ Item: { pk: { S: `item ${n}` } } }))))
    const begun = await start()
    for (let n = 0; n < 4; n++) {
      await cluster.advance(3)
      cluster.region('us-east-1').kill()
      await cluster.region('us-east-1').restart()
    }
    const done = await ended(begun?.BulkOperationArn)
    expect(done).toMatchObject({ BulkOperationStatus: 'COMPLETED', ProcessedItemCount: 5000 })
    expect(await items()).toHaveLength(5000)
  })

  test('is listed, the latest first, and repeated by its token', async () => {
    const { cluster, client, start, ended } = await scene()
    const arns: (string | undefined)[] = []
    for (const ClientToken of ['1', '2', '3']) {
      const { BulkOperationArn } = (await start({ ClientToken })) ?? {}
      await ended(BulkOperationArn)
      arns.unshift(BulkOperationArn)
      await cluster.advance(10)
    }
    const page = await client.send(new ListBulkOperationsCommand({ MaxResults: 2 }))
    const rest = await client.send(new ListBulkOperationsCommand({ NextToken: page.NextToken }))
    const listed = [...(page.BulkOperationsSummaryList ?? []), ...(rest.BulkOperationsSummaryList ?? [])]
    expect(listed.map(({ BulkOperationArn }) => BulkOperationArn)).toEqual(arns)
    expect(rest.NextToken).toBeUndefined()
    expect((await start({ ClientToken: '1' }))?.BulkOperationArn).toBe(arns[2])
    expect((await refusal(start({ ClientToken: '1', MaxWriteRequestUnits: 2000 })))[0]).toBe(
      'IdempotentParameterMismatchException',
    )
  })

  test('from or to a bucket that is not there fails', async () => {
    const { start, ended } = await scene()
    const done = await ended(
      (await start({ OutputS3Configuration: { S3Bucket: 'nowhere', OutputType: ['ERROR'] } }))?.BulkOperationArn,
    )
    expect(done).toMatchObject({ BulkOperationStatus: 'FAILED', FailureCode: 'S3NoSuchBucket' })
    expect((await refusal(start({ MaxWriteRequestUnits: 1000 })))[0]).toBe('ValidationException')
    expect((await refusal(start({ OutputS3Configuration: { OutputType: ['ERROR'] } })))[0]).toBe('ValidationException')
  })
})
