import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../../src/core/attribute/value.ts'
import { ExpressionContext } from '../../../src/core/expression/bind/expression-context.ts'
import { parseCondition, parseProjection, parseUpdate } from '../../../src/core/expression/parse.ts'
import { condition, n, projection, refusal, s } from './parsing.ts'

const names = { '#a': 'a', '#b': 'b' }
const values: Record<string, AttributeValue> = {
  ':s': s('text'),
  ':n': n(1),
  ':n2': n(2),
  ':bool': { BOOL: true },
  ':null': { NULL: true },
  ':ss': { SS: ['a'] },
  ':m': { M: {} },
  ':l': { L: [] },
}

const message = (text: string): string => refusal(() => condition(text, { names, values }, 'FilterExpression'))

describe('what the grammar takes but DynamoDB does not', () => {
  test.each([
    ['((a = :s))', 'The expression has redundant parentheses;'],
    ['a = :s AND ((b = :s) )', 'The expression has redundant parentheses;'],
    ['a = ((b))', 'The expression has redundant parentheses;'],
    ['foo(a)', 'Invalid function name; function: foo'],
    ['Size(a) = :n', 'Invalid function name; function: Size'],
    ['if_not_exists(a, :s)', 'The function is not allowed in a condition expression; function: if_not_exists'],
    ['size(a)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(a) = :bool',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
    ],
    [
      'contains(a, begins_with(b, :s))',
      'The function is not allowed to be used this way in an expression; function: begins_with',
    ],
    ['name = :s', 'Attribute name is a reserved keyword; reserved keyword: name'],
    ['a.Size = :s', 'Attribute name is a reserved keyword; reserved keyword: Size'],
    ['size(status) > :n', 'Attribute name is a reserved keyword; reserved keyword: status'],
    ['#c = :s', 'An expression attribute name used in the document path is not defined; attribute name: #c'],
    ['#a.#c = :s', 'An expression attribute name used in the document path is not defined; attribute name: #c'],
    ['a = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    [
      'contains(a)',
      'Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1',
    ],
    [
      'attribute_exists(a, b)',
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2',
    ],
    [
      'size(a, b) = :n',
      'Incorrect number of operands for operator or function; operator or function: size, number of operands: 2',
    ],
    [
      'begins_with(a, :n)',
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    ],
    ['a < :bool', 'Incorrect operand type for operator or function; operator or function: <, operand type: BOOL'],
    ['a >= :ss', 'Incorrect operand type for operator or function; operator or function: >=, operand type: SS'],
    [
      'a BETWEEN :l AND :l',
      'Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: L',
    ],
    ['size(:n) = :n', 'Incorrect operand type for operator or function; operator or function: size, operand type: N'],
    [
      'attribute_type(a, :n)',
      'Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N',
    ],
    [
      'attribute_type(a, :s)',
      'Invalid attribute type name found; type: text, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
    ],
    ['attribute_exists(:s)', 'Operator or function requires a document path; operator or function: attribute_exists'],
    [
      'a = #a',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]',
    ],
    [
      'contains(a.b[1], #a.#b[1])',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a, b, [1]]',
    ],
    [
      'a BETWEEN :n2 AND :n',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}',
    ],
    [
      'a BETWEEN :n AND :s',
      'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:text}',
    ],
    ['a[2147483648] = :s', 'List index is not within the allowable range; index: [2147483648]'],
  ])('%s', (text, problem) => {
    expect(message(text)).toBe(`Invalid FilterExpression: ${problem}`)
  })

  test.each([
    '(a = :s) AND (b = :s OR (NOT (#a = :s)))',
    '(a) = (:s)',
    'size(a) BETWEEN :n AND :n2',
    'size(:s) = :n',
    'a IN (:s, :n, b)',
    ':n BETWEEN a AND b',
    'attribute_type(a, :type)',
    'a <> :m',
    ':s = :s',
    'contains(:ss, a)',
  ])('%s is fine', (text) => {
    expect(refusal(() => condition(text, { names, values: { ...values, ':type': s('SS') } }))).toBe('accepted')
  })

  test('parentheses come before functions, functions before reserved words, these before what is not defined', () => {
    expect(message('((foo(name) = :x))')).toMatch(/redundant parentheses/)
    expect(message('foo(name) = :x')).toMatch(/Invalid function name/)
    expect(message('#c = :x AND name = :x AND size(a)')).toMatch(/not allowed to be used this way/)
    expect(message('#c = :x AND name = :x')).toMatch(/reserved keyword/)
    expect(message('#c = :x AND a < :bool')).toMatch(/attribute name: #c/)
    expect(message('a < :bool AND #c = :x')).toMatch(/operand type: BOOL/)
  })
})

