/** Pages of Query and Scan: where they end, what they say of it, and what is refused as their beginning. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  BatchWriteItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb'
import { refusal, testRegion, type TestRegion } from './region.ts'

type Key = Record<string, AttributeValue>

let region: TestRegion
let TableName: string

const S = (text: string): AttributeValue => ({ S: text })
const N = (number: number): AttributeValue => ({ N: String(number) })
const key = (partition: string, sort: number): Key => ({ pk: S(partition), sk: N(sort) })

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable({
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
      { AttributeName: 'l', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'local',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'l', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'global',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  })
  for (const partition of ['a', 'b', 'c'])
    await region.client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: Array.from({ length: 8 }, (_, n) => ({
            PutRequest: { Item: { ...key(partition, n), l: S(`l${7 - n}`), g: S(n % 2 === 0 ? 'even' : 'odd') } },
          })),
        },
      }),
    )
})
afterAll(() => region.close())

const query = (more: Partial<QueryCommandInput> = {}) =>
  region.client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': S('a') },
      ...more,
    }),
  )
const scan = (more: Partial<ScanCommandInput> = {}) => region.client.send(new ScanCommand({ TableName, ...more }))
const global = {
  IndexName: 'global',
  KeyConditionExpression: 'g = :g',
  ExpressionAttributeValues: { ':g': S('even') },
} satisfies Partial<QueryCommandInput>

describe('a page', () => {
  test('ends at Limit and names its last item, even when it was the last of all', async () => {
    expect((await query({ Limit: 3 })).LastEvaluatedKey).toEqual(key('a', 2))
    expect((await query({ Limit: 3, ScanIndexForward: false })).LastEvaluatedKey).toEqual(key('a', 5))
    const full = await query({ Limit: 8 })
    expect([full.Count, full.LastEvaluatedKey]).toEqual([8, key('a', 7)])
    const rest = await query({ Limit: 8, ExclusiveStartKey: full.LastEvaluatedKey })
    expect([rest.Count, rest.LastEvaluatedKey]).toEqual([0, undefined])
    expect((await query({ Limit: 9 })).LastEvaluatedKey).toBeUndefined()
  })

  test('of an index names the keys of index and table', async () => {
    const local = await query({ IndexName: 'local', Limit: 1 })
    expect(local.LastEvaluatedKey).toEqual({ ...key('a', 7), l: S('l0') })
    const next = await query({ IndexName: 'local', Limit: 1, ExclusiveStartKey: local.LastEvaluatedKey })
    expect(next.LastEvaluatedKey).toEqual({ ...key('a', 6), l: S('l1') })
    const { LastEvaluatedKey } = await query({ ...global, Limit: 1 })
    expect(new Set(Object.keys(LastEvaluatedKey ?? {}))).toEqual(new Set(['g', 'pk', 'sk']))
  })

  test('counts what it looked at, not what it answers', async () => {
    const page = await query({
      Limit: 4,
      FilterExpression: 'g = :g',
      ExpressionAttributeValues: { ':p': S('a'), ':g': S('odd') },
    })
    expect(page).toMatchObject({ Count: 2, ScannedCount: 4, LastEvaluatedKey: key('a', 3) })
  })

  test('follows another to the end, each item once, in every direction and index', async () => {
    const ways: Partial<QueryCommandInput>[] = [
      {},
      { ScanIndexForward: false },
      { IndexName: 'local' },
      { IndexName: 'local', ScanIndexForward: false },
      global,
      { ...global, ScanIndexForward: false },
    ]
    for (const way of ways) {
      const seen: string[] = []
      let ExclusiveStartKey: Key | undefined
      do {
        const page = await query({ ...way, Limit: 5, ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}) })
        seen.push(...(page.Items ?? []).map(({ pk, sk }) => `${pk?.S} ${sk?.N}`))
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
      const whole = await query(way)
      expect(seen).toEqual((whole.Items ?? []).map(({ pk, sk }) => `${pk?.S} ${sk?.N}`))
      expect(new Set(seen).size).toBe(way.IndexName === 'global' ? 12 : 8)
    }
  })

  test('of a scan goes on where the last one ended, in each segment', async () => {
    const seen: string[] = []
    for (const Segment of [0, 1, 2]) {
      let ExclusiveStartKey: Key | undefined
      do {
        const page = await scan({
          Segment,
          TotalSegments: 3,
          Limit: 2,
          ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
        })
        seen.push(...(page.Items ?? []).map(({ pk, sk }) => `${pk?.S} ${sk?.N}`))
        ExclusiveStartKey = page.LastEvaluatedKey
      } while (ExclusiveStartKey !== undefined)
    }
    expect([seen.length, new Set(seen).size]).toEqual([24, 24])
  })

  test('ends within 1 MB of what was read, whatever the filter leaves of it', async () => {
    for (let n = 0; n < 12; n++)
      await region.client.send(
        new PutItemCommand({ TableName, Item: { ...key('big', n), d: { S: 'x'.repeat(100 * 1024) } } }),
      )
    const big = { ExpressionAttributeValues: { ':p': S('big') } }
    const first = await query({ ...big, Select: 'COUNT', ReturnConsumedCapacity: 'TOTAL' })
    expect(first.Count).toBeLessThan(12)
    expect(first.LastEvaluatedKey).toEqual(key('big', (first.Count ?? 0) - 1))
    const filtered = await query({
      FilterExpression: 'd = :d',
      ExpressionAttributeValues: { ':p': S('big'), ':d': S('none') },
    })
    expect(filtered).toMatchObject({ Count: 0, ScannedCount: first.Count, LastEvaluatedKey: first.LastEvaluatedKey })
  })
})

describe('ExclusiveStartKey', () => {
  test('may name an item that is not there', async () => {
    const page = await query({ ExclusiveStartKey: { pk: S('a'), sk: { N: '4.5' } } })
    expect(page.Items?.[0]).toMatchObject(key('a', 5))
  })

  const invalid = 'The provided starting key is invalid'
  const mismatch = `${invalid}: The provided key element does not match the schema`
  const outside = 'The provided starting key is outside query boundaries based on provided conditions'
  const predicate = 'The provided starting key does not match the range key predicate'
  const range = (condition: string, value: number): Partial<QueryCommandInput> => ({
    KeyConditionExpression: `pk = :p AND sk ${condition} :s`,
    ExpressionAttributeValues: { ':p': S('a'), ':s': N(value) },
  })
  const queries: readonly (readonly [string, Key, string, Partial<QueryCommandInput>?])[] = [
    ['nothing', {}, invalid],
    ['half of the key', { pk: S('a') }, invalid],
    ['more than the key', { ...key('a', 1), x: S('x') }, invalid],
    ['another type', { pk: S('a'), sk: S('1') }, mismatch],
    ['another partition', key('b', 1), outside],
    ['what lies before the range', key('a', 1), predicate, range('>', 3)],
    ['what lies after the range', key('a', 5), predicate, range('<', 3)],
    ['the table key for an index', key('a', 1), invalid, { IndexName: 'local' }],
    ['another partition of an index', { g: S('odd'), ...key('a', 1) }, outside, global],
  ]
  for (const [what, ExclusiveStartKey, message, more] of queries)
    test(`of a query is refused when it names ${what}`, async () =>
      expect(await refusal(query({ ...more, ExclusiveStartKey }))).toEqual(['ValidationException', message]))

  const scans: readonly (readonly [string, Key])[] = [
    ['nothing', {}],
    ['half of the key', { pk: S('a') }],
    ['another type', { pk: S('a'), sk: S('1') }],
  ]
  for (const [what, ExclusiveStartKey] of scans)
    test(`of a scan is refused when it names ${what}`, async () =>
      expect(await refusal(scan({ ExclusiveStartKey }))).toEqual(['ValidationException', mismatch]))
})

describe('Select', () => {
  const prefix = '1 validation error detected: '
  const wrong: readonly (readonly [Partial<QueryCommandInput>, string])[] = [
    [
      { Select: 'SPECIFIC_ATTRIBUTES' },
      `${prefix}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`,
    ],
    [
      { Select: 'COUNT', ProjectionExpression: 'pk' },
      `${prefix}Cannot specify the ProjectionExpression when choosing to get only the Count`,
    ],
    [
      { Select: 'ALL_ATTRIBUTES', ProjectionExpression: 'pk' },
      `${prefix}Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES`,
    ],
    [
      { Select: 'ALL_PROJECTED_ATTRIBUTES' },
      `${prefix}ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName`,
    ],
    [
      { ...global, Select: 'ALL_ATTRIBUTES' },
      'One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index global because its projection type is not ALL',
    ],
  ]
  for (const [more, problem] of wrong)
    test(`is refused: ${problem}`, async () =>
      expect(await refusal(query(more))).toEqual(['ValidationException', problem]))

  test('COUNT answers no items', async () => {
    const counted = await query({ Select: 'COUNT' })
    expect([counted.Count, counted.Items]).toEqual([8, undefined])
  })
})

test('consistent reads of a global index, and indexes that are not there, are refused', async () => {
  expect(await refusal(query({ ...global, ConsistentRead: true }))).toEqual([
    'ValidationException',
    'Consistent reads are not supported on global secondary indexes',
  ])
  expect(await refusal(scan({ IndexName: 'none' }))).toEqual([
    'ValidationException',
    'The table does not have the specified index: none',
  ])
})
