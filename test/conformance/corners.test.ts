/** Corners of expressions and of transactions, each wherever a request can have it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let TableName: string

const s = (text: string): object => ({ S: text })
const hash = (AttributeName: string) => ({ AttributeName, KeyType: 'HASH' as const })
const range = (AttributeName: string) => ({ AttributeName, KeyType: 'RANGE' as const })
const typed = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const })

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())

type Json = Readonly<Record<string, unknown>>

async function reply(operation: string, input: object): Promise<Json> {
  return ((await call(region.endpoint, operation, input)).json ?? {}) as Json
}

/** What is wrong with the request; `accepted` where nothing is. */
async function told(operation: string, input: object): Promise<string> {
  const { status, json } = await call(region.endpoint, operation, input)
  const { message, Message } = (json ?? {}) as { readonly message?: string; readonly Message?: string }
  return status === 200 ? 'accepted' : (message ?? Message ?? '')
}

describe.runIf(isLocal)('a condition on several key attributes of an index', () => {
  let several: string
  beforeAll(async () => {
    several = await region.createTable({
      AttributeDefinitions: ['pk', 'h1', 'h2', 'a', 'b', 'c'].map(typed),
      KeySchema: [hash('pk')],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'several',
          KeySchema: [hash('h1'), hash('h2'), range('a'), range('b'), range('c')],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    })
  })

  const rangeNeeds = (needed: string, at: string): string =>
    `RANGE key attributes ${needed} must have equality conditions specified in the query because a condition is present on key attribute ${at}`
  const hashNeeds = (needed: string): string =>
    `HASH key attributes ${needed} must have equality conditions specified in the query`

  test.each([
    ['h1 = :v AND h2 = :v AND a = :v AND c = :v', rangeNeeds('b', 'c')],
    ['h1 = :v AND h2 = :v AND b = :v', rangeNeeds('a', 'b')],
    ['h1 = :v AND h2 = :v AND a > :v AND b = :v', rangeNeeds('a', 'b')],
    ['h1 = :v', hashNeeds('h2')],
    ['h2 = :v', hashNeeds('h1')],
    [
      'h1 = :v AND h1 = :v',
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    ],
    [
      'h1 = :v AND h2 = :v AND a = :v AND b = :v AND c = :v AND d = :v',
      'The number of query conditions (6) exceeds the number of key attributes defined in the schema (5)',
    ],
    ['h1 = :v AND h2 = :v AND a = :v AND b = :v AND c > :v', 'accepted'],
  ])('%s: %s', async (KeyConditionExpression, message) => {
    const input = { KeyConditionExpression, ExpressionAttributeValues: { ':v': s('x') } }
    expect(await told('Query', { TableName: several, IndexName: 'several', ...input })).toBe(message)
  })
})

describe.runIf(isLocal)('an update', () => {
  test.each(['REMOVE a.b', 'REMOVE a[0]', 'DELETE a.b :s'])(
    '%s finds no path in an item that is not there',
    async (text) => {
      const values = text.includes(':s') ? { ExpressionAttributeValues: { ':s': { SS: ['x'] } } } : {}
      const Key = { pk: s('nobody') }
      expect(await told('UpdateItem', { TableName, Key, UpdateExpression: text, ...values })).toBe(
        'The document path provided in the update expression is invalid for update',
      )
      expect(await reply('GetItem', { TableName, Key })).toEqual({})
    },
  )

  test('appends lists that are appended, at either place and within if_not_exists', async () => {
    const Key = { pk: s('lists') }
    const UpdateExpression =
      'SET l = list_append(list_append(:a, :b), list_append(:b, :a)), m = if_not_exists(m, list_append(:a, :b))'
    const ExpressionAttributeValues = { ':a': { L: [s('a')] }, ':b': { L: [s('b')] } }
    await reply('UpdateItem', { TableName, Key, UpdateExpression, ExpressionAttributeValues })
    expect(await reply('GetItem', { TableName, Key })).toEqual({
      Item: { ...Key, l: { L: ['a', 'b', 'b', 'a'].map(s) }, m: { L: ['a', 'b'].map(s) } },
    })
  })

  test('of AttributeUpdates and of PartiQL is only bounded by the item', async () => {
    // With the cost of a clause the statement would take more than it may.
    const big = { S: 'x'.repeat(409_600 - 'pk'.length - 'a'.length - 'b'.length) }
    const Key = { pk: s('a') }
    await reply('DeleteItem', { TableName, Key })
    expect(await told('UpdateItem', { TableName, Key, AttributeUpdates: { b: { Value: big, Action: 'PUT' } } })).toBe(
      'accepted',
    )
    const statement = { Statement: `UPDATE "${TableName}" SET b = ? WHERE pk = 'a'`, Parameters: [big] }
    expect(await told('ExecuteStatement', statement)).toBe('accepted')
    const update = { UpdateExpression: 'SET b = :v', ExpressionAttributeValues: { ':v': big } }
    expect(await told('UpdateItem', { TableName, Key, ...update })).toBe(
      'Item size to update has exceeded the maximum allowed size',
    )
  })
})

