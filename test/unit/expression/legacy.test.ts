import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { applyUpdate } from '../../../src/core/expression/evaluate/apply-update.ts'
import { evaluate } from '../../../src/core/expression/evaluate/evaluate.ts'
import { type AttributeUpdates, lowerAttributeUpdates } from '../../../src/core/expression/legacy/attribute-updates.ts'
import { lowerAttributesToGet } from '../../../src/core/expression/legacy/attributes-to-get.ts'
import type { ComparisonOperator } from '../../../src/core/expression/legacy/comparison.ts'
import { type ExpectedAttribute, lowerExpected } from '../../../src/core/expression/legacy/expected.ts'
import { type LegacyConditions, lowerFilter } from '../../../src/core/expression/legacy/filter.ts'
import { keyTestsOfConditions } from '../../../src/core/expression/legacy/key-conditions.ts'
import type { KeySchema } from '../../../src/core/table/table.ts'
import { n, refusal, s } from './parsing.ts'

const invalid = (problem: string): string => `One or more parameter values were invalid: ${problem}`

describe('Expected', () => {
  test.each<[ExpectedAttribute, string]>([
    [
      { Value: s('x'), AttributeValueList: [s('x')] },
      'Value and AttributeValueList cannot be used together for Attribute: a',
    ],
    [
      { Value: s('x'), ComparisonOperator: 'EQ', Exists: true },
      'Exists and ComparisonOperator cannot be used together for Attribute: a',
    ],
    [
      { ComparisonOperator: 'EQ' },
      'Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a',
    ],
    [
      { AttributeValueList: [s('x')] },
      'AttributeValueList can only be used with a ComparisonOperator for Attribute: a',
    ],
    [{}, 'Value must be provided when Exists is null for Attribute: a'],
    [{ Exists: true }, 'Value must be provided when Exists is true for Attribute: a'],
    [{ Exists: false, Value: s('x') }, 'Value cannot be used when Exists is false for Attribute: a'],
    [
      { ComparisonOperator: 'EQ', AttributeValueList: [s('x'), s('y')] },
      'Invalid number of argument(s) for the EQ ComparisonOperator',
    ],
    [
      { ComparisonOperator: 'NULL', AttributeValueList: [s('x')] },
      'Invalid number of argument(s) for the NULL ComparisonOperator',
    ],
    [
      { ComparisonOperator: 'BETWEEN', AttributeValueList: [s('x')] },
      'Invalid number of argument(s) for the BETWEEN ComparisonOperator',
    ],
    [
      { ComparisonOperator: 'IN', AttributeValueList: [] },
      'Invalid number of argument(s) for the IN ComparisonOperator',
    ],
    [
      { ComparisonOperator: 'IN', AttributeValueList: [s('x'), n(1)] },
      'AttributeValues inside AttributeValueList must be of same type',
    ],
    [
      { ComparisonOperator: 'LT', AttributeValueList: [{ SS: ['x'] }] },
      'ComparisonOperator LT is not valid for SS AttributeValue type',
    ],
    [
      { ComparisonOperator: 'BEGINS_WITH', Value: n(1) },
      'ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type',
    ],
  ])('%j', (attribute, problem) => {
    expect(refusal(() => lowerExpected({ a: attribute }, undefined))).toBe(invalid(problem))
  })

  test('a range upside down', () => {
    const attribute: ExpectedAttribute = { ComparisonOperator: 'BETWEEN', AttributeValueList: [n(2), n(1)] }
    expect(refusal(() => lowerExpected({ a: attribute }, undefined))).toBe(
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    )
  })

  test('ConditionalOperator needs two conditions', () => {
    expect(refusal(() => lowerExpected(undefined, 'OR'))).toBe(
      'ConditionalOperator cannot be used without Filter or Expected',
    )
    expect(refusal(() => lowerExpected({ a: { Value: s('x') } }, 'AND'))).toBe(
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    )
  })

  test('all hold, or any with OR', () => {
    const expected = { a: { Value: n(1) }, b: { Exists: false } }
    const item = { a: n(1), b: n(2) }
    expect(evaluate(lowerExpected(expected, undefined)!, item)).toBe(false)
    expect(evaluate(lowerExpected(expected, 'AND')!, item)).toBe(false)
    expect(evaluate(lowerExpected(expected, 'OR')!, item)).toBe(true)
    expect(lowerExpected({}, undefined)).toBeUndefined()
  })
})

