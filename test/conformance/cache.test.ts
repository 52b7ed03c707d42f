import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CachedRegion, cachedRegion } from './cached-region.ts'
import { call } from './raw-request.ts'
import { refusal, tableName } from './region.ts'
import { eventually } from '../replication/eventually.ts'
import { differs } from '../differences/difference.ts'

const key = (pk: string, sk: number) => ({ pk: { S: pk }, sk: { N: String(sk) } })

async function makeTable({ region }: CachedRegion, TableName = tableName()): Promise<string> {
  await region.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
        { AttributeName: 'color', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'colors',
          KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  )
  await waitUntilTableExists({ client: region, maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.1 }, { TableName })
  return TableName
}

describe('the SDK through a cache', () => {
  let world: CachedRegion
  let TableName: string

  beforeAll(async () => {
    world = await cachedRegion()
    TableName = await makeTable(world)
  })

  afterEach(() => expect(world.logged).toEqual([]))
  afterAll(() => world.close())

  const get = async (pk: string, sk: number, more: Partial<GetItemCommandInput> = {}, client = world.cached) =>
    await client.send(new GetItemCommand({ TableName, Key: key(pk, sk), ReturnConsumedCapacity: 'TOTAL', ...more }))

  /** What reached the region meanwhile. */
  const asked = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const before = world.asked.length
    await work()
    return world.asked.slice(before)
  }

  it('answers a hit as the region does, without capacity', async () => {
    await world.region.send(
      new PutItemCommand({ TableName, Item: { ...key('hit', 1), text: { S: 'ünïcödé "quoted" 🙂' } } }),
    )
    const first = await get('hit', 1)
    expect(first.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 0.5 })
    expect(await asked(() => get('hit', 1))).toEqual([])
    const hit = await get('hit', 1, { ReturnConsumedCapacity: 'INDEXES' })
    expect(hit.Item).toEqual(first.Item)
    expect(hit.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 0, Table: { CapacityUnits: 0 } })
    expect((await get('hit', 1, { ReturnConsumedCapacity: 'NONE' })).ConsumedCapacity).toBeUndefined()
  })

  it('keeps that an item is not there, until it is written', async () => {
    expect((await get('absent', 1)).Item).toBeUndefined()
    expect(await asked(() => get('absent', 1))).toEqual([])
    await world.cached.send(new PutItemCommand({ TableName, Item: { ...key('absent', 1), n: { N: '1.50' } } }))
    const after = await get('absent', 1)
    expect([after.Item?.['n'], after.ConsumedCapacity?.CapacityUnits]).toEqual([{ N: '1.5' }, 0])
  })

  it('keeps what a write leaves when that is known, and asks again when it is not', async () => {
    const update = (more: object) =>
      world.cached.send(
        new UpdateItemCommand({
          TableName,
          Key: key('write', 1),
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ...more,
        }),
      )
    await get('write', 1)
    await update({ ReturnValues: 'ALL_NEW' })
    expect(await asked(() => get('write', 1))).toEqual([])
    await update({ ReturnValues: 'UPDATED_NEW' })
    expect((await get('write', 1)).Item?.['n']).toEqual({ N: '2' })
    await world.cached.send(new DeleteItemCommand({ TableName, Key: key('write', 1) }))
    expect(await asked(async () => expect((await get('write', 1)).Item).toBeUndefined())).toEqual([])
  })

  it('keeps nothing of a write that was refused', async () => {
    await world.cached.send(new PutItemCommand({ TableName, Item: { ...key('refused', 1), v: { S: 'first' } } }))
    const put = new PutItemCommand({
      TableName,
      Item: { ...key('refused', 1), v: { S: 'second' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    })
    expect((await refusal(world.cached.send(put)))[0]).toBe('ConditionalCheckFailedException')
    expect((await get('refused', 1)).Item?.['v']).toEqual({ S: 'first' })
  })

  it('passes strongly consistent and transactional reads on, and keeps none of them', async () => {
    await world.cached.send(new PutItemCommand({ TableName, Item: key('strong', 1) }))
    const transaction = new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: key('strong', 1) } }] })
    const reads = await asked(async () => {
      await get('strong', 1, { ConsistentRead: true })
      await get('strong', 1, { ConsistentRead: true })
      await get('strong', 2, { ConsistentRead: true })
      await world.cached.send(transaction)
      await get('strong', 2)
    })
    expect(reads).toEqual(['GetItem', 'GetItem', 'GetItem', 'TransactGetItems', 'GetItem'])
  })

  it('answers a part of an item from its whole, and refuses as the region does', async () => {
    const nested = { M: { innermost: { L: [{ S: 'a' }, { S: 'b' }] }, other: { S: 'x' } } }
    await world.cached.send(new PutItemCommand({ TableName, Item: { ...key('part', 1), nested } }))
    const parts = { ProjectionExpression: '#n.innermost[1], pk', ExpressionAttributeNames: { '#n': 'nested' } }
    const local = await get('part', 1, parts)
    expect(local.ConsumedCapacity?.CapacityUnits).toBe(0)
    expect(local.Item).toEqual((await get('part', 1, parts, world.region)).Item)
    expect((await get('part', 1, { AttributesToGet: ['sk'] })).Item).toEqual({ sk: { N: '1' } })
    for (const wrong of [
      { ProjectionExpression: 'pk, pk' },
      { ProjectionExpression: 'pk.inner' },
      { ProjectionExpression: '#missing' },
      { ProjectionExpression: 'pk', ExpressionAttributeNames: { '#unused': 'x' } },
      { ExpressionAttributeNames: { '#n': 'x' } },
      { ProjectionExpression: 'pk', AttributesToGet: ['pk'] },
      { ReturnConsumedCapacity: 'SOME' as 'TOTAL' },
      { Key: { pk: { S: 'part' } } },
      { Key: { ...key('part', 1), more: { S: 'x' } } },
      { Key: { pk: { S: 'part' }, sk: { S: '1' } } },
      { Key: { pk: { S: 'part' }, sk: { N: 'one' } } },
    ])
      expect(await refusal(get('part', 1, wrong)), JSON.stringify(wrong)).toEqual(
        await refusal(get('part', 1, wrong, world.region)),
      )
  })

  it('takes a number in a key for the same however it is written', async () => {
    await world.cached.send(new PutItemCommand({ TableName, Item: { pk: { S: 'number' }, sk: { N: '10' } } }))
    const reads = await asked(async () => {
      for (const N of ['10', '1e1', '10.00', '+10'])
        expect((await get('number', 0, { Key: { pk: { S: 'number' }, sk: { N } } })).Item, N).toBeDefined()
    })
    expect(reads).toEqual([])
  })

  it('answers a batch by what it has and asks for the rest only', async () => {
    for (const n of [1, 2, 3]) await world.region.send(new PutItemCommand({ TableName, Item: key('batch', n) }))
    await get('batch', 1)
    await get('batch', 4)
    const batch = (more: object = {}) =>
      world.cached.send(
        new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: [1, 2, 3, 4, 5].map((n) => key('batch', n)), ...more } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      )
    const numbers = (reply: Awaited<ReturnType<typeof batch>>) =>
      reply.Responses?.[TableName]?.map(({ sk }) => Number(sk?.N)).toSorted()
    const first = await batch()
    expect(numbers(first)).toEqual([1, 2, 3])
    expect(first.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 1.5 }])
    const reads = await asked(async () => {
      const second = await batch()
      expect(numbers(second)).toEqual([1, 2, 3])
      expect(second.ConsumedCapacity).toEqual([{ TableName, CapacityUnits: 0 }])
      expect((await get('batch', 2)).ConsumedCapacity?.CapacityUnits).toBe(0)
      expect((await get('batch', 5)).Item).toBeUndefined()
      expect(numbers(await batch({ ProjectionExpression: 'sk' }))).toEqual([1, 2, 3])
    })
    expect(reads).toEqual([])
    expect(await asked(() => batch({ ConsistentRead: true }))).toEqual(['BatchGetItem'])
  })

  it('keeps what batches and transactions write', async () => {
    await get('many', 2)
    await world.cached.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [
            { PutRequest: { Item: { ...key('many', 1), v: { S: 'one' } } } },
            { DeleteRequest: { Key: key('many', 2) } },
          ],
        },
      }),
    )
    await world.cached.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: { ...key('many', 3), v: { S: 'three' } } } },
          {
            Update: {
              TableName,
              Key: key('many', 4),
              UpdateExpression: 'SET v = :v',
              ExpressionAttributeValues: { ':v': { S: 'four' } },
            },
          },
          { ConditionCheck: { TableName, Key: key('many', 5), ConditionExpression: 'attribute_not_exists(pk)' } },
        ],
      }),
    )
    const values: unknown[] = []
    const reads = await asked(async () => {
      for (const n of [1, 2, 3, 4]) values.push((await get('many', n)).Item?.['v']?.S)
    })
    expect(values).toEqual(['one', undefined, 'three', 'four'])
    expect(reads).toEqual(['GetItem'])
  })

  it('keeps pages by all their parameters, and ends those that a change can be in', async () => {
    const query = (pk: string, more: object = {}) =>
      world.cached.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
          ReturnConsumedCapacity: 'TOTAL',
          ...more,
        }),
      )
    const ofColor = () =>
      world.cached.send(
        new QueryCommand({
          TableName,
          IndexName: 'colors',
          KeyConditionExpression: 'color = :c',
          ExpressionAttributeValues: { ':c': { S: 'red' } },
        }),
      )
    const scan = () => world.cached.send(new ScanCommand({ TableName, Select: 'COUNT' }))
    await world.region.send(new PutItemCommand({ TableName, Item: { ...key('page', 1), color: { S: 'red' } } }))
    await eventually('the log has told', async () => (await query('page')).Count === 1)
    await Promise.all([query('other'), ofColor(), scan(), query('page', { Limit: 1 })])
    const again = await asked(async () => {
      expect((await query('page')).ConsumedCapacity?.CapacityUnits).toBe(0)
      await Promise.all([query('other'), ofColor(), scan(), query('page', { Limit: 1 })])
    })
    expect(again).toEqual([])
    await world.cached.send(new PutItemCommand({ TableName, Item: { ...key('page', 2), color: { S: 'red' } } }))
    const after = await asked(async () => {
      expect((await query('page')).Count).toBe(2)
      expect((await ofColor()).Count).toBe(2)
      await scan()
      await query('other')
    })
    expect(after).toEqual(['Query', 'Query', 'Scan'])
  })

  it(differs('cache-coherent'), async () => {
    await get('around', 1)
    await world.region.send(new PutItemCommand({ TableName, Item: { ...key('around', 1), v: { S: 'new' } } }))
    await eventually('it is there', async () => (await get('around', 1)).Item?.['v']?.S === 'new')
  })

  it('makes one read of a thousand misses at once', async () => {
    const read = () => call(world.endpoint, 'GetItem', { TableName, Key: key('stampede', 1) })
    const reads = await asked(async () => {
      const replies = await Promise.all(Array.from({ length: 1000 }, read))
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    })
    expect(reads).toEqual(['GetItem'])
  })

  it('never answers one principal what another was answered', async () => {
    await get('mine', 1)
    const other = world.client({ credentials: { accessKeyId: 'other', secretAccessKey: 'x' } })
    expect(await asked(() => get('mine', 1, {}, other))).toEqual(['GetItem'])
    expect(await asked(() => get('mine', 1, {}, other))).toEqual([])
  })

  it(differs('cache-by-http'), async () => {
    const [name, message] = await refusal(world.cached.send(new DeleteTableCommand({ TableName })))
    expect([name, message]).toEqual([
      'UnknownOperationException',
      'The operation DeleteTable is not served by a cache, as by DAX: ask the region itself.',
    ])
  })

  it('answers nothing of a table that was deleted and made again', async () => {
    const name = await makeTable(world)
    const read = async () => (await world.cached.send(new GetItemCommand({ TableName: name, Key: key('a', 1) }))).Item
    await world.cached.send(new PutItemCommand({ TableName: name, Item: key('a', 1) }))
    expect(await read()).toBeDefined()
    await world.region.send(new DeleteTableCommand({ TableName: name }))
    await eventually(
      'it is gone',
      async () => (await refusal(read()).catch(() => ['']))[0] === 'ResourceNotFoundException',
    )
    const described = async () => await world.region.send(new DescribeTableCommand({ TableName: name }))
    await eventually(
      'its rows are gone, too',
      async () =>
        await described().then(
          () => false,
          () => true,
        ),
    )
    await makeTable(world, name)
    expect(await read()).toBeUndefined()
  })

  it('passes everything on while the log cannot be heard, and is as before afterwards', async () => {
    await get('cut', 1)
    world.line.state = 'reset'
    await eventually('it has noticed', () => !world.cache.serves)
    await world.region.send(new PutItemCommand({ TableName, Item: { ...key('cut', 1), v: { S: 'meanwhile' } } }))
    expect((await get('cut', 1)).Item?.['v']?.S).toBe('meanwhile')
    expect(await asked(() => get('cut', 1))).toEqual(['GetItem'])
    world.line.state = 'up'
    await eventually('it serves again', () => world.cache.serves)
    expect((await get('cut', 1)).Item?.['v']?.S).toBe('meanwhile')
    expect(await asked(() => get('cut', 1))).toEqual([])
    world.logged.length = 0
  })

  it('refuses keys that are longer than keys can be in the words of the region, by every operation', async () => {
    await get('known', 1)
    for (const length of [2049, 100_010]) {
      const Key = key('x'.repeat(length), 1)
      const requests = [
        new GetItemCommand({ TableName, Key }),
        new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key] } } }),
        new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key } }] }),
        new PutItemCommand({ TableName, Item: Key }),
        new DeleteItemCommand({ TableName, Key }),
        new UpdateItemCommand({ TableName, Key }),
        new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: Key } }] } }),
        new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: Key } }] }),
      ] as unknown as readonly GetItemCommand[]
      for (const request of requests) {
        const [type, message] = await refusal(world.region.send(request))
        expect([await refusal(world.cached.send(request)), request.constructor.name]).toEqual([
          [type, message],
          request.constructor.name,
        ])
        expect(type).toMatch(/^(ValidationException|TransactionCanceledException)$/)
      }
    }
  })
})

