/**
 * Expressions and what is wrong with them. Messages as DynamoDB gives them; the rules are those of the developer guide,
 * "Condition and filter expressions, operators, and functions", "Using update expressions" and "Expression size limits".
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type AttributeValue,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { refusal, testRegion, type TestRegion } from './region.ts'

type Values = Record<string, AttributeValue>

let region: TestRegion
let TableName: string

beforeAll(async () => {
  region = await testRegion()
  TableName = await region.createTable()
})
afterAll(() => region.close())

const item: Values = {
  pk: { S: 'item' },
  n: { N: '5' },
  s: { S: 'hello' },
  b: { B: Uint8Array.of(1, 2, 3) },
  yes: { BOOL: true },
  nothing: { NULL: true },
  l: { L: [{ N: '1' }, { S: 'x' }, { M: { deep: { S: 'y' } } }] },
  m: { M: { a: { N: '1' }, b: { M: { c: { S: 'z' } } } } },
  ss: { SS: ['a', 'b'] },
  ns: { NS: ['1', '2'] },
  'odd.nick': { S: 'odd' },
}
const Key = { pk: { S: 'item' } }
beforeEach(() => region.client.send(new PutItemCommand({ TableName, Item: item })))

const v: Readonly<Record<'n' | 's' | 'list' | 'no', AttributeValue>> = {
  n: { N: '5' },
  s: { S: 'hello' },
  list: { L: [{ S: 'new' }] },
  no: { BOOL: false },
}

type Given = { readonly values?: Values; readonly names?: Record<string, string> }
const placeholders = ({ values, names }: Given) => ({
  ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
})

describe('a condition', () => {
  const holds = async (ConditionExpression: string, given: Given = {}): Promise<boolean> => {
    const sent = region.client.send(
      new PutItemCommand({ TableName, Item: item, ConditionExpression, ...placeholders(given) }),
    )
    return sent.then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false
        throw error
      },
    )
  }

  const n = { ':n': v.n }
  const truths: readonly (readonly [string, boolean, Given?])[] = [
    ['n = :n', true, { values: n }],
    [':n = n', true, { values: n }],
    ['n <> :n', false, { values: n }],
    ['absent <> :n', true, { values: n }],
    ['absent = :n', false, { values: n }],
    ['s = :n', false, { values: n }],
    ['s > :n', false, { values: n }],
    ['n = :n', true, { values: { ':n': { N: '5.00' } } }],
    ['n BETWEEN :a AND :b', true, { values: { ':a': { N: '5' }, ':b': { N: '6' } } }],
    ['n IN (:a, :n)', true, { values: { ...n, ':a': { S: 'x' } } }],
    ['n < size(s)', false],
    ['size(s) = :n', true, { values: n }],
    ['size(b) < :n AND size(l) < :n AND size(m) < :n AND size(ss) < :n', true, { values: n }],
    ['size(n) = :n', false, { values: n }],
    ['size(absent) = :n', false, { values: n }],
    ['attribute_exists(m.b.c)', true],
    ['attribute_exists(m.b.d)', false],
    ['attribute_exists(l[2].deep)', true],
    ['attribute_exists(l[3])', false],
    ['attribute_not_exists(m.x.y.z)', true],
    ['attribute_exists(odd.nick)', false],
    ['attribute_exists(#odd)', true, { names: { '#odd': 'odd.nick' } }],
    ['attribute_type(nothing, :t)', true, { values: { ':t': { S: 'NULL' } } }],
    ['attribute_type(l, :t)', false, { values: { ':t': { S: 'SS' } } }],
    ['begins_with(s, :p)', true, { values: { ':p': { S: 'he' } } }],
    ['begins_with(n, :p)', false, { values: { ':p': { S: '5' } } }],
    ['contains(s, :p)', true, { values: { ':p': { S: 'ell' } } }],
    ['contains(ss, :p)', true, { values: { ':p': { S: 'b' } } }],
    ['contains(ns, :p)', true, { values: { ':p': { N: '2.0' } } }],
    ['contains(l, :p)', true, { values: { ':p': { S: 'x' } } }],
    ['contains(ss, :p)', false, { values: { ':p': { S: 'ab' } } }],
    ['NOT n = :n OR n = :n', true, { values: n }],
    ['NOT (n = :n OR n = :n)', false, { values: n }],
    // AND binds before OR.
    ['n = :n OR n = :n AND absent = :n', true, { values: n }],
    ['(n = :n OR n = :n) AND absent = :n', false, { values: n }],
    ['n between :n and :n And s IN (:s)', true, { values: { ...n, ':s': v.s } }],
    ['ss = :set', true, { values: { ':set': { SS: ['b', 'a'] } } }],
    ['m = :m', true, { values: { ':m': item['m'] as AttributeValue } }],
  ]
  for (const [text, expected, given] of truths)
    test(`${text} is ${expected}`, async () => expect(await holds(text, given)).toBe(expected))

  const invalid = '1 validation error detected: Invalid ConditionExpression: '
  const refused = async (text: string, given: Given = {}) => {
    const [name, message] = await refusal(holds(text, given))
    expect(name).toBe('ValidationException')
    return message
  }

  const wrong: readonly (readonly [string, string, Given?])[] = [
    ['', 'The expression can not be empty;'],
    ['n =', 'Syntax error; token: "<EOF>", near: "="'],
    ['n = = :n', 'Syntax error; token: "=", near: "= = :n"', { values: n }],
    ['n IN ()', 'Syntax error; token: ")", near: "()"'],
    ['n = 5', 'Syntax error; token: "5", near: "= 5"'],
    ['a-b = :n', 'Syntax error; token: "-", near: "a-b"', { values: n }],
    ['((n = :n))', 'The expression has redundant parentheses;', { values: n }],
    ['year = :n', 'Attribute name is a reserved keyword; reserved keyword: year', { values: n }],
    ['n = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    ['#x = n', 'An expression attribute name used in the document path is not defined; attribute name: #x'],
    ['foo(n)', 'Invalid function name; function: foo'],
    ['Attribute_Exists(n)', 'Invalid function name; function: Attribute_Exists'],
    [
      'if_not_exists(n, :n)',
      'The function is not allowed in a condition expression; function: if_not_exists',
      { values: n },
    ],
    ['size(n)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(n) = :n',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
      { values: n },
    ],
    [
      'attribute_exists(:n)',
      'Operator or function requires a document path; operator or function: attribute_exists',
      { values: n },
    ],
    [
      'attribute_exists(n, s)',
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2',
    ],
    [
      'begins_with(s, :n)',
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
      { values: n },
    ],
    [
      'n < :b',
      'Incorrect operand type for operator or function; operator or function: <, operand type: BOOL',
      { values: { ':b': v.no } },
    ],
    [
      'attribute_type(n, :t)',
      'Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
      { values: { ':t': { S: 'X' } } },
    ],
    [
      'n BETWEEN :a AND :b',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}',
      { values: { ':a': { N: '2' }, ':b': { N: '1' } } },
    ],
    [
      'n BETWEEN :a AND :b',
      'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {S:a}',
      { values: { ':a': { N: '2' }, ':b': { S: 'a' } } },
    ],
    [
      'n = n',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]',
    ],
    ['l[99999999999] = :n', 'List index is not within the allowable range; index: [99999999999]', { values: n }],
  ]
  for (const [text, problem, given] of wrong)
    test(`${text} is refused: ${problem}`, async () => expect(await refused(text, given)).toBe(invalid + problem))

  test('has at most 4,096 bytes, 300 operators and 100 operands of IN', async () => {
    const padded = `n = :n${' '.repeat(4091)}`
    expect(await refused(padded, { values: n })).toBe(
      `${invalid}Expression size has exceeded the maximum allowed size; expression size: 4097`,
    )
    expect(await holds(padded.slice(0, 4096), { values: n })).toBe(true)
    const operators = (count: number) => Array.from({ length: count }, () => 'n = :n').join(' AND ')
    expect(await refused(operators(151), { values: n })).toBe(
      `${invalid}The expression contains too many operators; operator count: 301`,
    )
    expect(await holds(operators(150), { values: n })).toBe(true)
    const operands = (count: number) => `n IN (${Array.from({ length: count }, () => ':n').join(',')})`
    expect(await refused(operands(101), { values: n })).toBe(
      `${invalid}The IN operator is provided with too many operands; number of operands: 101`,
    )
    expect(await holds(operands(100), { values: n })).toBe(true)
  })

  test.each<readonly [string, Given, string]>([
    ['', { names: { '#a': 'a' } }, 'ExpressionAttributeNames can only be specified when using expressions'],
    ['', { values: n }, 'ExpressionAttributeValues can only be specified when using expressions'],
    ['n = s', { names: {} }, 'ExpressionAttributeNames must not be empty'],
    ['n = s', { values: {} }, 'ExpressionAttributeValues must not be empty'],
    ['n = s', { names: { a: 'a' } }, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'],
    ['n = s', { values: { n: v.n } }, 'ExpressionAttributeValues contains invalid key: Syntax error; key: "n"'],
    ['n = s', { names: { '#a': 'a' } }, 'Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}'],
    ['n = s', { values: n }, 'Value provided in ExpressionAttributeValues unused in expressions: keys: {:n}'],
    ['n = :a', { values: { ':a': { N: 'five' } } }, 'The parameter cannot be converted to a numeric value: five'],
    [
      'n = :a',
      { values: { ':a': { SS: [] } } },
      'One or more parameter values were invalid: An string set  may not be empty',
    ],
  ])('"%s" with placeholders %j is refused', async (text, given, message) => {
    const condition = text === '' ? {} : { ConditionExpression: text }
    const sent = region.client.send(new PutItemCommand({ TableName, Item: item, ...condition, ...placeholders(given) }))
    expect(await refusal(sent)).toEqual(['ValidationException', `1 validation error detected: ${message}`])
  })
})

describe('an update', () => {
  const update = (UpdateExpression: string, given: Given = {}, more: Partial<UpdateItemCommandInput> = {}) =>
    region.client.send(new UpdateItemCommand({ TableName, Key, UpdateExpression, ...placeholders(given), ...more }))
  const get = async () => (await region.client.send(new GetItemCommand({ TableName, Key }))).Item ?? {}

  test('computes every value from the item as it was', async () => {
    await update('SET n = n + :n, was = n, l[1] = n REMOVE l[0]', { values: { ':n': v.n } })
    expect(await get()).toMatchObject({ n: { N: '10' }, was: { N: '5' }, l: { L: [{ N: '5' }, { M: {} }] } })
  })

  test('sets elements beyond the end of a list at its end, in order', async () => {
    await update('SET l[9] = :b, l[7] = :a', { values: { ':a': { S: 'a' }, ':b': { S: 'b' } } })
    expect((await get())['l']).toEqual({ L: [...(item['l'] as AttributeValue.LMember).L, { S: 'a' }, { S: 'b' }] })
  })

  test('knows list_append, if_not_exists and both together', async () => {
    await update(
      'SET l = list_append(:l, l), fresh = list_append(if_not_exists(fresh, :none), :l), n = if_not_exists(n, :l)',
      {
        values: { ':l': v.list, ':none': { L: [] } },
      },
    )
    const after = await get()
    expect(after['l']?.L?.[0]).toEqual({ S: 'new' })
    expect([after['fresh'], after['n']]).toEqual([v.list, v.n])
  })

  test('adds to numbers and sets, making what is not there, and deletes from sets, down to none', async () => {
    await update('ADD n :n, fresh :n, ss :set, #new :set DELETE ns :ns', {
      names: { '#new': 'new' },
      values: { ':n': { N: '-0.5' }, ':set': { SS: ['c'] }, ':ns': { NS: ['1', '2', '3'] } },
    })
    const after = await get()
    expect(after).toMatchObject({
      n: { N: '4.5' },
      fresh: { N: '-0.5' },
      ss: { SS: ['a', 'b', 'c'] },
      new: { SS: ['c'] },
    })
    expect(after).not.toHaveProperty('ns')
  })

  test('returns only what it touched', async () => {
    const { Attributes } = await update(
      'SET m.b.c = :s REMOVE n',
      { values: { ':s': v.s } },
      { ReturnValues: 'UPDATED_OLD' },
    )
    expect(Attributes).toEqual({ m: { M: { b: { M: { c: { S: 'z' } } } } }, n: { N: '5' } })
    const after = await update('SET m.b.c = :s', { values: { ':s': v.n } }, { ReturnValues: 'UPDATED_NEW' })
    expect(after.Attributes).toEqual({ m: { M: { b: { M: { c: v.n } } } } })
  })

  test('that only takes away makes no item', async () => {
    const nobody = { pk: { S: 'nobody' } }
    await update('REMOVE a', {}, { Key: nobody })
    expect((await region.client.send(new GetItemCommand({ TableName, Key: nobody }))).Item).toBeUndefined()
  })

  const invalid = '1 validation error detected: Invalid UpdateExpression: '
  const n = { ':n': v.n }
  const wrong: readonly (readonly [string, string, Given?])[] = [
    ['', `${invalid}The expression can not be empty;`],
    ['SET', `${invalid}Syntax error; token: "<EOF>", near: "SET"`],
    ['FOO n', `${invalid}Syntax error; token: "FOO", near: "FOO n"`],
    [
      'SET a = :n SET b = :n',
      `${invalid}The "SET" section can only be used once in an update expression;`,
      { values: n },
    ],
    [
      'SET a.b = :n, a.b.c = :n',
      `${invalid}Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, b, c]`,
      { values: n },
    ],
    [
      'SET a.b = :n REMOVE a[1]',
      `${invalid}Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]`,
      { values: n },
    ],
    ['SET a = size(l)', `${invalid}The function is not allowed in an update expression; function: size`],
    ['SET a = foo(l)', `${invalid}Invalid function name; function: foo`],
    [
      'SET a = :s + :n',
      `${invalid}Incorrect operand type for operator or function; operator or function: +, operand type: S`,
      { values: { ...n, ':s': v.s } },
    ],
    [
      'SET a = if_not_exists(:n, :n)',
      `${invalid}Operator or function requires a document path; operator or function: if_not_exists`,
      { values: n },
    ],
    [
      'SET a = list_append(:l)',
      `${invalid}Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1`,
      { values: { ':l': v.list } },
    ],
    [
      'ADD n :s',
      `${invalid}Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND`,
      { values: { ':s': v.s } },
    ],
    [
      'DELETE ns :n',
      `${invalid}Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND`,
      { values: n },
    ],
    ['ADD ss :n', 'An operand in the update expression has an incorrect data type', { values: n }],
    ['SET s = s + :n', 'An operand in the update expression has an incorrect data type', { values: n }],
    [
      'SET l = list_append(l, :n)',
      `${invalid}Incorrect operand type for operator or function; operator or function: list_append, operand type: N`,
      { values: n },
    ],
    ['SET a = absent', 'The provided expression refers to an attribute that does not exist in the item'],
    [
      'SET a = absent + :n',
      'The provided expression refers to an attribute that does not exist in the item',
      { values: n },
    ],
    ['SET x.y = :n', 'The document path provided in the update expression is invalid for update', { values: n }],
    ['SET m[0] = :n', 'The document path provided in the update expression is invalid for update', { values: n }],
    [
      'SET pk = :n',
      'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
      { values: n },
    ],
    [
      'SET a = :big',
      'Item size to update has exceeded the maximum allowed size',
      { values: { ':big': { S: 'x'.repeat(409_600) } } },
    ],
  ]
  for (const [text, message, given] of wrong)
    test(`${text} is refused: ${message}`, async () => {
      expect(await refusal(update(text, given))).toEqual(['ValidationException', message])
      expect(await get()).toEqual(item)
    })
})

describe('a projection', () => {
  const project = async (ProjectionExpression: string, names?: Record<string, string>) =>
    (
      await region.client.send(
        new GetItemCommand({
          TableName,
          Key,
          ProjectionExpression,
          ...placeholders(names === undefined ? {} : { names }),
        }),
      )
    ).Item

  test('keeps the shape of the item around what it names, without what is not there', async () => {
    expect(await project('m.b.c, l[2].deep, l[1], absent, m.nope')).toEqual({
      m: { M: { b: { M: { c: { S: 'z' } } } } },
      l: { L: [{ S: 'x' }, { M: { deep: { S: 'y' } } }] },
    })
    expect(await project('absent')).toEqual({})
    expect(await project('#o', { '#o': 'odd.nick' })).toEqual({ 'odd.nick': { S: 'odd' } })
  })

  test.each([
    ['', 'The expression can not be empty;'],
    ['a,', 'Syntax error; token: "<EOF>", near: ","'],
    ['a b', 'Syntax error; token: "b", near: "a b"'],
    [
      'm, m.b',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, b]',
    ],
    [
      Array.from({ length: 33 }, () => 'a').join('.'),
      'The document path has too many nesting elements; nesting levels: 33',
    ],
  ])('%s is refused: %s', async (text, problem) => {
    expect(await refusal(project(text))).toEqual(['ValidationException', `Invalid ProjectionExpression: ${problem}`])
  })
})