describe('limits', () => {
  test('an expression has 4 KB of UTF-8', () => {
    expect(message(`a = :s AND ${'b'.repeat(4085)}`)).toMatch(/Syntax error/)
    expect(message(`a = :s AND ${'b'.repeat(4086)}`)).toBe(
      'Invalid FilterExpression: Expression size has exceeded the maximum allowed size; expression size: 4097',
    )
    expect(message('é'.repeat(2049))).toMatch(/expression size: 4098$/)
  })

  test('300 operators (aws-sdk-js issue 3721 has the message)', () => {
    const chain = (comparisons: number): string => Array.from({ length: comparisons }, () => 'a=:s').join(' OR ')
    expect(message(chain(150))).toBe('accepted')
    expect(message(chain(151))).toBe(
      'Invalid FilterExpression: The expression contains too many operators; operator count: 301',
    )
  })

  test('IN takes 100 operands', () => {
    const list = (operands: number): string => `a IN (${Array.from({ length: operands }, () => ':s').join(',')})`
    expect(message(list(100))).toBe('accepted')
    expect(message(list(101))).toBe(
      'Invalid FilterExpression: The IN operator is provided with too many operands; number of operands: 101',
    )
  })

  test('a path has 32 elements', () => {
    const path = (elements: number): string => Array.from({ length: elements }, () => 'a').join('.')
    expect(refusal(() => projection(path(32)))).toBe('accepted')
    expect(refusal(() => projection(path(33)))).toBe(
      'Invalid ProjectionExpression: The document path has too many nesting elements; nesting levels: 33',
    )
  })
})

describe('placeholders are used by one of the expressions of a request', () => {
  const context = (): ExpressionContext =>
    new ExpressionContext({ names: { '#a': 'a', '#b': 'b' }, values: { ':a': s('a'), ':b': s('b'), ':c': s('c') } })

  test('those that none has used are named, names before values', () => {
    const request = context()
    parseCondition('#a = :a', 'ConditionExpression', request)
    expect(refusal(() => request.finish())).toBe(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}',
    )
    parseProjection('#b', request)
    expect(refusal(() => request.finish())).toBe(
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :c}',
    )
    parseUpdate('SET x = :b, y = :c', request)
    expect(refusal(() => request.finish())).toBe('accepted')
  })

  test("names like Object's own are not found where they were not given", () => {
    expect(message('#constructor = :s')).toMatch(/attribute name: #constructor$/)
  })
})

describe('projections', () => {
  test.each([
    ['a, b, a', 'overlap', '[a]', '[a]'],
    ['a.b, a', 'overlap', '[a, b]', '[a]'],
    ['a, a[0].b', 'overlap', '[a]', '[a, [0], b]'],
    ['a.b, a[0]', 'conflict', '[a, b]', '[a, [0]]'],
  ])('%s', (text, clash, one, two) => {
    expect(refusal(() => projection(text))).toBe(
      `Invalid ProjectionExpression: Two document paths ${clash} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`,
    )
  })

  test('a reserved word in any case', () => {
    expect(refusal(() => projection('a, dAtA'))).toBe(
      'Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: dAtA',
    )
    expect(projection('#d[3].x, e', { names: { '#d': 'data' } })).toEqual({ paths: [['data', 3, 'x'], ['e']] })
  })
})
