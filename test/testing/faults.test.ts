/** Faults of the API as clients of the AWS SDK meet them, in the time of an embedded cluster. */
import { request } from 'node:http'
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Cluster, ClusterFaults } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'

const [TableName, IndexName] = ['orders', 'byState']
const tableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/orders'
let cluster: Cluster
let client: DynamoDBClient
/** It does not try again. */
let once: DynamoDBClient
let faults: ClusterFaults

beforeAll(async () => {
  cluster = await createCluster({ regions: ['us-east-1', 'eu-west-1'], clock: 'manual' })
  client = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 10 })
  once = new DynamoDBClient({ ...cluster.client('us-east-1'), maxAttempts: 1 })
  faults = cluster.region('us-east-1').faults
  await once.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: ['id', 'state'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: [
        {
          IndexName,
          KeySchema: [{ AttributeName: 'state', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  )
  await cluster.settle()
})

afterEach(() => faults.clear())
afterAll(async () => {
  client.destroy()
  once.destroy()
  await cluster.close()
})

const put = (id: string, state = 'new', by = once) =>
  by.send(new PutItemCommand({ TableName, Item: { id: { S: id }, state: { S: state } } }))
const get = async (id: string, ConsistentRead = false, by = once) =>
  (await by.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead }))).Item?.['state']?.S
/** By a client that no fault keeps from reading. */
const stored = async (id: string): Promise<string | undefined> => {
  faults.clear()
  return await get(id, true)
}

/** The request has arrived, and what it writes is durable. */
async function struckOnce(): Promise<void> {
  await vi.waitFor(() => expect(faults.list()[0]?.struck).toBe(1))
  await cluster.settle()
}

const refusalOf = (sent: Promise<unknown>): Promise<Record<string, unknown>> =>
  sent.then(
    () => ({ served: true }),
    (error: Record<string, unknown>) => ({
      name: error['name'],
      message: error['message'],
      status: (error['$metadata'] as { httpStatusCode?: number } | undefined)?.httpStatusCode,
      reasons: error['ThrottlingReasons'] ?? error['throttlingReasons'] ?? error['CancellationReasons'],
      code: error['code'],
    }),
  )

describe('throttles', () => {
  test('in AWS’s words, by the billing mode of the table', async () => {
    faults.set({ kind: 'throttle', tables: TableName, operations: 'PutItem' })
    expect(await refusalOf(put('a'))).toMatchObject({
      name: 'ThrottlingException',
      status: 400,
      message: expect.stringContaining('exceeds the current capacity of your table or index') as string,
      reasons: [{ reason: 'TableWriteKeyRangeThroughputExceeded', resource: tableArn }],
    })
    expect(await stored('a')).toBeUndefined()
  })

  test('for the cause that was asked for', async () => {
    faults.set({ kind: 'throttle', reason: 'AccountLimit' })
    expect(await refusalOf(get('a'))).toMatchObject({
      name: 'RequestLimitExceeded',
      reasons: [{ reason: 'TableReadAccountLimitExceeded', resource: tableArn }],
    })
    expect(await refusalOf(once.send(new ListTablesCommand({})))).toMatchObject({ name: 'ThrottlingException' })
  })

  test('of an index: reads by it, and writes that change it', async () => {
    faults.set({ kind: 'throttle', indexes: IndexName })
    const query = new QueryCommand({
      TableName,
      IndexName,
      KeyConditionExpression: '#s = :s',
      ExpressionAttributeNames: { '#s': 'state' },
      ExpressionAttributeValues: { ':s': { S: 'new' } },
    })
    const resource = `${tableArn}/index/${IndexName}`
    expect(await refusalOf(once.send(query))).toMatchObject({
      reasons: [{ reason: 'IndexReadKeyRangeThroughputExceeded', resource }],
    })
    expect(await refusalOf(put('a'))).toMatchObject({
      reasons: [{ reason: 'IndexWriteKeyRangeThroughputExceeded', resource }],
    })
    expect(await get('a')).toBeUndefined()
  })

  test('the SDK’s own retries come through, and the count says what was struck', async () => {
    faults.set({ kind: 'throttle', operations: ['PutItem'], share: '40%', seed: 5 })
    await Promise.all(Array.from({ length: 8 }, (_, n) => put(`retried ${n}`, 'done', client)))
    const [fault] = faults.list()
    expect(fault?.met).toBe((fault?.struck ?? 0) + 8)
    expect(fault?.struck).toBeGreaterThan(2)
    expect(await stored('retried 7')).toBe('done')
  })

  test('of some keys only; those of a batch come back unprocessed', async () => {
    faults.set({ kind: 'throttle', keyPrefix: 'hot' })
    await put('cold 1')
    expect(await refusalOf(put('hot 1'))).toMatchObject({ name: 'ThrottlingException' })
    const requests = ['cold 2', 'hot 2'].map((id) => ({ PutRequest: { Item: { id: { S: id }, state: { S: 'x' } } } }))
    const { UnprocessedItems } = await once.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }))
    expect(UnprocessedItems?.[TableName]?.map(({ PutRequest }) => PutRequest?.Item?.['id']?.S)).toEqual(['hot 2'])
  })

  test('a hash range is a segment of a parallel scan', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `segment ${n}`)
    for (const id of ids) await put(id, 'segmented')
    const scan = new ScanCommand({ TableName, Segment: 0, TotalSegments: 4 })
    const inFirst = new Set((await once.send(scan)).Items?.map(({ id }) => id?.S))
    faults.set({ kind: 'throttle', operations: 'GetItem', hashes: '0%..25%' })
    for (const id of ids)
      expect([id, (await refusalOf(get(id)))['name']]).toEqual([
        id,
        inFirst.has(id) ? 'ThrottlingException' : undefined,
      ])
  })
})

