import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../../src/core/errors.ts'
import { readInput } from '../../../src/core/wire/input.ts'
import { shown } from '../../../src/core/wire/shown.ts'

function message(operation: string, body: unknown): string | undefined {
  try {
    readInput(operation, JSON.parse(JSON.stringify(body)))
    return undefined
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    expect(error.code).toBe('ValidationException')
    return error.message
  }
}

const constraint = (place: string, value: string, text: string): string =>
  `1 validation error detected: Value ${value} at '${place}' failed to satisfy constraint: ${text}`

const item = { TableName: 'abc', Key: { a: { S: 'a' } } }
const throughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
const table = {
  TableName: 'abc',
  AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
}

/** [operation, body, AWS's message] */
const violations: readonly (readonly [string, unknown, string])[] = [
  ['GetItem', { TableName: 'abc' }, constraint('key', 'null', 'Member must not be null')],
  [
    'GetItem',
    { ...item, TableName: 'abc;' },
    constraint('tableName', "'abc;'", 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+'),
  ],
  [
    'GetItem',
    { ...item, TableName: 'ab' },
    constraint('tableName', "'ab'", 'Member must have length greater than or equal to 3'),
  ],
  [
    'GetItem',
    { ...item, ReturnConsumedCapacity: 'hi' },
    constraint('returnConsumedCapacity', "'hi'", 'Member must satisfy enum value set: [INDEXES, TOTAL, NONE]'),
  ],
  [
    'GetItem',
    { ...item, AttributesToGet: [] },
    constraint('attributesToGet', "'[]'", 'Member must have length greater than or equal to 1'),
  ],
  [
    'Query',
    { TableName: 'abc', Limit: 0 },
    "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  [
    'Scan',
    { TableName: 'abc', TotalSegments: 1_000_001 },
    constraint('totalSegments', "'1000001'", 'Member must have value less than or equal to 1000000'),
  ],
  [
    'Query',
    { TableName: 'abc', KeyConditions: { a: {} } },
    constraint('keyConditions.a.member.comparisonOperator', 'null', 'Member must not be null'),
  ],
  [
    'Scan',
    { TableName: 'abc', Select: 'hi' },
    constraint(
      'select',
      "'hi'",
      'Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]',
    ),
  ],
  [
    'PutItem',
    { TableName: 'abc', Item: {}, ReturnValues: 'hi' },
    constraint(
      'returnValues',
      "'hi'",
      'Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]',
    ),
  ],
  [
    'BatchGetItem',
    { RequestItems: {} },
    "1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'BatchGetItem',
    { RequestItems: { abc: {} } },
    constraint('requestItems.abc.member.keys', 'null', 'Member must not be null'),
  ],
  [
    'BatchWriteItem',
    { RequestItems: { abc: [] } },
    constraint(
      'requestItems',
      "'{abc=[]}'",
      'Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]',
    ),
  ],
  [
    'BatchWriteItem',
    { RequestItems: { aa: [{}] } },
    constraint(
      'requestItems',
      "'{aa=[WriteRequest(putRequest=null, deleteRequest=null)]}'",
      'Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]',
    ),
  ],
  [
    'BatchWriteItem',
    { RequestItems: { abc: [{ PutRequest: {} }] } },
    constraint('requestItems.abc.member.1.member.putRequest.item', 'null', 'Member must not be null'),
  ],
  [
    'TransactWriteItems',
    { TransactItems: [{ Put: { TableName: 'abc' } }] },
    constraint('transactItems.1.member.put.item', 'null', 'Member must not be null'),
  ],
  [
    'CreateTable',
    {
      ...table,
      KeySchema: [
        { AttributeName: 'a', KeyType: 'HASH' },
        { AttributeName: '', KeyType: 'RANGE' },
      ],
    },
    constraint('keySchema.2.member.attributeName', "''", 'Member must have length greater than or equal to 1'),
  ],
  [
    'CreateTable',
    { ...table, AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'X' }] },
    constraint('attributeDefinitions.1.member.attributeType', "'X'", 'Member must satisfy enum value set: [B, N, S]'),
  ],
  [
    'CreateTable',
    { ...table, ProvisionedThroughput: { ...throughput, ReadCapacityUnits: 0 } },
    constraint('provisionedThroughput.readCapacityUnits', "'0'", 'Member must have value greater than or equal to 1'),
  ],
  ['CreateTable', {}, "The parameter 'TableName' is required but was not present in the request"],
  ['DescribeTable', {}, "The parameter 'TableName' is required but was not present in the request"],
  [
    'DescribeTable',
    { TableName: 'ab' },
    'TableName must be at least 3 characters long and at most 255 characters long',
  ],
  [
    'DeleteTable',
    { TableName: 'a'.repeat(256) },
    'TableName must be at least 3 characters long and at most 255 characters long',
  ],
  [
    'ListTables',
    { ExclusiveStartTableName: 'a', Limit: 1 },
    constraint('exclusiveStartTableName', "'a'", 'Member must have length greater than or equal to 3'),
  ],
]

