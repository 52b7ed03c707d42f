/** Limits at every parameter: the same fault wherever a request can have it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let TableName: string
let sorted: string

const s = (text: string): object => ({ S: text })
const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' as const })
const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' as const })
const typed = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const })

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
  sorted = await region.createTable({
    AttributeDefinitions: ['pk', 'sk', 'g', 'r'].map(typed),
    KeySchema: [hash('pk'), range('sk')],
    GlobalSecondaryIndexes: [
      { IndexName: 'by-g', KeySchema: [hash('g'), range('r')], Projection: { ProjectionType: 'ALL' } },
    ],
  })
})
afterAll(() => region.close())

type Json = Readonly<Record<string, unknown>>

async function reply(operation: string, input: object): Promise<Json> {
  return ((await call(region.endpoint, operation, input)).json ?? {}) as Json
}

type Refusal = { readonly message?: string; readonly CancellationReasons?: readonly { readonly Message: string }[] }

/** What is wrong with the request, or with the first item of a transaction; `accepted` where nothing is. */
async function told(operation: string, input: object): Promise<string> {
  const { status, json } = await call(region.endpoint, operation, input)
  const { message = '', CancellationReasons: [reason] = [] } = (json ?? {}) as Refusal
  return status === 200 ? 'accepted' : (reason?.Message ?? message)
}

const counted = '1 validation error detected: '
const invalid = 'One or more parameter values were invalid: '
const failed = 'failed to satisfy constraint: '

describe.runIf(isLocal)('a key', () => {
  const long = `${invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes`
  const longRange = `${invalid}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`
  const requests = (Key: object): readonly (readonly [string, object])[] => [
    ['PutItem', { TableName: sorted, Item: Key }],
    ['GetItem', { TableName: sorted, Key }],
    ['UpdateItem', { TableName: sorted, Key, UpdateExpression: 'REMOVE x' }],
    ['DeleteItem', { TableName: sorted, Key }],
    ['BatchGetItem', { RequestItems: { [sorted]: { Keys: [Key] } } }],
    ['BatchWriteItem', { RequestItems: { [sorted]: [{ PutRequest: { Item: Key } }] } }],
    ['BatchWriteItem', { RequestItems: { [sorted]: [{ DeleteRequest: { Key } }] } }],
    ['TransactGetItems', { TransactItems: [{ Get: { TableName: sorted, Key } }] }],
  ]

  test.each([
    ['a partition key of 2,049 bytes', { pk: s('x'.repeat(2049)), sk: s('x') }, long],
    ['a partition key of 2,049 bytes in fewer characters', { pk: s('ä'.repeat(1025)), sk: s('x') }, long],
    ['a sort key of 1,025 bytes', { pk: s('x'), sk: s('x'.repeat(1025)) }, longRange],
  ])('%s is refused by every operation', async (_, key, message) => {
    for (const [operation, input] of requests(key))
      expect([operation, await told(operation, input)]).toEqual([operation, message])
  })

  test('of 2,048 bytes with a sort key of 1,024 is taken by every operation', async () => {
    for (const [operation, input] of requests({ pk: s('x'.repeat(2048)), sk: s('x'.repeat(1024)) }))
      expect([operation, await told(operation, input)]).toEqual([operation, 'accepted'])
  })

  test('of an index has the same bounds', async () => {
    const Item = { pk: s('x'), sk: s('x') }
    const put = (more: object): Promise<string> => told('PutItem', { TableName: sorted, Item: { ...Item, ...more } })
    const set = (name: string, bytes: number): Promise<string> =>
      told('UpdateItem', {
        TableName: sorted,
        Key: Item,
        UpdateExpression: 'SET #n = :v',
        ExpressionAttributeNames: { '#n': name },
        ExpressionAttributeValues: { ':v': s('x'.repeat(bytes)) },
      })
    expect(await put({ g: s('x'.repeat(2049)), r: s('x') })).toBe(long)
    expect(await put({ g: s('x'), r: s('x'.repeat(1025)) })).toBe(longRange)
    expect(await set('g', 2049)).toBe(long)
    expect(await set('r', 1025)).toBe(longRange)
    expect(await put({ g: s('x'.repeat(2048)), r: s('x'.repeat(1024)) })).toBe('accepted')
  })
})

describe.runIf(isLocal)('the name of an attribute', () => {
  const large = `${counted}Attribute name is too large, must be less than 65536 bytes`
  const name = 'x'.repeat(65_536)

  test('has at most 65,535 bytes, at any depth of an item, a value and a key', async () => {
    const Key = { pk: s('a') }
    const deep = { L: [{ M: { [name]: s('x') } }] }
    const values = { ExpressionAttributeValues: { ':v': deep } }
    const rows: readonly (readonly [string, object])[] = [
      ['PutItem', { TableName, Item: { ...Key, [name]: s('x') } }],
      ['PutItem', { TableName, Item: { ...Key, l: deep } }],
      ['UpdateItem', { TableName, Key, UpdateExpression: 'SET l = :v', ...values }],
      ['DeleteItem', { TableName, Key, ConditionExpression: 'l = :v', ...values }],
      ['Scan', { TableName, FilterExpression: 'l = :v', ...values }],
      ['GetItem', { TableName, Key: { [name]: s('x') } }],
    ]
    for (const [operation, input] of rows) expect([operation, await told(operation, input)]).toEqual([operation, large])
    expect(await told('PutItem', { TableName, Item: { ...Key, ['x'.repeat(65_535)]: s('x') } })).toBe('accepted')
  })

  test('may be empty within a map', async () => {
    const Item = { pk: s('empty'), m: { M: { '': s('x') } } }
    expect(await told('PutItem', { TableName, Item })).toBe('accepted')
    expect(await reply('GetItem', { TableName, Key: { pk: s('empty') } })).toEqual({ Item })
  })
})

