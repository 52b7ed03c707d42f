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

/** 31 maps around a scalar are the most. */
function nested(levels: number): object {
  return Array.from({ length: levels - 1 }).reduce<object>((value) => ({ M: { m: value } }), s('x'))
}

/** Faults of an action that no table has to be looked up for. */
const faults: Readonly<Record<string, readonly [action: object, message: string]>> = {
  syntax: [
    { Update: { UpdateExpression: 'SET' } },
    'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"',
  ],
  'an unused value': [
    { Delete: { ConditionExpression: 'attribute_exists(a)', ExpressionAttributeValues: { ':v': s('x') } } },
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}',
  ],
  'an undefined name': [
    { ConditionCheck: { ConditionExpression: 'attribute_exists(#a)' } },
    'Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #a',
  ],
  'no number': [
    { Put: { Item: { pk: s('p'), v: { N: 'x' } } } },
    'The parameter cannot be converted to a numeric value: x',
  ],
  'a value 100 levels deep': [
    { Put: { Item: { pk: s('q'), v: nested(100) } } },
    'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
  ],
}
const pairs = Object.keys(faults).flatMap((first) =>
  Object.keys(faults).flatMap((second) => (first === second ? [] : [[first, second] as const])),
)

describe.runIf(isLocal)('the actions of a transaction', () => {
  test.each(pairs)(
    'are read one by one: %s before %s is told, though there is no such table',
    async (first, second) => {
      const named = (fault: string, key: string): object => {
        const [[kind, action] = ['', {}]] = Object.entries(faults[fault]?.[0] ?? {}) as [string, object][]
        const Key = kind === 'Put' ? {} : { Key: { pk: s(key) } }
        return { [kind]: { TableName: 'no-such-table', ...Key, ...action } }
      }
      expect(await told('TransactWriteItems', { TransactItems: [named(first, 'a'), named(second, 'b')] })).toBe(
        faults[first]?.[1],
      )
    },
  )
})

describe.runIf(isLocal)('an ordering in a statement', () => {
  test.each(Object.entries({ BOOL: true, NULL: true, L: [], M: {}, SS: ['a'], NS: ['1'], BS: ['AA=='] }))(
    'is not against a parameter of type %s, which may be compared for equality',
    async (type, value) => {
      const ask = async (condition: string, count = 1): Promise<string> =>
        told('ExecuteStatement', {
          Statement: `SELECT * FROM "${TableName}" WHERE ${condition}`,
          Parameters: Array.from({ length: count }, () => ({ [type]: value })),
        })
      const refused = (operator: string): string =>
        `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`
      for (const operator of ['<', '<=', '>', '>=']) expect(await ask(`x ${operator} ?`)).toBe(refused(operator))
      expect(await ask('x BETWEEN ? AND ?', 2)).toBe(refused('BETWEEN'))
      for (const operator of ['=', '<>']) expect(await ask(`x ${operator} ?`)).toBe('accepted')
    },
  )

  test.each(Object.entries({ S: 'a', N: '1', B: 'AA==' }))('is against one of type %s', async (type, value) => {
    const Statement = `SELECT * FROM "${TableName}" WHERE x < ? AND x BETWEEN ? AND ?`
    const Parameters = Array.from({ length: 3 }, () => ({ [type]: value }))
    expect(await told('ExecuteStatement', { Statement, Parameters })).toBe('accepted')
  })
})

describe.runIf(isLocal)('a reply to tags', () => {
  test('is empty, of either operation', async () => {
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`
    for (const [operation, input] of [
      ['TagResource', { ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }],
      ['UntagResource', { ResourceArn, TagKeys: ['a'] }],
    ] as const) {
      const { status, bytes, headers } = await call(region.endpoint, operation, input)
      expect([status, bytes.length, headers['content-length'], headers['x-amz-crc32']]).toEqual([200, 0, '0', '0'])
    }
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
