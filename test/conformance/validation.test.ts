/**
 * What is wrong with a request by itself, as each operation says it since AWS moved some of them to a newer validation layer. Raw bodies,
 * since an SDK would not send most of them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from './raw-request.ts'
import { isLocal, type TestRegion, testRegion } from './region.ts'

let region: TestRegion
let TableName: string
beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())

const counted = '1 validation error detected: '
const invalid = 'One or more parameter values were invalid: '
const failed = 'failed to satisfy constraint: '
const Key = { pk: { S: 'a' } }

async function messageOf(operation: string, input: object): Promise<unknown> {
  const { status, json } = await call(region.endpoint, operation, input)
  const { __type: type, message } = json as { readonly __type?: string; readonly message?: string }
  return status === 200 ? 'accepted' : type?.endsWith('#ValidationException') === true ? message : json
}

const nested = (levels: number): unknown => (levels === 0 ? { S: 'x' } : { M: { a: nested(levels - 1) } })

/** A value of an item, and what the newer layer and the older one say to it. */
const wrongValues: readonly (readonly [unknown, string, string])[] = [
  [
    { N: '' },
    'The parameter cannot be converted to a numeric value: ',
    'The parameter cannot be converted to a numeric value',
  ],
  [
    { N: '1e2147483647' },
    'Number overflow. Attempting to store a number with magnitude larger than supported range',
    'Number underflow. Attempting to store a number with magnitude smaller than supported range',
  ],
  [
    { SS: ['b', 'a', 'b'] },
    `${invalid}Input collection ["a", "b", "b"] contains duplicates.`,
    `${invalid}Input collection [b, a, b] contains duplicates.`,
  ],
  [
    { BS: ['/w==', 'AA==', 'AA=='] },
    `${invalid}Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.`,
    `${invalid}Input collection [/w==, AA==, AA==]of type BS contains duplicates.`,
  ],
  [{ NS: ['2', '1', '2'] }, `${invalid}Input collection contains duplicates.`, 'Input collection contains duplicates'],
  ...[{ N: '0e126' }, { N: '0e-131' }].map((value, at) => {
    const text =
      at === 0
        ? 'overflow. Attempting to store a number with magnitude larger'
        : 'underflow. Attempting to store a number with magnitude smaller'
    const message = `Number ${text} than supported range`
    return [value, message, message] as const
  }),
  ...[`9${'0'.repeat(30)}`, `-9${'0'.repeat(30)}`].map((exponent) => {
    const message = 'The parameter cannot be converted to a numeric value'
    return [{ N: `1e${exponent}` }, message, message] as const
  }),
  ...[{ NULL: false }, { SS: [] }, {}].map((value, at) => {
    const message = [
      `${invalid}Null attribute value types must have the value of true`,
      `${invalid}An string set  may not be empty`,
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ][at] as string
    return [value, message, message] as const
  }),
  ...[nested(33), nested(100)].map((value) => {
    const message =
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit'
    return [value, message, message] as const
  }),
]

