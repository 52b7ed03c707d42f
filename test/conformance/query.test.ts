import { type AttributeValue, BatchWriteItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal, type TestRegion, testRegion } from './region.ts'

type Item = Record<string, AttributeValue>

let region: TestRegion
let TableName: string
beforeAll(async () => {
  region = await testRegion()
  const names = ['pk', 'sk', 'color', 'size'] as const
  TableName = await region.createTable({
    AttributeDefinitions: names.map((AttributeName) => ({
      AttributeName,
      AttributeType: AttributeName === 'sk' || AttributeName === 'size' ? 'N' : 'S',
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'by-size',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'size', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-color',
        KeySchema: [
          { AttributeName: 'color', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['size'] },
      },
    ],
  })
  const items = Array.from({ length: 20 }, (_, n) => ({
    pk: { S: n < 10 ? 'a' : 'b' },
    sk: { N: String(n) },
    size: { N: String(100 - n) },
    note: { S: `note ${n}` },
    ...(n % 2 === 0 ? { color: { S: 'red' } } : {}),
  }))
  for (const half of [items.slice(0, 10), items.slice(10)])
    await region.client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: half.map((Item) => ({ PutRequest: { Item } })) } }),
    )
})
afterAll(() => region.close())

const query = (more: object) =>
  region.client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :a',
      ExpressionAttributeValues: { ':a': { S: 'a' } },
      ...more,
    }),
  )
const scan = (more: object = {}) => region.client.send(new ScanCommand({ TableName, ...more }))
const numbers = (reply: { readonly Items?: Item[] | undefined }) => (reply.Items ?? []).map(({ sk }) => Number(sk?.N))
const bad = (message: string) => ['ValidationException', message]

describe('Query', () => {
  test('answers a partition in the order of its sort key', async () => {
    const reply = await query({})
    expect(numbers(reply)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(reply).toMatchObject({ Count: 10, ScannedCount: 10 })
    expect(reply.LastEvaluatedKey).toBeUndefined()
    expect(numbers(await query({ ScanIndexForward: false }))).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
  })

  test.each([
    ['sk = :x', [4]],
    ['sk < :x', [0, 1, 2, 3]],
    ['sk <= :x', [0, 1, 2, 3, 4]],
    ['sk > :x', [5, 6, 7, 8, 9]],
    ['sk >= :x', [4, 5, 6, 7, 8, 9]],
    ['sk BETWEEN :x AND :y', [4, 5, 6]],
  ])('takes the sort condition %s', async (condition, expected) => {
    const values = { ':a': { S: 'a' }, ':x': { N: '4' }, ...(condition.includes(':y') ? { ':y': { N: '6' } } : {}) }
    const reply = await query({ KeyConditionExpression: `pk = :a AND ${condition}`, ExpressionAttributeValues: values })
    expect(numbers(reply)).toEqual(expected)
  })

  test('takes the older KeyConditions', async () => {
    const KeyConditions = {
      pk: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'a' }] },
      sk: { ComparisonOperator: 'GE', AttributeValueList: [{ N: '7' }] },
    }
    const reply = await query({
      KeyConditionExpression: undefined,
      ExpressionAttributeValues: undefined,
      KeyConditions,
      QueryFilter: { note: { ComparisonOperator: 'NE', AttributeValueList: [{ S: 'note 8' }] } },
    })
    expect(numbers(reply)).toEqual([7, 9])
    expect(reply.ScannedCount).toBe(3)
  })

  test('pages with Limit, forwards and backwards', async () => {
    for (const ScanIndexForward of [true, false]) {
      const seen: number[] = []
      let ExclusiveStartKey: Item | undefined
      do {
        const reply = await query({ Limit: 3, ScanIndexForward, ExclusiveStartKey })
        seen.push(...numbers(reply))
        ExclusiveStartKey = reply.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      const expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
      expect(seen).toEqual(ScanIndexForward ? expected : expected.toReversed())
    }
  })

  test('filters after Limit has counted', async () => {
    const reply = await query({
      Limit: 4,
      FilterExpression: '#size > :size',
      ExpressionAttributeNames: { '#size': 'size' },
      ExpressionAttributeValues: { ':a': { S: 'a' }, ':size': { N: '98' } },
    })
    expect(numbers(reply)).toEqual([0, 1])
    expect(reply).toMatchObject({ Count: 2, ScannedCount: 4, LastEvaluatedKey: { pk: { S: 'a' }, sk: { N: '3' } } })
  })

  test('counts without items', async () => {
    const reply = await query({ Select: 'COUNT' })
    expect(reply.Count).toBe(10)
    expect(reply.Items).toBeUndefined()
  })

  test('projects', async () => {
    const reply = await query({ Limit: 1, ProjectionExpression: 'note' })
    expect(reply.Items).toEqual([{ note: { S: 'note 0' } }])
  })

  test('reads a global index, which holds what it projects, sparsely', async () => {
    const red = {
      IndexName: 'by-color',
      KeyConditionExpression: 'color = :a',
      ExpressionAttributeValues: { ':a': { S: 'red' } },
    }
    const reply = await query(red)
    expect(numbers(reply)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    expect(Object.keys(reply.Items?.[0] ?? {}).toSorted()).toEqual(['color', 'pk', 'size', 'sk'])
    const first = await query({ ...red, Limit: 2 })
    expect(first.LastEvaluatedKey).toEqual({ pk: { S: 'a' }, sk: { N: '2' }, color: { S: 'red' } })
    expect(numbers(await query({ ...red, ExclusiveStartKey: first.LastEvaluatedKey }))[0]).toBe(4)
  })

  test('reads a local index, and the table for what it does not hold', async () => {
    const bySize = { IndexName: 'by-size', Limit: 2 }
    expect((await query(bySize)).Items).toEqual([
      { pk: { S: 'a' }, sk: { N: '9' }, size: { N: '91' } },
      { pk: { S: 'a' }, sk: { N: '8' }, size: { N: '92' } },
    ])
    const whole = await query({ ...bySize, Select: 'ALL_ATTRIBUTES', ReturnConsumedCapacity: 'INDEXES' })
    expect(whole.Items?.[0]).toMatchObject({ note: { S: 'note 9' } })
    expect(whole.ConsumedCapacity).toEqual({
      TableName,
      CapacityUnits: 1.5,
      Table: { CapacityUnits: 1 },
      LocalSecondaryIndexes: { 'by-size': { CapacityUnits: 0.5 } },
    })
  })

  test('refuses what does not fit', async () => {
    expect(await refusal(query({ KeyConditionExpression: undefined, ExpressionAttributeValues: undefined }))).toEqual(
      bad('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.'),
    )
    expect(await refusal(query({ KeyConditionExpression: 'sk = :a' }))).toEqual(
      bad('Query condition missed key schema element: pk'),
    )
    expect(await refusal(query({ ExpressionAttributeValues: { ':a': { N: '1' } } }))).toEqual(
      bad('One or more parameter values were invalid: Condition parameter type does not match schema type'),
    )
    expect(await refusal(query({ IndexName: 'nowhere' }))).toEqual(
      bad('The table does not have the specified index: nowhere'),
    )
    expect(await refusal(query({ IndexName: 'by-color', ConsistentRead: true }))).toEqual(
      bad('Consistent reads are not supported on global secondary indexes'),
    )
    expect(await refusal(query({ IndexName: 'by-color', Select: 'ALL_ATTRIBUTES' }))).toEqual(
      bad(
        'One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-color because its projection type is not ALL',
      ),
    )
    expect(
      await refusal(
        query({
          FilterExpression: 'sk > :x',
          ExpressionAttributeValues: { ':a': { S: 'a' }, ':x': { N: '1' } },
        }),
      ),
    ).toEqual(bad('Filter Expression can only contain non-primary key attributes: Primary key attribute: sk'))
    expect(await refusal(query({ ExclusiveStartKey: { pk: { S: 'b' }, sk: { N: '1' } } }))).toEqual(
      bad('The provided starting key is outside query boundaries based on provided conditions'),
    )
  })
})

