/** Amazon's own DAX client for JavaScript, unmodified, against the DAX front of a cache before a region. */
import { type AttributeValue, CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { Dax } from '@amazon-dax-sdk/client-dax'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { canonicalNumber } from '../../src/core/attribute/number.ts'
import { type CachedRegion, cachedRegion } from './cached-region.ts'

type Item = Record<string, AttributeValue>

let world: CachedRegion
let dax: Dax

async function makeTable(TableName: string, key: Record<string, 'S' | 'N' | 'B'>): Promise<void> {
  const names = Object.keys(key)
  await world.region.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        ...names.map((name) => ({ AttributeName: name, AttributeType: key[name] as 'S' })),
        { AttributeName: 'color', AttributeType: 'S' as const },
      ],
      KeySchema: names.map((AttributeName, n) => ({ AttributeName, KeyType: n === 0 ? 'HASH' : 'RANGE' })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'colors',
          KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  )
}

beforeAll(async () => {
  world = await cachedRegion({ dax: {} })
  await makeTable('Words', { pk: 'S' })
  await makeTable('Numbers', { pk: 'N' })
  await makeTable('Bytes', { pk: 'B' })
  await makeTable('WordsByNumber', { pk: 'S', sk: 'N' })
  await makeTable('NumbersByBytes', { pk: 'N', sk: 'B' })
  dax = new Dax({
    endpoint: world.daxUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'anyone', secretAccessKey: 'anything' },
  })
})

afterEach(() => expect(world.logged).toEqual([]))

afterAll(async () => {
  shutDown(dax)
  await world.close()
})

const everything: Item = {
  text: { S: 'ünïcödé "quoted" 🙂' },
  empty: { S: '' },
  integer: { N: '42' },
  negative: { N: '-7' },
  decimal: { N: '-12.625' },
  long: { N: '12345678901234567890123456789012345678' },
  fine: { N: '0.1234567890123456789012345678901234567' },
  bytes: { B: Buffer.from([0, 1, 255]) },
  yes: { BOOL: true },
  no: { BOOL: false },
  nothing: { NULL: true },
  list: { L: [{ N: '1' }, { S: 'two' }, { L: [] }, { M: { deep: { NULL: true } } }] },
  map: { M: { a: { N: '1.5' }, 'b.c': { S: 'dotted' } } },
  words: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2.5'] },
  binaries: { BS: [Buffer.from([1]), Buffer.from([2, 3])] },
}

describe('items', () => {
  it.each<[string, Item]>([
    ['Words', { pk: { S: 'ä key' } }],
    ['Numbers', { pk: { N: '-12.5' } }],
    ['Numbers', { pk: { N: '98765432109876543210' } }],
    ['Bytes', { pk: { B: Buffer.from([0, 128, 255]) } }],
    ['WordsByNumber', { pk: { S: 'a' }, sk: { N: '0' } }],
    ['WordsByNumber', { pk: { S: 'a' }, sk: { N: '-1234567.89' } }],
    ['WordsByNumber', { pk: { S: 'a' }, sk: { N: '1000' } }],
    ['NumbersByBytes', { pk: { N: '3.25' }, sk: { B: Buffer.from([7, 0]) } }],
  ])('in %s come back as they were put, under %j', async (TableName, key) => {
    await dax.putItem({ TableName, Item: { ...key, ...everything } })
    const first = await dax.getItem({ TableName, Key: key })
    expect(plain(first.Item)).toEqual(plain({ ...key, ...everything }))
    const again = await dax.getItem({ TableName, Key: key })
    expect(plain(again.Item)).toEqual(plain({ ...key, ...everything }))
  })
})