describe.runIf(isLocal)('a value', () => {
  test.each(wrongValues)('%j is refused in the words of the layer', async (value, newer, older) => {
    const Item = { ...Key, v: value }
    const ExpressionAttributeValues = { ':v': value }
    const update = { UpdateExpression: 'SET v = :v', ExpressionAttributeValues }
    expect(await messageOf('PutItem', { TableName, Item })).toBe(counted + newer)
    expect(await messageOf('UpdateItem', { TableName, Key, ...update })).toBe(counted + newer)
    const condition = { ConditionExpression: 'v = :v', ExpressionAttributeValues }
    expect(await messageOf('DeleteItem', { TableName, Key, ...condition })).toBe(counted + newer)
    expect(await messageOf('GetItem', { TableName, Key: { pk: value } })).toBe(newer)
    expect(await messageOf('BatchGetItem', { RequestItems: { [TableName]: { Keys: [{ pk: value }] } } })).toBe(newer)
    const query = { KeyConditionExpression: 'pk = :v', ExpressionAttributeValues }
    expect(await messageOf('Query', { TableName, ...query })).toBe(newer)
    const puts = [{ PutRequest: { Item } }]
    expect(await messageOf('BatchWriteItem', { RequestItems: { [TableName]: puts } })).toBe(older)
    expect(await messageOf('TransactWriteItems', { TransactItems: [{ Put: { TableName, Item } }] })).toBe(older)
    const wrapped = `ExpressionAttributeValues contains invalid value: ${older} for key :v`
    expect(await messageOf('Scan', { TableName, FilterExpression: 'v = :v', ExpressionAttributeValues })).toBe(wrapped)
    const updates = [{ Update: { TableName, Key, ...update } }]
    expect(await messageOf('TransactWriteItems', { TransactItems: updates })).toBe(wrapped)
  })

  test('of ExclusiveStartKey is named by Scan and not by Query', async () => {
    const start = { TableName, ExclusiveStartKey: { pk: { N: '' } } }
    const query = { KeyConditionExpression: 'pk = :v', ExpressionAttributeValues: { ':v': { S: 'a' } } }
    expect(await messageOf('Query', { ...start, ...query })).toBe(
      'The parameter cannot be converted to a numeric value: ',
    )
    expect(await messageOf('Scan', start)).toBe(
      'The provided starting key is invalid: The parameter cannot be converted to a numeric value',
    )
  })

  test.each([{ SS: ['', 'a'] }, { BS: ['', 'AA=='] }])('%j has an empty member and is kept', async (v) => {
    expect(await messageOf('PutItem', { TableName, Item: { ...Key, v } })).toBe('accepted')
    expect((await call(region.endpoint, 'GetItem', { TableName, Key })).json).toEqual({ Item: { ...Key, v } })
  })

  test('of zero with an exponent is zero', async () => {
    for (const N of ['0e125', '0e-130', '-0', '0.00'])
      expect(await messageOf('PutItem', { TableName, Item: { ...Key, v: { N } } })).toBe('accepted')
    expect((await call(region.endpoint, 'GetItem', { TableName, Key })).json).toEqual({
      Item: { ...Key, v: { N: '0' } },
    })
  })
})

const wrongEnum = (member: string, values: string): string =>
  `Value 'x' at '${member}' ${failed}Member must satisfy enum value set: [${values}]`
const capacityEnum = wrongEnum('returnConsumedCapacity', 'INDEXES, TOTAL, NONE')
const metricsEnum = wrongEnum('returnItemCollectionMetrics', 'SIZE, NONE')
const returnsEnum = wrongEnum('returnValues', 'ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW')
const keyOnly = { KeyConditionExpression: 'pk = :v', ExpressionAttributeValues: { ':v': { S: 'a' } } }