describe('a region that verifies signatures', () => {
  const credentials = new Map([['anyone', { accessKeyId: 'anyone', secretAccessKey: 'anything' }]])

  it('is answered for by a cache that verifies them too, of requests with the region’s or the cache’s own name', async () => {
    const world = await cachedRegion({ credentials, verifies: true })
    const TableName = await makeTable(world)
    const read = (client: DynamoDBClient, n: number) => client.send(new GetItemCommand({ TableName, Key: key('a', n) }))
    for (const n of [1, 2, 3]) await world.cached.send(new PutItemCommand({ TableName, Item: key('a', n) }))
    await world.region.send(new PutItemCommand({ TableName, Item: key('a', 4) }))
    expect((await read(world.cached, 1)).Item).toBeDefined()
    expect(world.asked).not.toContain('GetItem')
    const forger = world.client({ credentials: { accessKeyId: 'anyone', secretAccessKey: 'guessed' } })
    expect((await refusal(read(forger, 1)))[0]).toBe('InvalidSignatureException')
    // A batch of which a part is kept is another request: signed again.
    const Keys = [1, 2, 3, 4, 5].map((n) => key('a', n))
    const batch = await world.cached.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }))
    expect(batch.Responses?.[TableName]).toHaveLength(4)
    expect(world.asked).toContain('BatchGetItem')
    await world.close()
  })

  it('is never answered for by a cache that does not', async () => {
    const world = await cachedRegion({ credentials })
    const TableName = await makeTable(world)
    await world.cached.send(new PutItemCommand({ TableName, Item: key('a', 1) }))
    const read = (client: DynamoDBClient) => client.send(new GetItemCommand({ TableName, Key: key('a', 1) }))
    const forger = world.client({ credentials: { accessKeyId: 'anyone', secretAccessKey: 'guessed' } })
    const [own, forged] = await Promise.allSettled([read(world.cached), read(forger)])
    expect([own.status, forged.status]).toEqual(['fulfilled', 'rejected'])
    expect((await refusal(read(forger)))[0]).toBe('InvalidSignatureException')
    expect(world.asked.filter((name) => name === 'GetItem')).toHaveLength(3)
    await world.close()
  })
})