describe('writes', () => {
  const Key = { pk: { S: 'w' }, sk: { N: '1' } }
  const TableName = 'WordsByNumber'
  const put = async (attributes: Item): Promise<void> =>
    void (await dax.putItem({ TableName, Item: { ...Key, ...attributes } }))

  it('update by every action, and return what was asked for', async () => {
    await put({
      count: { N: '1' },
      old: { S: 'x' },
      tags: { SS: ['a', 'b'] },
      list: { L: [{ S: 'one' }] },
      'odd name': { N: '5' },
    })
    const updated = await dax.updateItem({
      TableName,
      Key,
      UpdateExpression:
        'SET #c = #c + :one, list = list_append(list, :more), fresh = if_not_exists(fresh, :none), #odd = #odd - :one REMOVE old ADD total :one DELETE tags :tags',
      ConditionExpression:
        'attribute_exists(pk) AND (#c = :one OR NOT size(list) > :two) AND #c BETWEEN :one AND :two AND old IN (:x, :y)',
      ExpressionAttributeNames: { '#c': 'count', '#odd': 'odd name' },
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':two': { N: '2' },
        ':more': { L: [{ S: 'two' }] },
        ':none': { NULL: true },
        ':tags': { SS: ['a'] },
        ':x': { S: 'x' },
        ':y': { S: 'y' },
      },
      ReturnValues: 'ALL_NEW',
    })
    expect(updated.Attributes).toEqual({
      ...Key,
      count: { N: '2' },
      total: { N: '1' },
      tags: { SS: ['b'] },
      list: { L: [{ S: 'one' }, { S: 'two' }] },
      fresh: { NULL: true },
      'odd name': { N: '4' },
    })
    const found = await dax.getItem({ TableName, Key })
    expect(found.Item).toEqual(updated.Attributes)
  })

  it.each(['UPDATED_NEW', 'UPDATED_OLD', 'ALL_OLD'] as const)('return %s', async (ReturnValues) => {
    await put({ a: { N: '1' }, b: { M: { c: { N: '2' } } } })
    const { Attributes } = await dax.updateItem({
      TableName,
      Key,
      UpdateExpression: 'SET a = :v, b.c = :v',
      ExpressionAttributeValues: { ':v': { N: '9' } },
      ReturnValues,
    })
    const [a, c] = ReturnValues === 'UPDATED_NEW' ? ['9', '9'] : ['1', '2']
    expect(Attributes).toEqual({ ...(ReturnValues === 'ALL_OLD' ? Key : {}), a: { N: a }, b: { M: { c: { N: c } } } })
  })

  it('put and delete return what was there', async () => {
    await put({ v: { N: '1' } })
    const { Attributes: before } = await dax.putItem({
      TableName,
      Item: { ...Key, v: { N: '2' } },
      ReturnValues: 'ALL_OLD',
    })
    expect(before).toEqual({ ...Key, v: { N: '1' } })
    const { Attributes: gone } = await dax.deleteItem({ TableName, Key, ReturnValues: 'ALL_OLD' })
    expect(gone).toEqual({ ...Key, v: { N: '2' } })
    expect((await dax.deleteItem({ TableName, Key, ReturnValues: 'ALL_OLD' })).Attributes).toBeUndefined()
    expect((await dax.getItem({ TableName, Key })).Item).toBeUndefined()
  })

  it('say what they consumed, and how large an item collection may be', async () => {
    const { ConsumedCapacity } = await dax.putItem({
      TableName,
      Item: { ...Key, color: { S: 'red' } },
      ReturnConsumedCapacity: 'INDEXES',
    })
    expect(ConsumedCapacity).toEqual({
      TableName,
      CapacityUnits: 2,
      Table: { CapacityUnits: 1 },
      GlobalSecondaryIndexes: { colors: { CapacityUnits: 1 } },
    })
  })
})