describe.runIf(isLocal)('NOT_CONTAINS', () => {
  test.each(['ScanFilter', 'QueryFilter', 'Expected'])(
    'of %s is not met by an attribute that is missing',
    async (parameter) => {
      await reply('PutItem', { TableName, Item: { pk: s('nc'), text: s('abc') } })
      const comparison = { ComparisonOperator: 'NOT_CONTAINS', AttributeValueList: [s('z')] }
      const found = async (name: string): Promise<boolean> => {
        const filter = { [parameter]: { [name]: comparison } }
        if (parameter === 'Expected')
          return (await told('PutItem', { TableName, Item: { pk: s('nc'), text: s('abc') }, ...filter })) === 'accepted'
        const key = { KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [s('nc')] } } }
        const { Count } =
          parameter === 'ScanFilter'
            ? await reply('Scan', { TableName, ...filter })
            : await reply('Query', { TableName, ...key, ...filter })
        return Count === 1
      }
      expect([await found('text'), await found('missing')]).toEqual([true, false])
    },
  )
})

describe.runIf(isLocal)('attribute_type', () => {
  test('takes a value as its first operand in filters too, and knows ten types', async () => {
    await reply('PutItem', { TableName, Item: { pk: s('at') } })
    const filter = (type: string) => ({
      FilterExpression: 'pk = :p AND attribute_type(:v, :t)',
      ExpressionAttributeValues: { ':p': s('at'), ':v': { N: '1' }, ':t': s(type) },
    })
    expect(await reply('Scan', { TableName, ...filter('N') })).toMatchObject({ Count: 1 })
    expect(await reply('Scan', { TableName, ...filter('S') })).toMatchObject({ Count: 0 })
    expect(await told('Scan', { TableName, ...filter('X') })).toMatch(
      /^Invalid FilterExpression: Invalid attribute type name found; type: X, valid types: /,
    )
  })
})

describe.runIf(isLocal)('a transaction that is sent again with its token', () => {
  test.each([
    [
      'TransactWriteItems',
      (table: string) => ({
        TransactItems: [{ Put: { TableName: table, Item: { pk: s('again'), v: s('x'.repeat(5000)) } } }],
      }),
    ],
    [
      'ExecuteTransaction',
      (table: string) => ({
        TransactStatements: [{ Statement: `INSERT INTO "${table}" VALUE {'pk': 'again', 'v': '${'x'.repeat(5000)}'}` }],
      }),
    ],
  ])('%s consumes what reading its items consumes', async (operation, input) => {
    const table = await region.createTable()
    const request = { ...input(table), ClientRequestToken: `token of ${operation}`, ReturnConsumedCapacity: 'TOTAL' }
    const capacity = async (): Promise<unknown> => (await reply(operation, request))['ConsumedCapacity']
    expect(await capacity()).toEqual([{ TableName: table, CapacityUnits: 10, WriteCapacityUnits: 10 }])
    for (let n = 0; n < 2; n++)
      expect(await capacity()).toEqual([{ TableName: table, CapacityUnits: 4, ReadCapacityUnits: 4 }])
  })
})