describe('a cache in mode dax', () => {
  it('shows what is written around it when the time is up', async () => {
    const world = await cachedRegion({ mode: 'dax', itemTtlMs: 400 })
    const TableName = await makeTable(world)
    const read = async () =>
      (await world.cached.send(new GetItemCommand({ TableName, Key: key('a', 1) }))).Item?.['v']?.S
    await world.cached.send(new PutItemCommand({ TableName, Item: { ...key('a', 1), v: { S: 'old' } } }))
    await world.region.send(new PutItemCommand({ TableName, Item: { ...key('a', 1), v: { S: 'new' } } }))
    expect(await read()).toBe('old')
    await eventually('its time is up', async () => (await read()) === 'new')
    await world.close()
  })

  it('that is full of hits answers none of them once its region asks policies', async () => {
    const world = await cachedRegion({ mode: 'dax', follows: true })
    const TableName = await makeTable(world)
    const read = async () => await world.cached.send(new GetItemCommand({ TableName, Key: key('a', 1) }))
    await world.cached.send(new PutItemCommand({ TableName, Item: key('a', 1) }))
    await read()
    expect(world.asked).not.toContain('GetItem')
    world.decides('policed')
    await eventually('the cache has heard of it', () => Promise.resolve(!world.cache.serves))
    await read()
    expect(world.asked).toContain('GetItem')
    await world.close()
  })
})