describe('what is refused', () => {
  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'a condition that fails',
      () => dax.putItem({ TableName: 'Words', Item: { pk: { S: 'c' } }, ConditionExpression: 'attribute_exists(pk)' }),
      'ConditionalCheckFailedException',
      /The conditional request failed/,
    ],
    [
      'a table that is not there',
      () => dax.getItem({ TableName: 'Nowhere', Key: { pk: { S: 'c' } } }),
      'ResourceNotFoundException',
      /Requested resource not found: Table: Nowhere not found/,
    ],
    [
      'an update of a key',
      () =>
        dax.updateItem({
          TableName: 'Words',
          Key: { pk: { S: 'c' } },
          UpdateExpression: 'SET pk = :v',
          ExpressionAttributeValues: { ':v': { S: 'd' } },
        }),
      'ValidationException',
      /Cannot update attribute pk\. This attribute is part of the key/,
    ],
    [
      'a number that is too large',
      () => dax.putItem({ TableName: 'Words', Item: { pk: { S: 'c' }, n: { N: '1e126' } } }),
      'ValidationException',
      /Number overflow/,
    ],
    [
      'a query without its partition',
      () =>
        dax.query({
          TableName: 'Words',
          KeyConditionExpression: 'other = :v',
          ExpressionAttributeValues: { ':v': { S: 'x' } },
        }),
      'ValidationException',
      /Query condition missed key schema element: pk/,
    ],
  ])('%s', async (_, act, code, message) => {
    await expect(act()).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
  })
})

describe('reads of many', () => {
  const TableName = 'WordsByNumber'
  const rows = Array.from({ length: 7 }, (_, n) => ({
    pk: { S: 'rows' },
    sk: { N: String(n - 3) },
    color: { S: n % 2 === 0 ? 'blue' : 'green' },
    doc: { M: { list: { L: [{ N: String(n) }, { M: { x: { S: 'y' } } }, { S: 'third' }] }, other: { BOOL: true } } },
  }))

  beforeAll(async () => {
    await dax.batchWriteItem({ RequestItems: { [TableName]: rows.map((Item) => ({ PutRequest: { Item } })) } })
  })

  const query = { TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'rows' } } }

  it('query in pages, each way', async () => {
    const sorted: unknown[] = []
    let ExclusiveStartKey: Item | undefined
    do {
      const page: { Items?: Item[] | undefined; LastEvaluatedKey?: Item | undefined } = await dax.query({
        ...query,
        Limit: 3,
        ScanIndexForward: false,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      })
      sorted.push(...(page.Items ?? []))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    expect(sorted).toEqual(rows.toReversed())
  })

  it('query an index in pages', async () => {
    const first = await dax.query({
      TableName,
      IndexName: 'colors',
      KeyConditionExpression: 'color = :c',
      ExpressionAttributeValues: { ':c': { S: 'green' } },
      Limit: 2,
    })
    const second = await dax.query({
      TableName,
      IndexName: 'colors',
      KeyConditionExpression: 'color = :c',
      ExpressionAttributeValues: { ':c': { S: 'green' } },
      ExclusiveStartKey: first.LastEvaluatedKey,
    })
    const found = [...(first.Items ?? []), ...(second.Items ?? [])] as Item[]
    expect(found.toSorted((a, b) => Number(a['sk']?.N) - Number(b['sk']?.N))).toEqual(
      rows.filter(({ color }) => color.S === 'green'),
    )
  })

  it('query with a filter, a range and a projection', async () => {
    const { Items, Count, ScannedCount } = await dax.query({
      TableName,
      KeyConditionExpression: 'pk = :p AND sk BETWEEN :from AND :to',
      FilterExpression: 'color = :c AND begins_with(color, :b)',
      ProjectionExpression: 'sk, doc.#l[1].x, doc.#l[0], doc.absent',
      ExpressionAttributeNames: { '#l': 'list' },
      ExpressionAttributeValues: {
        ':p': { S: 'rows' },
        ':from': { N: '-2' },
        ':to': { N: '3' },
        ':c': { S: 'blue' },
        ':b': { S: 'bl' },
      },
    })
    expect([Count, ScannedCount]).toEqual([3, 6])
    expect(Items).toEqual(
      ['-1', '1', '3'].map((sk) => ({
        sk: { N: sk },
        doc: { M: { list: { L: [{ N: String(Number(sk) + 3) }, { M: { x: { S: 'y' } } }] } } },
      })),
    )
  })

  it('count, and scan in segments', async () => {
    const counted = await dax.query({ ...query, Select: 'COUNT' })
    expect(counted).toMatchObject({ Count: 7, ScannedCount: 7 })
    const found = await Promise.all(
      [0, 1].map((Segment) =>
        dax.scan({
          TableName,
          TotalSegments: 2,
          Segment,
          FilterExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: 'rows' } },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    )
    expect(found.reduce((sum, { Count = 0 }) => sum + Count, 0)).toBe(7)
    expect(found[0]?.ConsumedCapacity?.TableName).toBe(TableName)
  })

  it('get a batch of two tables, absent keys and projections among them', async () => {
    await dax.putItem({ TableName: 'Words', Item: { pk: { S: 'batch' }, v: { N: '1' } } })
    const { Responses, UnprocessedKeys, ConsumedCapacity } = await dax.batchGetItem({
      RequestItems: {
        [TableName]: {
          Keys: rows.slice(0, 2).map(({ pk, sk }) => ({ pk, sk })),
          ProjectionExpression: 'sk, doc.other',
        },
        Words: { Keys: [{ pk: { S: 'batch' } }, { pk: { S: 'nothing' } }], ConsistentRead: true },
      },
      ReturnConsumedCapacity: 'TOTAL',
    })
    expect(UnprocessedKeys).toEqual({})
    expect(Responses?.['Words']).toEqual([{ pk: { S: 'batch' }, v: { N: '1' } }])
    expect((Responses?.[TableName] ?? []).toSorted((a, b) => Number(a['sk']?.N) - Number(b['sk']?.N))).toEqual(
      ['-3', '-2'].map((sk) => ({ sk: { N: sk }, doc: { M: { other: { BOOL: true } } } })),
    )
    expect(ConsumedCapacity?.map(({ TableName: name }) => name).toSorted()).toEqual(['Words', TableName].toSorted())
  })

  it('write a batch that puts and deletes', async () => {
    const key = { pk: { S: 'bw' }, sk: { N: '0.001' } }
    await dax.putItem({ TableName, Item: key })
    const { UnprocessedItems } = await dax.batchWriteItem({
      RequestItems: {
        [TableName]: [
          { DeleteRequest: { Key: key } },
          { PutRequest: { Item: { ...key, sk: { N: '2' }, v: { S: 'put' } } } },
        ],
      },
      ReturnConsumedCapacity: 'TOTAL',
    })
    expect(UnprocessedItems).toEqual({})
    expect((await dax.getItem({ TableName, Key: key })).Item).toBeUndefined()
    expect((await dax.getItem({ TableName, Key: { ...key, sk: { N: '2' } } })).Item?.['v']).toEqual({ S: 'put' })
  })
})