describe('Scan', () => {
  test('answers everything, in pages', async () => {
    const seen: number[] = []
    let ExclusiveStartKey: Item | undefined
    do {
      const reply = await scan({ Limit: 7, ExclusiveStartKey })
      seen.push(...numbers(reply))
      ExclusiveStartKey = reply.LastEvaluatedKey
    } while (ExclusiveStartKey !== undefined)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('in segments answers each item once', async () => {
    const replies = await Promise.all([0, 1, 2].map((Segment) => scan({ Segment, TotalSegments: 3 })))
    expect(replies.flatMap(numbers).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('filters', async () => {
    const reply = await scan({
      FilterExpression: 'attribute_exists(color) AND sk > :x',
      ExpressionAttributeValues: { ':x': { N: '13' } },
    })
    expect(numbers(reply).toSorted((a, b) => a - b)).toEqual([14, 16, 18])
    expect(reply.ScannedCount).toBe(20)
  })

  test('reads an index', async () => {
    expect((await scan({ IndexName: 'by-color', Select: 'COUNT' })).Count).toBe(10)
  })

  test('ends a page after 1 MB', async () => {
    const name = await region.createTable()
    for (let n = 0; n < 8; n++)
      await region.client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            [name]: [{ PutRequest: { Item: { pk: { S: `${n}` }, data: { S: 'x'.repeat(200 * 1024) } } } }],
          },
        }),
      )
    const first = await scan({ TableName: name, ReturnConsumedCapacity: 'TOTAL' })
    expect(first.Count).toBe(6)
    expect(first.ConsumedCapacity?.CapacityUnits).toBe(150.5)
    const second = await scan({ TableName: name, ExclusiveStartKey: first.LastEvaluatedKey })
    expect(second.Count).toBe(2)
  })

  test('refuses segments that make no sense', async () => {
    expect(await refusal(scan({ Segment: 0 }))).toEqual(
      bad(
        'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
      ),
    )
    expect(await refusal(scan({ TotalSegments: 1 }))).toEqual(
      bad(
        'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
      ),
    )
    expect(await refusal(scan({ Segment: 2, TotalSegments: 2 }))).toEqual(
      bad(
        'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2',
      ),
    )
  })
})