describe('failures', () => {
  test.each([
    ['error', 'InternalServerError', 500],
    ['unavailable', 'ServiceUnavailableException', 503],
  ] as const)('%s: nothing is done, unless it strikes after the request', async (kind, name, status) => {
    faults.set({ kind })
    expect(await refusalOf(put(kind, 'before'))).toMatchObject({ name, status })
    expect(await stored(kind)).toBeUndefined()
    faults.set({ kind, after: true })
    expect(await refusalOf(put(kind, 'after'))).toMatchObject({ name, status })
    expect(await stored(kind)).toBe('after')
  })

  test('a reset loses the answer of a write that is done, and the SDK’s retry writes again', async () => {
    faults.set({ kind: 'reset', after: true, operations: 'UpdateItem', share: 0.5, seed: 1 })
    const add = () =>
      new UpdateItemCommand({
        TableName,
        Key: { id: { S: 'counter' } },
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      })
    for (let n = 0; n < 10; n++) await client.send(add())
    const [fault] = faults.list()
    faults.clear()
    const { Item } = await once.send(new GetItemCommand({ TableName, Key: { id: { S: 'counter' } } }))
    // The trap of a retried increment, as on AWS.
    expect(fault?.struck).toBeGreaterThan(0)
    expect(Number(Item?.['n']?.N)).toBe(10 + (fault?.struck ?? 0))
    expect(await refusalOf(put('counter'))).toEqual({ served: true })
  })

  test.each([false, true])('a time-out keeps the request for its time (after: %s)', async (after) => {
    faults.set({ kind: 'timeout', hold: '20s', after })
    const sent = refusalOf(put(`timeout ${after}`, 'written'))
    await struckOnce()
    await cluster.advance('19s')
    await expect(Promise.race([sent, Promise.resolve('waiting')])).resolves.toBe('waiting')
    await cluster.advance('2s')
    expect(await sent).toMatchObject({ code: 'ECONNRESET' })
    expect(await stored(`timeout ${after}`)).toBe(after ? 'written' : undefined)
  })

  test('slowness takes its time, and ends at once when the fault is cleared', async () => {
    faults.set({ kind: 'slow', delay: '100ms..200ms' })
    const sent = get('a').then(() => 'answered')
    await struckOnce()
    await cluster.advance(99)
    await expect(Promise.race([sent, Promise.resolve('waiting')])).resolves.toBe('waiting')
    await cluster.advance(102)
    expect(await sent).toBe('answered')
    faults.clear()
    faults.set({ kind: 'slow', delay: '4m' })
    const cleared = get('a').then(() => 'answered')
    await struckOnce()
    faults.clear()
    expect(await cleared).toBe('answered')
  })
})

describe('stale reads', () => {
  test('eventual reads answer with what was there, strong ones with what is', async () => {
    await put('stale', 'old')
    faults.set({ kind: 'stale', age: '5s' })
    await cluster.advance('1s')
    await put('stale', 'young')
    await put('stale, and new', 'young')
    expect(await get('stale')).toBe('old')
    expect(await get('stale, and new')).toBeUndefined()
    expect(await get('stale', true)).toBe('young')
    const scanned = await once.send(new ScanCommand({ TableName, IndexName }))
    const states = scanned.Items?.filter(({ id }) => id?.S?.startsWith('stale')).map(({ state }) => state?.S)
    expect(states).toEqual(['old'])
    const keys = { Keys: [{ id: { S: 'stale' } }] }
    const batch = await once.send(new BatchGetItemCommand({ RequestItems: { [TableName]: keys } }))
    expect(batch.Responses?.[TableName]?.[0]?.['state']?.S).toBe('old')
    await cluster.advance('6s')
    expect(await get('stale')).toBe('young')
  })
})