describe('transactions', () => {
  const key = (pk: string): Item => ({ pk: { S: pk } })
  const TableName = 'Words'

  it('write all or nothing, and read together', async () => {
    await dax.putItem({ TableName, Item: { ...key('t1'), v: { N: '1' } } })
    await dax.putItem({ TableName, Item: key('t3') })
    await dax.transactWriteItems({
      TransactItems: [
        {
          Update: {
            TableName,
            Key: key('t1'),
            UpdateExpression: 'ADD v :n',
            ExpressionAttributeValues: { ':n': { N: '2' } },
          },
        },
        { Put: { TableName, Item: { ...key('t2'), v: { S: 'new' }, w: { BOOL: false } } } },
        { Delete: { TableName, Key: key('t3') } },
        {
          ConditionCheck: {
            TableName: 'Numbers',
            Key: { pk: { N: '999' } },
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        },
      ],
      ReturnConsumedCapacity: 'TOTAL',
    })
    const { Responses } = await dax.transactGetItems({
      TransactItems: [
        { Get: { TableName, Key: key('t1') } },
        { Get: { TableName, Key: key('t2'), ProjectionExpression: 'v' } },
        { Get: { TableName, Key: key('t3') } },
      ],
    })
    expect(Responses).toEqual([{ Item: { ...key('t1'), v: { N: '3' } } }, { Item: { v: { S: 'new' } } }, {}])
  })

  it('tell why each part was cancelled', async () => {
    await dax.putItem({ TableName, Item: { ...key('held'), v: { N: '1' } } })
    const cancelled = dax.transactWriteItems({
      TransactItems: [
        { Put: { TableName, Item: key('other') } },
        {
          Put: {
            TableName,
            Item: key('held'),
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
      ],
    })
    await expect(cancelled).rejects.toMatchObject({
      code: 'TransactionCanceledException',
      message: expect.stringContaining('[None, ConditionalCheckFailed]') as string,
      cancellationReasons: [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { ...key('held'), v: { N: '1' } },
        },
      ],
    })
    expect((await dax.getItem({ TableName, Key: key('other') })).Item).toBeUndefined()
  })
})

describe('what the cache keeps', () => {
  const TableName = 'WordsByNumber'

  it('answers items, absent items and pages again, and counts it', async () => {
    const Key = { pk: { S: 'kept' }, sk: { N: '1' } }
    const get = async (): Promise<unknown> => (await dax.getItem({ TableName, Key })).Item
    const page = { TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'kept' } } }
    const { figures } = world.cache
    const asked = world.asked.length
    const [hits, misses] = [figures.itemHits, figures.itemMisses]
    expect(await get()).toBeUndefined()
    expect(await get()).toBeUndefined()
    expect([figures.itemHits - hits, figures.itemMisses - misses]).toEqual([1, 1])
    const pageHits = figures.queryHits
    expect((await dax.query(page)).Count).toBe(0)
    expect((await dax.query(page)).Count).toBe(0)
    expect(figures.queryHits - pageHits).toBe(1)
    expect(world.asked.length - asked).toBe(2)
    await dax.putItem({ TableName, Item: { ...Key, v: { S: 'now' } } })
    expect(await get()).toEqual({ ...Key, v: { S: 'now' } })
    expect(figures.requestsOf('GetItem')).toBeGreaterThan(0)
  })

  it('follows what the region tells of writes elsewhere', async () => {
    const Key = { pk: { S: 'told' }, sk: { N: '1' } }
    await dax.putItem({ TableName, Item: { ...Key, v: { N: '1' } } })
    const read = async (): Promise<unknown> => (await dax.getItem({ TableName, Key })).Item?.['v']
    expect(await read()).toEqual({ N: '1' })
    await world.region.send(new PutItemCommand({ TableName, Item: { ...Key, v: { N: '2' } } }))
    // Within a second: what is kept is answered for two, unless the region has told of a change.
    await expect.poll(read, { timeout: 1000 }).toEqual({ N: '2' })
  })
})