describe('constrain', () => {
  test.each(violations)('%s %j is refused: %s', (operation, body, text) => {
    expect(message(operation, body)).toBe(text)
  })

  test('all violations are reported at once, a structure where it is shown by its members', () => {
    expect(message('CreateTable', { TableName: 'abc;' })).toBe(
      "3 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value 'abc;' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'keySchema' failed to satisfy constraint: Member must not be null",
    )
  })

  test('but no more than ten', () => {
    const definitions = Array.from({ length: 20 }, () => ({ AttributeName: 'a', AttributeType: 'X' }))
    expect(message('CreateTable', { ...table, AttributeDefinitions: definitions })).toMatch(
      /^10 validation errors detected: (Value [^;]*; ){9}Value [^;]*$/,
    )
  })

  test('an ARN stands for a name', () => {
    const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/abc'
    expect(message('GetItem', { ...item, TableName: arn })).toBeUndefined()
    expect(message('DescribeTable', { TableName: arn })).toBeUndefined()
    expect(message('BatchGetItem', { RequestItems: { [arn]: { Keys: [{ a: { S: 'a' } }] } } })).toBeUndefined()
  })

  test('null among the elements of a list or map is a violation', () => {
    expect(message('CreateTable', { ...table, KeySchema: [null] })).toBe(
      constraint('keySchema.1.member', 'null', 'Member must not be null'),
    )
    expect(message('GetItem', { ...item, ExpressionAttributeNames: { '#a': null } })).toBe(
      constraint('expressionAttributeNames.#a.member', 'null', 'Member must not be null'),
    )
  })

  test('a value is printed as Java prints it', () => {
    const KeySchema: unknown[] = []
    expect(
      message('UpdateTable', {
        TableName: 'abc',
        GlobalSecondaryIndexUpdates: [{ Create: { IndexName: 'abc', KeySchema, Projection: {} } }],
      }),
    ).toBe(
      constraint(
        'globalSecondaryIndexUpdates.1.member.create.keySchema',
        "'[]'",
        'Member must have length greater than or equal to 1',
      ),
    )
    const Keys = Array.from({ length: 101 }, () => ({ a: { S: 'b' } }))
    expect(message('BatchGetItem', { RequestItems: { abc: { Keys } } })).toMatch(
      /Value at 'RequestItems\.abc\.member\.Keys' failed to satisfy constraint: Member must have length less than or equal to 100$/,
    )
  })

  test('a whole request within its constraints passes', () => {
    expect(message('CreateTable', { ...table, ProvisionedThroughput: throughput })).toBeUndefined()
    expect(message('GetItem', item)).toBeUndefined()
  })
})

test('a value of a million elements is printed no further than its message goes', () => {
  let reads = 0
  const elements = new Proxy(
    Array.from({ length: 1_000_000 }, () => 'abc'),
    {
      get: (target, name, receiver) => {
        reads++
        return Reflect.get(target, name, receiver) as unknown
      },
    },
  )
  const shape = {
    kind: 'list',
    name: 'Names',
    constraints: {},
    member: { kind: 'scalar', type: 'string', name: 'Name', constraints: {} },
  } as const
  expect(shown(shape, elements)).toMatch(/^\[abc, abc, .*\.\.\.$/)
  expect(reads).toBeLessThan(50_000)
})
