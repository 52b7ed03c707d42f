/**
 * The parameters that came before expressions: developer guide, "Legacy conditional parameters" and their API reference.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  type AttributeValueUpdate,
  type Condition,
  type ExpectedAttributeValue,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { refusal, testRegion, type TestRegion } from './region.ts'

let region: TestRegion
let TableName: string

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable({
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'N' },
    ],
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  })
  for (let n = 0; n < 6; n++)
    await region.client.send(
      new PutItemCommand({
        TableName,
        Item: {
          pk: { S: 'p' },
          sk: { N: String(n) },
          n: { N: String(n) },
          s: { S: `s${n}` },
          ...(n % 2 === 0 ? { even: { BOOL: true }, ss: { SS: ['a', `b${n}`] } } : {}),
        },
      }),
    )
})
afterAll(() => region.close())

const compare = (ComparisonOperator: string, ...AttributeValueList: AttributeValue[]): Condition => ({
  ComparisonOperator: ComparisonOperator as Condition['ComparisonOperator'],
  ...(AttributeValueList.length === 0 ? {} : { AttributeValueList }),
})
const S = (text: string): AttributeValue => ({ S: text })
const N = (number: number): AttributeValue => ({ N: String(number) })
const counted = '1 validation error detected: '
const invalid = (problem: string) => `One or more parameter values were invalid: ${problem}`
const sortKeys = (items: readonly Record<string, AttributeValue>[] = []): readonly number[] =>
  items.map((each) => Number(each['sk']?.N)).toSorted((a, b) => a - b)

describe('Query', () => {
  const query = (more: Partial<QueryCommandInput>) => region.client.send(new QueryCommand({ TableName, ...more }))
  const pk = compare('EQ', S('p'))

  const keys: readonly (readonly [Condition, readonly number[]])[] = [
    [compare('EQ', N(3)), [3]],
    [compare('LT', N(2)), [0, 1]],
    [compare('LE', N(2)), [0, 1, 2]],
    [compare('GT', N(4)), [5]],
    [compare('GE', N(4)), [4, 5]],
    [compare('BETWEEN', N(1), N(3)), [1, 2, 3]],
  ]
  for (const [sk, expected] of keys)
    test(`by sort key ${JSON.stringify(sk)}`, async () =>
      expect(sortKeys((await query({ KeyConditions: { pk, sk } })).Items)).toEqual(expected))

  const wrong: readonly (readonly [string, Partial<QueryCommandInput>, string])[] = [
    ['no conditions', { KeyConditions: {} }, 'Conditions can be of length 1 or 2 only'],
    [
      'three conditions',
      { KeyConditions: { pk, sk: compare('EQ', N(1)), n: compare('EQ', N(1)) } },
      'Conditions can be of length 1 or 2 only',
    ],
    [
      'no partition key',
      { KeyConditions: { sk: compare('EQ', N(1)) } },
      'Query condition missed key schema element: pk',
    ],
    [
      'a condition on another attribute',
      { KeyConditions: { pk, n: compare('EQ', N(1)) } },
      'Query condition missed key schema element: sk',
    ],
    ['a range of partitions', { KeyConditions: { pk: compare('GT', S('p')) } }, 'Query key condition not supported'],
    [
      'an operator that no index knows',
      { KeyConditions: { pk, sk: compare('NE', N(1)) } },
      'Attempted conditional constraint is not an indexable operation',
    ],
    [
      'a value of another type',
      { KeyConditions: { pk: compare('EQ', N(1)) } },
      invalid('Condition parameter type does not match schema type'),
    ],
    [
      'too many values',
      { KeyConditions: { pk: compare('EQ', S('a'), S('b')) } },
      invalid('Invalid number of argument(s) for the EQ ComparisonOperator'),
    ],
    [
      'bounds the wrong way round',
      { KeyConditions: { pk, sk: compare('BETWEEN', N(2), N(1)) } },
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    ],
    [
      'a filter on the key',
      { KeyConditions: { pk }, QueryFilter: { sk: compare('GT', N(1)) } },
      'QueryFilter can only contain non-primary key attributes: Primary key attribute: sk',
    ],
    [
      'an operator between nothing',
      { KeyConditions: { pk }, ConditionalOperator: 'OR' },
      'ConditionalOperator cannot be used without Filter or Expected',
    ],
    [
      'an operator between one',
      { KeyConditions: { pk }, QueryFilter: { n: compare('GT', N(1)) }, ConditionalOperator: 'OR' },
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    ],
    [
      'an attribute named twice',
      { KeyConditions: { pk }, AttributesToGet: ['n', 'n'] },
      invalid('Duplicate value in attribute name: n'),
    ],
    [
      'both ages of key conditions',
      {
        KeyConditions: { pk },
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': S('p') },
      },
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {KeyConditions} Expression parameters: {KeyConditionExpression}',
    ],
    [
      'both ages of filters',
      {
        KeyConditions: { pk },
        QueryFilter: { n: compare('GT', N(1)) },
        FilterExpression: 'n > :n',
        ExpressionAttributeValues: { ':n': N(1) },
      },
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {QueryFilter} Expression parameters: {FilterExpression}',
    ],
  ]
  for (const [what, more, message] of wrong)
    test(`refuses ${what}`, async () => expect(await refusal(query(more))).toEqual(['ValidationException', message]))

  test('filters by all or any, and answers the attributes asked for', async () => {
    const QueryFilter = { n: compare('GT', N(2)), even: compare('NOT_NULL') }
    const count = async (more: Partial<QueryCommandInput>) =>
      (await query({ KeyConditions: { pk }, QueryFilter, Select: 'COUNT', ...more })).Count
    expect([await count({}), await count({ ConditionalOperator: 'OR' })]).toEqual([1, 5])
    const { Items } = await query({ KeyConditions: { pk }, AttributesToGet: ['n', 'none'], Limit: 1 })
    expect(Items).toEqual([{ n: N(0) }])
  })
})

describe('Scan', () => {
  const scan = (more: Partial<ScanCommandInput>) => region.client.send(new ScanCommand({ TableName, ...more }))

  const filters: readonly (readonly [string, Condition, readonly number[]])[] = [
    ['n', compare('EQ', N(3)), [3]],
    ['n', compare('NE', N(3)), [0, 1, 2, 4, 5]],
    ['n', compare('IN', N(3), N(5), N(9)), [3, 5]],
    ['n', compare('BETWEEN', N(3), N(4)), [3, 4]],
    ['s', compare('BEGINS_WITH', S('s1')), [1]],
    ['s', compare('CONTAINS', S('2')), [2]],
    ['s', compare('NOT_CONTAINS', S('2')), [0, 1, 3, 4, 5]],
    ['ss', compare('CONTAINS', S('b4')), [4]],
    ['ss', compare('EQ', { SS: ['b2', 'a'] }), [2]],
    ['even', compare('NULL'), [1, 3, 5]],
    ['even', compare('NOT_NULL'), [0, 2, 4]],
    ['even', compare('NE', { BOOL: true }), [1, 3, 5]],
    ['n', compare('GT', S('1')), []],
  ]
  for (const [name, condition, expected] of filters)
    test(`by ${name} ${JSON.stringify(condition)}`, async () =>
      expect(sortKeys((await scan({ ScanFilter: { [name]: condition } })).Items)).toEqual(expected))

  const wrong: readonly (readonly [Condition, string])[] = [
    [compare('GT'), 'Invalid number of argument(s) for the GT ComparisonOperator'],
    [compare('NULL', N(1)), 'Invalid number of argument(s) for the NULL ComparisonOperator'],
    [compare('BETWEEN', N(1)), 'Invalid number of argument(s) for the BETWEEN ComparisonOperator'],
    [compare('GT', { SS: ['a'] }), 'ComparisonOperator GT is not valid for SS AttributeValue type'],
    [compare('CONTAINS', { BOOL: true }), 'ComparisonOperator CONTAINS is not valid for BOOL AttributeValue type'],
    [compare('BEGINS_WITH', N(1)), 'ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type'],
    [compare('IN', N(1), S('a')), 'AttributeValues inside AttributeValueList must be of same type'],
  ]
  for (const [condition, problem] of wrong)
    test(`refuses ${JSON.stringify(condition)}`, async () =>
      expect(await refusal(scan({ ScanFilter: { n: condition } }))).toEqual(['ValidationException', invalid(problem)]))

  test('refuses an operator that is none, in the words of its form', async () => {
    expect(await refusal(scan({ ScanFilter: { n: compare('ABOUT', N(1)) } }))).toEqual([
      'ValidationException',
      "1 validation error detected: Value 'ABOUT' at 'scanFilter.n.member.comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
    ])
  })
})

describe('Expected', () => {
  const Item = { pk: S('expected'), sk: N(1), n: N(5), s: S('text') }
  beforeEach(() => region.client.send(new PutItemCommand({ TableName, Item })))
  const put = (Expected: Record<string, ExpectedAttributeValue>, more: Partial<PutItemCommandInput> = {}) =>
    region.client.send(new PutItemCommand({ TableName, Item, Expected, ...more }))

  const outcomes: readonly (readonly [ExpectedAttributeValue, boolean])[] = [
    [{ Value: N(5) }, true],
    [{ Value: N(6) }, false],
    [{ Exists: true, Value: N(5) }, true],
    [{ Exists: false }, false],
    [{ ComparisonOperator: 'GT', Value: N(4) }, true],
    [{ ComparisonOperator: 'IN', AttributeValueList: [N(4), N(5)] }, true],
    [{ ComparisonOperator: 'NULL' }, false],
    [{ ComparisonOperator: 'NOT_NULL' }, true],
  ]
  for (const [expected, holds] of outcomes)
    test(`${JSON.stringify(expected)} ${holds ? 'holds' : 'fails'}`, async () => {
      const sent = put({ n: expected })
      if (holds) await expect(sent).resolves.toBeDefined()
      else expect(await refusal(sent)).toEqual(['ConditionalCheckFailedException', 'The conditional request failed'])
    })

  test('any of several is enough with OR', async () => {
    const expected = { n: { Value: N(6) }, s: { Value: S('text') } }
    expect((await refusal(put(expected)))[0]).toBe('ConditionalCheckFailedException')
    await put(expected, { ConditionalOperator: 'OR' })
  })

  const wrong: readonly (readonly [ExpectedAttributeValue, string])[] = [
    [{}, 'Value must be provided when Exists is null for Attribute: n'],
    [{ Exists: true }, 'Value must be provided when Exists is true for Attribute: n'],
    [{ Exists: false, Value: N(1) }, 'Value cannot be used when Exists is false for Attribute: n'],
    [{ AttributeValueList: [N(1)] }, 'AttributeValueList can only be used with a ComparisonOperator for Attribute: n'],
    [
      { ComparisonOperator: 'EQ', Exists: true, Value: N(1) },
      'Exists and ComparisonOperator cannot be used together for Attribute: n',
    ],
    [
      { ComparisonOperator: 'EQ', AttributeValueList: [N(1)], Value: N(1) },
      'Value and AttributeValueList cannot be used together for Attribute: n',
    ],
    [
      { ComparisonOperator: 'EQ' },
      'Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: n',
    ],
  ]
  for (const [expected, problem] of wrong)
    test(`${JSON.stringify(expected)} is refused`, async () =>
      expect(await refusal(put({ n: expected }))).toEqual(['ValidationException', counted + invalid(problem)]))

  test('is not mixed with a condition expression', async () => {
    expect(await refusal(put({ n: { Value: N(5) } }, { ConditionExpression: 'attribute_exists(pk)' }))).toEqual([
      'ValidationException',
      '1 validation error detected: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
    ])
  })
})

describe('AttributeUpdates', () => {
  const Key = { pk: S('updated'), sk: N(1) }
  const before = { n: N(5), ss: { SS: ['a', 'b'] }, l: { L: [S('x')] }, gone: S('x') }
  beforeEach(() => region.client.send(new PutItemCommand({ TableName, Item: { ...Key, ...before } })))
  const update = (AttributeUpdates: Record<string, AttributeValueUpdate>) =>
    region.client.send(new UpdateItemCommand({ TableName, Key, AttributeUpdates, ReturnValues: 'ALL_NEW' }))

  test('put, add and delete', async () => {
    const { Attributes } = await update({
      n: { Action: 'ADD', Value: N(2) },
      fresh: { Action: 'ADD', Value: N(1) },
      ss: { Action: 'DELETE', Value: { SS: ['a'] } },
      l: { Action: 'ADD', Value: { L: [S('y')] } },
      gone: { Action: 'DELETE' },
      put: { Value: S('by default') },
    })
    expect(Attributes).toEqual({
      ...Key,
      n: N(7),
      fresh: N(1),
      ss: { SS: ['b'] },
      l: { L: [S('x'), S('y')] },
      put: S('by default'),
    })
  })

  const wrong: readonly (readonly [AttributeValueUpdate, string])[] = [
    [{ Action: 'PUT' }, counted + invalid('Only DELETE action is allowed when no attribute value is specified')],
    [{ Action: 'ADD', Value: S('x') }, counted + invalid('ADD action is not supported for the type S')],
    [{ Action: 'DELETE', Value: N(1) }, counted + invalid('DELETE action with value is not supported for the type N')],
    [{ Action: 'ADD', Value: { NS: ['1'] } }, 'Type mismatch for attribute to update'],
  ]
  for (const [change, message] of wrong)
    test(`${JSON.stringify(change)} is refused`, async () => {
      expect(await refusal(update({ n: change }))).toEqual(['ValidationException', message])
      const { Item } = await region.client.send(new GetItemCommand({ TableName, Key, AttributesToGet: ['n'] }))
      expect(Item).toEqual({ n: N(5) })
    })

  test('do not touch the key', async () => {
    expect(await refusal(update({ sk: { Value: N(2) } }))).toEqual([
      'ValidationException',
      invalid('Cannot update attribute sk. This attribute is part of the key'),
    ])
  })
})