describe.runIf(isLocal)('a number', () => {
  const overflow = 'Number overflow. Attempting to store a number with magnitude larger than supported range'
  const underflow = 'Number underflow. Attempting to store a number with magnitude smaller than supported range'

  test.each([
    ['0e126', overflow],
    ['-0e126', overflow],
    ['0.0e127', overflow],
    ['0e-131', underflow],
    ['0.0e-130', underflow],
  ])('of zero %s is refused wherever it is', async (N, problem) => {
    const Key = { pk: s('a') }
    for (const v of [{ N }, { NS: [N, '1'] }, { L: [{ N }] }, { M: { a: { N } } }])
      expect(await told('PutItem', { TableName, Item: { ...Key, v } })).toBe(counted + problem)
    expect(await told('PutItem', { TableName, Item: Key, Expected: { v: { Value: { N } } } })).toBe(counted + problem)
    const updates = { AttributeUpdates: { v: { Value: { N }, Action: 'ADD' } } }
    expect(await told('UpdateItem', { TableName, Key, ...updates })).toBe(counted + problem)
    const puts = { [TableName]: [{ PutRequest: { Item: { ...Key, v: { N } } } }] }
    expect(await told('BatchWriteItem', { RequestItems: puts })).toBe(problem)
  })

  test('of zero is one in a set, however it is written', async () => {
    expect(await told('PutItem', { TableName, Item: { pk: s('a'), v: { NS: ['0e125', '0e-130'] } } })).toBe(
      `${counted}${invalid}Input collection contains duplicates.`,
    )
  })
})

describe.runIf(isLocal)('NonKeyAttributes', () => {
  test('name an attribute once, in every kind of index and in an update', async () => {
    const Projection = { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['a', 'b', 'a'] }
    const table = {
      TableName: 'twice',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'g'].map(typed),
      KeySchema: [hash('pk'), range('sk')],
    }
    const problem = `${invalid}Duplicate attribute in NonKeyAttributes: a`
    const local = [{ IndexName: 'local', KeySchema: [hash('pk'), range('g')], Projection }]
    expect(await told('CreateTable', { ...table, LocalSecondaryIndexes: local })).toBe(problem)
    const global = { IndexName: 'global', KeySchema: [hash('g')], Projection }
    expect(await told('CreateTable', { ...table, GlobalSecondaryIndexes: [global] })).toBe(problem)
    const more = { AttributeDefinitions: [typed('pk'), typed('g')], GlobalSecondaryIndexUpdates: [{ Create: global }] }
    expect(await told('UpdateTable', { TableName, ...more })).toBe(problem)
  })
})

describe.runIf(isLocal)('a request', () => {
  const missing = (member: string): string => `${counted}Value null at '${member}' ${failed}Member must not be null`
  const Key = { pk: s('a') }

  test.each(['PutItem', 'UpdateItem', 'DeleteItem', 'GetItem', 'Query', 'Scan'])(
    '%s without a table, or with a name of a wrong form, is refused in the older words',
    async (operation) => {
      const input = { Item: Key, Key, KeyConditionExpression: 'pk = :v', ExpressionAttributeValues: { ':v': s('a') } }
      const used = operation === 'Query' ? input : { Item: Key, Key }
      expect(await told(operation, used)).toBe(missing('tableName'))
      expect(await told(operation, { ...used, TableName: 'bad!name' })).toBe(
        `${counted}Value 'bad!name' at 'tableName' ${failed}Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
      )
      const name = 'x'.repeat(256)
      expect(await told(operation, { ...used, TableName: name })).toBe(
        `${counted}Value '${name}' at 'tableName' ${failed}Member must have length less than or equal to 255`,
      )
    },
  )

  test('UpdateItem without a key tells every violation, that of the name of the table too', async () => {
    const message = await told('UpdateItem', { TableName: '', ReturnConsumedCapacity: 'x', ReturnValues: 'x' })
    const members = [...message.matchAll(/ at '(\w+)'/g)].map(([, member]) => member)
    expect([...new Set(members)]).toEqual(['returnConsumedCapacity', 'tableName', 'returnValues', 'key'])
    expect(message).toContain("Value '' at 'tableName'")
  })

  test('DeleteItem with two wrong enums joins them', async () => {
    expect(
      await told('DeleteItem', { TableName, Key, ReturnConsumedCapacity: 'x', ReturnItemCollectionMetrics: 'x' }),
    ).toMatch(/^2 validation errors detected: .*'returnConsumedCapacity'.*; .*'returnItemCollectionMetrics'/)
  })
})