const requests = (): readonly (readonly [string, object, string])[] => [
  // Behind the prefix, whatever the request says by itself.
  ...['PutItem', 'DeleteItem'].flatMap((operation): (readonly [string, object, string])[] => {
    const input = { TableName, Key, Item: Key }
    const values = { ':v': { S: 'a' } }
    return [
      [
        operation,
        { ...input, ConditionExpression: '' },
        `${counted}Invalid ConditionExpression: The expression can not be empty;`,
      ],
      [
        operation,
        { ...input, ConditionExpression: 'a =' },
        `${counted}Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="`,
      ],
      [
        operation,
        { ...input, ConditionExpression: 'a = :a' },
        `${counted}Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :a`,
      ],
      [
        operation,
        { ...input, ConditionExpression: 'a = b', ExpressionAttributeNames: { '#a': 'a' } },
        `${counted}Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}`,
      ],
      [
        operation,
        { ...input, ExpressionAttributeValues: values },
        `${counted}ExpressionAttributeValues can only be specified when using expressions`,
      ],
      [
        operation,
        { ...input, ConditionExpression: 'a = b', ExpressionAttributeValues: {} },
        `${counted}ExpressionAttributeValues must not be empty`,
      ],
      [
        operation,
        { ...input, ConditionExpression: 'a = b', Expected: { a: { Exists: false } } },
        `${counted}Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}`,
      ],
      [
        operation,
        { ...input, Expected: { a: {} } },
        `${counted}${invalid}Value must be provided when Exists is null for Attribute: a`,
      ],
      [operation, { ...input, ReturnValues: 'ALL_NEW' }, `${counted}ReturnValues can only be ALL_OLD or NONE`],
      [
        operation,
        { ...input, TableName: '' },
        `${counted}Value at 'TableName' ${failed}Member must have length greater than or equal to 1`,
      ],
      [
        operation,
        { ...input, ReturnItemCollectionMetrics: 'x', ReturnConsumedCapacity: 'x', ReturnValues: 'x' },
        `3 validation errors detected: ${capacityEnum}; ${returnsEnum}; ${metricsEnum}`,
      ],
    ]
  }),
  [
    'UpdateItem',
    { TableName, Key, ExpressionAttributeValues: { ':v': { S: 'a' } } },
    `${counted}ExpressionAttributeValues can only be specified when using expressions`,
  ],
  [
    'UpdateItem',
    { TableName, Key, ReturnValues: 'x', ReturnConsumedCapacity: 'x' },
    `${counted}Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]`,
  ],
  [
    'UpdateItem',
    { TableName: '', Key },
    `${counted}Value at 'TableName' ${failed}Member must have length greater than or equal to 1`,
  ],
  [
    'UpdateItem',
    { TableName, ReturnValues: 'x', ReturnConsumedCapacity: 'x', ConditionalOperator: 'x' },
    `4 validation errors detected: ${capacityEnum}; ${returnsEnum}; ${wrongEnum('conditionalOperator', 'OR, AND')}; Value null at 'key' ${failed}Member must not be null`,
  ],
  // Bare, since only the table tells.
  [
    'UpdateItem',
    { TableName, Key, UpdateExpression: 'REMOVE pk' },
    `${invalid}Cannot update attribute pk. This attribute is part of the key`,
  ],
  ['DeleteItem', { TableName, Key: { other: { S: 'a' } } }, 'The provided key element does not match the schema'],
  [
    'PutItem',
    { TableName, Item: { pk: { S: '' } } },
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
  ],
  // Without the prefix.
  [
    'GetItem',
    { TableName, Key, ProjectionExpression: 'a,' },
    'Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","',
  ],
  [
    'Query',
    { TableName, ExpressionAttributeValues: { ':v': { S: 'a' } }, KeyConditions: {} },
    'ExpressionAttributeValues can only be specified when using expressions',
  ],
  [
    'Scan',
    { TableName, ExpressionAttributeValues: { ':v': { S: 'a' } } },
    'ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null',
  ],
  [
    'Scan',
    { TableName, Select: 'SPECIFIC_ATTRIBUTES' },
    'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
  ],
  [
    'Query',
    { TableName, ...keyOnly, Select: 'SPECIFIC_ATTRIBUTES' },
    `${counted}Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES`,
  ],
  [
    'Query',
    { TableName, ...keyOnly, Limit: 0 },
    `${counted}Value at 'Limit' ${failed}Member must have value greater than or equal to 1`,
  ],
  [
    'Query',
    { TableName, ...keyOnly, KeyConditionExpression: 'pk = :v AND pk = :v' },
    'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
  ],
  // Batches.
  [
    'BatchGetItem',
    { RequestItems: {} },
    `${counted}Value at 'RequestItems' ${failed}Member must have length greater than or equal to 1`,
  ],
  [
    'BatchGetItem',
    { RequestItems: { [TableName]: { Keys: [] } } },
    `${counted}Value at 'RequestItems.${TableName}.member.Keys' ${failed}Member must have length greater than or equal to 1`,
  ],
  [
    'BatchGetItem',
    { RequestItems: { [TableName]: { Keys: Array.from({ length: 101 }, (_, n) => ({ pk: { S: String(n) } })) } } },
    `${counted}Value at 'RequestItems.${TableName}.member.Keys' ${failed}Member must have length less than or equal to 100`,
  ],
  ['BatchWriteItem', { RequestItems: {} }, 'The requestItems parameter is required for BatchWriteItem'],
  [
    'BatchWriteItem',
    { RequestItems: { 'bad!name': [{ DeleteRequest: { Key } }] }, ReturnConsumedCapacity: 'x' },
    counted + capacityEnum,
  ],
  [
    'BatchWriteItem',
    { RequestItems: { [TableName]: [{ PutRequest: { Item: { other: { S: 'a' } } } }] } },
    'The provided key element does not match the schema',
  ],
  [
    'BatchWriteItem',
    { RequestItems: { [TableName]: [{ PutRequest: { Item: { pk: { N: '1' } } } }] } },
    'The provided key element does not match the schema',
  ],
  // Tables.
  [
    'CreateTable',
    {
      TableName: 'ab',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    },
    `${counted}Value 'ab' at 'tableName' ${failed}Member must have length greater than or equal to 3`,
  ],
  // Transactions: one by one, before any table is looked up.
  [
    'TransactWriteItems',
    { TransactItems: [{ Put: { TableName, Item: { pk: { S: '' } } } }] },
    'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
  ],
  [
    'TransactWriteItems',
    {
      TransactItems: [
        { Delete: { TableName: 'no-such-table', Key } },
        { Update: { TableName, Key, UpdateExpression: 'SET' } },
        { Put: { TableName, Item: { ...Key, v: { N: 'x' } } } },
      ],
    },
    'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"',
  ],
]