describe('batches and transactions', () => {
  test('a part of a batch is left, and a loop gets all of it done', async () => {
    faults.set({ kind: 'partial', items: '50%', seed: 2 })
    let rest = Array.from({ length: 20 }, (_, n) => ({
      PutRequest: { Item: { id: { S: `batch ${n}` }, state: { S: 'x' } } },
    }))
    let rounds = 0
    for (; rest.length > 0; rounds++) {
      const sent = new BatchWriteItemCommand({ RequestItems: { [TableName]: rest } })
      const { UnprocessedItems = {} } = await once.send(sent)
      rest = (UnprocessedItems[TableName] ?? []) as typeof rest
    }
    expect(rounds).toBeGreaterThan(2)
    const keys = Array.from({ length: 20 }, (_, n) => ({ id: { S: `batch ${n}` } }))
    const found = await once.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys } } }))
    const left = found.UnprocessedKeys?.[TableName]?.Keys?.length ?? 0
    expect(left).toBeGreaterThan(0)
    expect((found.Responses?.[TableName]?.length ?? 0) + left).toBe(20)
  })

  test('a conflict is told of the items that it is of', async () => {
    faults.set({ kind: 'conflict', keyPrefix: 'busy' })
    const Put = (id: string) => ({ Put: { TableName, Item: { id: { S: id }, state: { S: 'x' } } } })
    const reasons = [{ Code: 'None' }, { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item.' }]
    const transaction = new TransactWriteItemsCommand({ TransactItems: [Put('idle'), Put('busy 1')] })
    expect(await refusalOf(once.send(transaction))).toMatchObject({ name: 'TransactionCanceledException', reasons })
    const Get = (id: string) => ({ Get: { TableName, Key: { id: { S: id } } } })
    const reading = new TransactGetItemsCommand({ TransactItems: [Get('idle'), Get('busy 1')] })
    expect(await refusalOf(once.send(reading))).toMatchObject({ name: 'TransactionCanceledException', reasons })
    expect(await refusalOf(put('busy 1'))).toMatchObject({ name: 'TransactionConflictException' })
    expect(await get('busy 1')).toBeUndefined()
    expect(await stored('idle')).toBeUndefined()
  })
})

describe('over a socket', () => {
  const ask = async (headers: Readonly<Record<string, string>>): Promise<string> => {
    const url = await cluster.endpoint('us-east-1')
    const authorization =
      'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0'
    const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0' }
    const sent = request(url, {
      method: 'POST',
      headers: { ...target, 'x-amz-date': '20260101T000000Z', authorization, ...headers },
    })
    sent.end('{}')
    return await new Promise((resolve) => {
      sent.on('response', (response) => resolve(`${response.resume().statusCode}`))
      sent.on('error', (error) => resolve(error.message))
    })
  }

  test.each([
    ['read from its socket', { 'content-length': '2' }],
    ['read by node:http', { 'transfer-encoding': 'chunked' }],
  ])('a request that is %s is cut off without an answer', async (_, headers) => {
    expect(await ask(headers)).toBe('200')
    faults.set({ kind: 'reset' })
    expect(await ask(headers)).toBe('read ECONNRESET')
    faults.clear()
    faults.set({ kind: 'timeout', hold: 0 })
    expect(await ask(headers)).toBe('socket hang up')
    faults.clear()
    expect(await ask(headers)).toBe('200')
  })
})

test('a fault ends by itself, and with the process of its region', async () => {
  faults.set({ kind: 'error', for: '10s', owner: 'me' })
  expect(faults.list()).toMatchObject([{ owner: 'me', kind: 'error', what: 'error: all requests' }])
  await cluster.advance('11s')
  expect(await refusalOf(put('ended'))).toEqual({ served: true })
  expect(faults.list()).toEqual([])
  faults.set({ kind: 'error' })
  cluster.region('us-east-1').kill()
  await cluster.region('us-east-1').restart()
  expect(await refusalOf(put('restarted'))).toEqual({ served: true })
})

test('what cannot be set says why', () => {
  const refused = (fault: object): unknown => {
    try {
      faults.set(fault as Parameters<ClusterFaults['set']>[0])
      return 'set'
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(refused({ kind: 'slow' })).toContain('delay: a delay such as 50ms is wanted')
  expect(refused({ kind: 'throttle', after: true })).toContain('after: a fault of the kind throttle has none')
  expect(refused({ kind: 'error', share: '120%' })).toContain('share: a share such as 20% is wanted')
  expect(refused({ kind: 'error', operations: ['PutItems'] })).toContain('names of operations such as PutItem')
  expect(refused({ kind: 'error', hashes: '50%..20%' })).toContain('0%..25%')
  expect(refused({ kind: 'nonsense' })).toContain('kind must be one of throttle')
  expect(refused({ kind: 'error', for: '2d' })).toContain('for must be at most')
})