describe('every comparison operator', () => {
  const item: Item = {
    text: s('hello'),
    five: n(5),
    tags: { SS: ['a', 'b'] },
    list: { L: [n(1), s('x')] },
    'a.b': s('dot'),
  }
  test.each<[string, ComparisonOperator, readonly AttributeValue[], boolean]>([
    ['text', 'EQ', [s('hello')], true],
    ['text', 'EQ', [n(5)], false],
    ['tags', 'EQ', [{ SS: ['b', 'a'] }], true],
    ['nothing', 'EQ', [s('x')], false],
    ['text', 'NE', [s('hello')], false],
    ['nothing', 'NE', [s('x')], true],
    ['five', 'LE', [n(5)], true],
    ['five', 'LT', [n(5)], false],
    ['five', 'GE', [n(5)], true],
    ['five', 'GT', [n('4.9')], true],
    ['five', 'GT', [s('4')], false],
    ['five', 'BETWEEN', [n(1), n(5)], true],
    ['five', 'IN', [n(4), n(5)], true],
    ['five', 'IN', [n(4), n(6)], false],
    ['five', 'NOT_NULL', [], true],
    ['nothing', 'NOT_NULL', [], false],
    ['nothing', 'NULL', [], true],
    ['text', 'CONTAINS', [s('ell')], true],
    ['tags', 'CONTAINS', [s('a')], true],
    ['list', 'CONTAINS', [n(1)], true],
    ['tags', 'NOT_CONTAINS', [s('a')], false],
    ['tags', 'NOT_CONTAINS', [s('z')], true],
    ['text', 'BEGINS_WITH', [s('he')], true],
    ['a.b', 'EQ', [s('dot')], true],
  ])('%s %s %j is %s', (name, ComparisonOperator, AttributeValueList, holds) => {
    const filter = lowerFilter({ [name]: { ComparisonOperator, AttributeValueList } }, undefined)
    expect(evaluate(filter!, item)).toBe(holds)
  })
})

describe('AttributeUpdates', () => {
  const apply = (updates: AttributeUpdates, item?: Item) =>
    applyUpdate(lowerAttributeUpdates(updates), item, { pk: s('p') })

  test('PUT is what happens without an Action, ADD adds, DELETE takes away', () => {
    const item = { pk: s('p'), gone: s('x'), count: n(1), tags: { SS: ['a', 'b'] }, list: { L: [n(1)] } }
    const updates: AttributeUpdates = {
      'new.name': { Value: s('x') },
      gone: { Action: 'DELETE' },
      count: { Action: 'ADD', Value: n(2) },
      tags: { Action: 'DELETE', Value: { SS: ['a'] } },
      list: { Action: 'ADD', Value: { L: [n(2)] } },
    }
    expect(apply(updates, item)).toEqual({
      item: { pk: s('p'), count: n(3), tags: { SS: ['b'] }, list: { L: [n(1), n(2)] }, 'new.name': s('x') },
    })
  })

  test('values of another type than the attribute', () => {
    expect(apply({ a: { Action: 'ADD', Value: n(1) } }, { a: s('x') })).toEqual({
      refused: 'Type mismatch for attribute to update',
    })
  })

  test.each<[AttributeUpdates[string], string]>([
    [{}, 'Only DELETE action is allowed when no attribute value is specified'],
    [{ Action: 'ADD' }, 'Only DELETE action is allowed when no attribute value is specified'],
    [{ Action: 'DELETE', Value: s('x') }, 'DELETE action with value is not supported for the type S'],
    [{ Action: 'ADD', Value: s('x') }, 'ADD action is not supported for the type S'],
    [{ Action: 'ADD', Value: { BOOL: true } }, 'ADD action is not supported for the type BOOL'],
  ])('%j', (update, problem) => {
    expect(refusal(() => lowerAttributeUpdates({ a: update }))).toBe(invalid(problem))
  })

  test('a deletion alone makes no item (scylladb issue 5862)', () => {
    expect(apply({ a: { Action: 'DELETE' } })).toEqual({ item: undefined })
    expect(apply({})).toEqual({ item: { pk: s('p') } })
  })
})

test('AttributesToGet names whole attributes, each once', () => {
  expect(lowerAttributesToGet(['a.b', 'c'])).toEqual({ paths: [['a.b'], ['c']] })
  expect(refusal(() => lowerAttributesToGet(['a', 'b', 'a']))).toBe(invalid('Duplicate value in attribute name: a'))
})

describe('KeyConditions', () => {
  const schema: KeySchema = { partition: [{ name: 'pk', type: 'S' }], sort: [{ name: 'sk', type: 'N' }] }
  const eq = { ComparisonOperator: 'EQ', AttributeValueList: [s('p')] } as const

  test('are tests of single attributes', () => {
    const conditions = { pk: eq, sk: { ComparisonOperator: 'GE', AttributeValueList: [n(1)] } } as const
    expect([...keyTestsOfConditions(conditions, schema)]).toEqual([
      ['pk', { op: '=', value: s('p') }],
      ['sk', { op: '>=', value: n(1) }],
    ])
  })

  test('are one or two, with operators that an index can follow', () => {
    const problem = (conditions: LegacyConditions) => refusal(() => keyTestsOfConditions(conditions, schema))
    expect(problem({})).toBe('Conditions can be of length 1 or 2 only')
    expect(problem({ a: eq, b: eq, c: eq })).toBe('Conditions can be of length 1 or 2 only')
    expect(problem({ pk: eq, sk: { ...eq, ComparisonOperator: 'NE' } })).toBe(
      'Attempted conditional constraint is not an indexable operation',
    )
  })
})