describe.runIf(isLocal)('a request', () => {
  const count = requests().length
  test.each(Array.from({ length: count }, (_, at) => at))(
    'number %i is refused in the words of its layer',
    async (at) => {
      const [operation, input, message] = requests()[at] as readonly [string, object, string]
      expect(await messageOf(operation, input)).toBe(message)
    },
  )

  test('for a wrong name of a table in BatchGetItem is shown as JSON', async () => {
    const RequestItems = { 'bad!name': { Keys: [Key] } }
    expect(await messageOf('BatchGetItem', { RequestItems })).toBe(
      `${counted}Value '${JSON.stringify(RequestItems)}' at 'requestItems' ${failed}Map keys must satisfy constraint: ` +
        '[Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]',
    )
  })
})

/** Of 409,600 bytes that a statement may take; `name` is a, and 19 + 1 are what SET and it take. */
const statementMax = 409_600
const text = (bytes: number): object => ({ S: 'x'.repeat(bytes) })

describe.runIf(isLocal)('an update as a statement', () => {
  const tooLarge = 'Item size to update has exceeded the maximum allowed size'
  const sent = async (UpdateExpression: string, values: object, more: object = {}): Promise<unknown> =>
    messageOf('UpdateItem', {
      TableName,
      Key: { pk: { S: 'large' } },
      UpdateExpression,
      ExpressionAttributeValues: values,
      ...more,
    })

  test('may take 409,600 bytes and not one more', async () => {
    const rest = statementMax - (3 + 19 + 1)
    expect(await sent('SET a = :v', { ':v': text(rest + 1) })).toBe(tooLarge)
    // What one clause leaves, another may take; a removed path costs a byte and its names.
    const two = rest - (1 + 4)
    expect(await sent('SET a = :v REMOVE bbbb', { ':v': text(two + 1) })).toBe(tooLarge)
    expect(await sent('SET a = :v REMOVE bbbb', { ':v': text(two) })).not.toBe(tooLarge)
  })

  test('counts a value as often as clauses have it, and before the condition', async () => {
    const values = { ':v': text(210_000) }
    const never = { ConditionExpression: 'attribute_exists(nothing)' }
    expect(await sent('SET a = if_not_exists(a, :v), b = if_not_exists(b, :v)', values, never)).toBe(tooLarge)
    expect(await sent('SET a = if_not_exists(a, :v)', values, never)).toMatchObject({
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
    })
  })

  test('in a transaction is only bounded by the item', async () => {
    const values = { ':v': text(204_000), ':n': { N: '1' } }
    const update = 'SET a = if_not_exists(a, :v), b = if_not_exists(a, :v), c = if_not_exists(d, :n)'
    const first = {
      TableName,
      Key: { pk: { S: 'kept' } },
      UpdateExpression: 'SET a = :n',
      ExpressionAttributeValues: { ':n': { N: '1' } },
    }
    expect(await messageOf('UpdateItem', first)).toBe('accepted')
    const again = { TableName, Key: { pk: { S: 'kept' } }, UpdateExpression: update, ExpressionAttributeValues: values }
    const padded = { ...again, UpdateExpression: `${update}, e = if_not_exists(a, :v)` }
    expect(await messageOf('UpdateItem', padded)).toBe(tooLarge)
    expect(await messageOf('TransactWriteItems', { TransactItems: [{ Update: padded }] })).toBe('accepted')
  })
})