describe('a cache in mode dax', () => {
  it('answers what was written elsewhere only when the time is up', async () => {
    const faithful = await cachedRegion({ mode: 'dax', dax: {} })
    const client = new Dax({
      endpoint: faithful.daxUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    })
    try {
      await faithful.region.send(
        new CreateTableCommand({
          TableName: 'Old',
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        }),
      )
      const read = async (ConsistentRead: boolean): Promise<unknown> =>
        (await client.getItem({ TableName: 'Old', Key: { pk: { S: 'a' } }, ConsistentRead })).Item?.['v']
      await client.putItem({ TableName: 'Old', Item: { pk: { S: 'a' }, v: { N: '1' } } })
      await faithful.region.send(new PutItemCommand({ TableName: 'Old', Item: { pk: { S: 'a' }, v: { N: '2' } } }))
      expect([await read(false), await read(true), await read(false)]).toEqual([{ N: '1' }, { N: '2' }, { N: '1' }])
    } finally {
      shutDown(client)
      await faithful.close()
    }
  })
})

/** Its types leave it out. */
function shutDown(client: Dax): void {
  ;(client as unknown as { shutdown(): void }).shutdown()
}

/** The client gives bytes as Buffers, and writes long numbers with an exponent. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, each: unknown) => {
    if (name === 'N') return canonicalNumber(each as string)
    if (name === 'NS') return (each as unknown[]).map((number) => canonicalNumber(String(number)))
    return each
  }) as unknown
}
