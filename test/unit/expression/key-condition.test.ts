import { describe, expect, test } from 'vitest'
import {
  type KeySelection,
  keyTestsOf,
  requireNoKeyAttribute,
  selectKeys,
} from '../../../src/core/expression/key-condition.ts'
import type { LegacyConditions } from '../../../src/core/expression/legacy/filter.ts'
import { keyTestsOfConditions } from '../../../src/core/expression/legacy/key-conditions.ts'
import type { KeySchema } from '../../../src/core/table/table.ts'
import { condition, n, refusal, s } from './parsing.ts'

const schema: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] }
const hashOnly: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [] }
const multi: KeySchema = {
  partition: [
    { name: 'p1', type: 'S' },
    { name: 'p2', type: 'N' },
  ],
  sort: [
    { name: 's1', type: 'S' },
    { name: 's2', type: 'S' },
  ],
}
const values = { ':p': s('p'), ':q': s('q'), ':1': n(1), ':2': n(2), ':e': s(''), ':b': { BOOL: true } }

function select(text: string, key: KeySchema = schema): KeySelection {
  return selectKeys(keyTestsOf(condition(text, { values }, 'KeyConditionExpression')), key)
}

describe('key condition expressions', () => {
  test.each([
    ['pk = :p', { equals: { pk: s('p') } }],
    ['(sk = :1) AND (pk = :p)', { equals: { pk: s('p'), sk: n(1) } }],
    ['pk = :p AND sk < :1', { equals: { pk: s('p') }, condition: { op: '<', value: n(1) } }],
    [':p = pk AND :1 < sk', { equals: { pk: s('p') }, condition: { op: '>', value: n(1) } }],
    [
      'pk = :p AND sk BETWEEN :1 AND :2',
      { equals: { pk: s('p') }, condition: { op: 'between', low: n(1), high: n(2) } },
    ],
  ])('%s', (text, selection) => {
    expect(select(text)).toEqual(selection)
  })

  test.each([
    ['pk = :p OR sk = :1', 'Invalid operator used in KeyConditionExpression: OR'],
    ['NOT pk = :p', 'Invalid operator used in KeyConditionExpression: NOT'],
    ['pk IN (:p)', 'Invalid operator used in KeyConditionExpression: IN'],
    ['pk <> :p', 'Invalid operator used in KeyConditionExpression: <>'],
    ['pk = :p AND attribute_exists(sk)', 'Invalid operator used in KeyConditionExpression: attribute_exists'],
    ['contains(pk, :p)', 'Invalid operator used in KeyConditionExpression: contains'],
    ['size(pk) = :1', 'KeyConditionExpressions cannot contain nested operations'],
    ['pk.a = :p', 'KeyConditionExpressions cannot have conditions on nested attributes'],
    ['pk = sk', 'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition'],
    [':p = :q', 'Invalid condition in KeyConditionExpression: No key attribute specified'],
    [
      ':1 BETWEEN sk AND :2',
      'Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand',
    ],
    [
      'begins_with(:p, pk)',
      'Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand',
    ],
    ['pk = :p AND pk = :q', 'KeyConditionExpressions must only contain one condition per key'],
  ])('%s', (text, problem) => {
    expect(refusal(() => select(text))).toBe(`Invalid KeyConditionExpression: ${problem}`)
  })

  test.each([
    ['sk = :1', 'Query condition missed key schema element: pk'],
    ['pk = :p AND another = :1', 'Query condition missed key schema element: sk'],
    ['pk > :p', 'Query key condition not supported'],
    ['pk = :1', 'One or more parameter values were invalid: Condition parameter type does not match schema type'],
    [
      'pk = :e',
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'pk = :p AND sk = :b',
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    ],
  ])('%s', (text, problem) => {
    expect(refusal(() => select(text))).toBe(problem)
  })

  test('a table without a sort key takes no second condition', () => {
    expect(refusal(() => select('pk = :p AND sk = :1', hashOnly))).toBe('Query key condition not supported')
  })
})

describe('keys of several attributes', () => {
  test('all of the partition, then the sort attributes from the left, the last in a range', () => {
    expect(select('p1 = :p AND p2 = :1 AND s1 = :p AND begins_with(s2, :q)', multi)).toEqual({
      equals: { p1: s('p'), p2: n(1), s1: s('p') },
      condition: { op: 'begins_with', prefix: s('q') },
    })
    expect(refusal(() => select('p1 = :p', multi))).toBe('Query condition missed key schema element: p2')
    expect(refusal(() => select('p1 = :p AND p2 = :1 AND s2 = :p', multi))).toBe(
      'Query condition missed key schema element: s1',
    )
    expect(refusal(() => select('p1 = :p AND p2 = :1 AND s1 > :p AND s2 = :p', multi))).toBe(
      'Query key condition not supported',
    )
  })
})

describe('KeyConditions', () => {
  const legacy = (conditions: LegacyConditions): KeySelection =>
    selectKeys(keyTestsOfConditions(conditions, schema), schema)

  test('the same selection', () => {
    expect(
      legacy({
        sk: { ComparisonOperator: 'GE', AttributeValueList: [n(1)] },
        pk: { ComparisonOperator: 'EQ', AttributeValueList: [s('p')] },
      }),
    ).toEqual({ equals: { pk: s('p') }, condition: { op: '>=', value: n(1) } })
  })

  test('one or two, of operators that an index can follow', () => {
    const eq = { ComparisonOperator: 'EQ', AttributeValueList: [s('p')] } as const
    expect(refusal(() => legacy({}))).toBe('Conditions can be of length 1 or 2 only')
    expect(refusal(() => legacy({ a: eq, b: eq, c: eq }))).toBe('Conditions can be of length 1 or 2 only')
    expect(refusal(() => legacy({ pk: eq, sk: { ...eq, ComparisonOperator: 'NE' } }))).toBe(
      'Attempted conditional constraint is not an indexable operation',
    )
  })
})

test('a filter leaves the key alone', () => {
  const filter = condition('a = :p AND NOT size(b) < sk', { values }, 'FilterExpression')
  expect(refusal(() => requireNoKeyAttribute(filter, schema, 'Filter Expression'))).toBe(
    'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
  )
  expect(refusal(() => requireNoKeyAttribute(filter, hashOnly, 'QueryFilter'))).toBe('accepted')
})
