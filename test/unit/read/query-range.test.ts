import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import type { Comparator, Condition, Operand } from '../../../src/core/expression/condition.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { keyComparisons } from '../../../src/core/read/key-condition.ts'
import { checkQueryFilter, queryRange } from '../../../src/core/read/query-range.ts'
import { indexWith, numberKey, schema, stringKey, tableWith } from '../key/keys.ts'

const at = (...path: [string, ...(string | number)[]]): Operand => ({ path })
const value = (content: AttributeValue): Operand => ({ value: content })
const compare = (left: Operand, comparator: Comparator, right: Operand): Condition => ({
  op: 'compare',
  comparator,
  left,
  right,
})
const and = (...of: Condition[]): Condition => ({ op: 'and', of })
const S = (text: string): Operand => value({ S: text })
const N = (text: string): Operand => value({ N: text })

const partition = compare(at('pk'), '=', S('p'))
const table = tableWith(schema(['pk:S'], ['sk:N']))
const hashOnly = tableWith(schema(['pk:S']))
const index = indexWith(schema(['a:S', 'b:S'], ['x:S', 'y:N']))
const inIndex = and(compare(at('a'), '=', S('1')), compare(at('b'), '=', S('2')))

describe('the form of a key condition', () => {
  it.each<[Condition, string]>([
    [{ op: 'or', of: [partition, partition] }, 'Invalid operator used in KeyConditionExpression: OR'],
    [{ op: 'not', of: partition }, 'Invalid operator used in KeyConditionExpression: NOT'],
    [{ op: 'in', operand: at('pk'), list: [S('p')] }, 'Invalid operator used in KeyConditionExpression: IN'],
    [compare(at('pk'), '<>', S('p')), 'Invalid operator used in KeyConditionExpression: <>'],
    [{ op: 'attribute_exists', path: ['pk'] }, 'Invalid operator used in KeyConditionExpression: attribute_exists'],
    [
      { op: 'contains', operand: at('pk'), element: S('p') },
      'Invalid operator used in KeyConditionExpression: contains',
    ],
    [
      compare(at('pk'), '=', at('sk')),
      'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
    ],
    [compare(S('a'), '=', S('b')), 'Invalid condition in KeyConditionExpression: No key attribute specified'],
    [
      { op: 'between', operand: S('a'), low: at('sk'), high: S('b') },
      'Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand',
    ],
    [
      { op: 'begins_with', operand: S('a'), prefix: at('sk') },
      'Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand',
    ],
    [compare({ size: ['pk'] }, '=', N('1')), 'KeyConditionExpressions cannot contain nested operations'],
    [compare(at('pk', 'x'), '=', S('p')), 'KeyConditionExpressions cannot have conditions on nested attributes'],
    [
      and(partition, partition),
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    ],
  ])('%j is refused', (condition, message) => {
    expect(() => keyComparisons(condition)).toThrow(message)
  })

  it('refuses legacy comparisons in their own words', () => {
    const message = 'Attempted conditional constraint is not an indexable operation'
    expect(() => keyComparisons(compare(at('pk'), '<>', S('p')), 'KeyConditions')).toThrow(message)
    expect(() => keyComparisons({ op: 'attribute_exists', path: ['pk'] }, 'KeyConditions')).toThrow(message)
  })

  it('reads a value on the left as the mirrored comparison', () => {
    expect(keyComparisons(compare(N('5'), '<=', at('sk')))).toEqual([
      { name: 'sk', test: { op: '>=', value: { N: '5' } } },
    ])
  })
})

describe('a query range', () => {
  const planned = (condition: Condition, target: Parameters<typeof queryRange>[0] = { table }) =>
    queryRange(target, keyComparisons(condition))

  it.each<[string, Condition, Parameters<typeof queryRange>[0], string]>([
    ['lacks the partition', compare(at('sk'), '=', N('1')), { table }, 'Query condition missed key schema element: pk'],
    ['is on no key at all', compare(at('x'), '=', N('1')), { table }, 'Query condition missed key schema element: pk'],
    [
      'has another attribute in the sort key’s place',
      and(partition, compare(at('x'), '=', N('1'))),
      { table },
      'Query condition missed key schema element: sk',
    ],
    [
      'asks for more than a key without sort attribute has',
      and(partition, compare(at('x'), '=', N('1'))),
      { table: hashOnly },
      'Query key condition not supported',
    ],
    ['compares the partition', compare(at('pk'), '>', S('p')), { table }, 'Query key condition not supported'],
    [
      'has three conditions',
      and(partition, compare(at('sk'), '=', N('1')), compare(at('x'), '=', N('1'))),
      { table },
      'The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)',
    ],
    [
      'has a value of another type',
      and(partition, compare(at('sk'), '=', S('1'))),
      { table },
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    ],
    [
      'has an empty value',
      compare(at('pk'), '=', S('')),
      { table },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'has too long a partition value',
      compare(at('pk'), '=', S('p'.repeat(2049))),
      { table },
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
    [
      'skips a sort attribute',
      and(inIndex, compare(at('y'), '=', N('1'))),
      { table, index },
      'RANGE key attributes x must have equality conditions specified in the query because a condition is present on key attribute y',
    ],
    [
      'lacks one of the partition attributes',
      compare(at('a'), '=', S('1')),
      { table, index },
      'HASH key attributes b must have equality conditions specified in the query',
    ],
    [
      'goes on after an inequality',
      and(inIndex, compare(at('x'), '>', S('1')), compare(at('y'), '=', N('1'))),
      { table, index },
      'RANGE key attributes x must have equality conditions specified in the query because a condition is present on key attribute y',
    ],
  ])('that %s is refused', (_, condition, target, message) => {
    expect(() => planned(condition, target)).toThrow(message)
  })

  it('takes all sort attributes of an index, the last one by any comparison', () => {
    const { equals, condition } = planned(
      and(inIndex, compare(at('x'), '=', S('x')), {
        op: 'between',
        operand: at('y'),
        low: N('1'),
        high: N('2'),
      }),
      { table, index },
    )
    expect(equals).toEqual({ a: { S: '1' }, b: { S: '2' }, x: { S: 'x' } })
    expect(condition).toEqual({ op: 'between', low: { N: '1' }, high: { N: '2' } })
  })

  it('of a whole key is one item', () => {
    fc.assert(
      fc.property(stringKey, numberKey, numberKey, (pk, sk, other) => {
        const { range } = planned(and(compare(at('pk'), '=', value(pk)), compare(at('sk'), '=', value(sk))))
        const key = encodePrimaryKey(table.key, { pk, sk: other } satisfies Item)
        const inside = Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0
        expect(inside).toBe(JSON.stringify(sk) === JSON.stringify(other))
      }),
    )
  })
})

describe('a query’s filter', () => {
  const filter: Condition = and(compare(at('x'), '=', S('1')), {
    op: 'not',
    of: { op: 'in', operand: at('y'), list: [{ size: ['sk'] }] },
  })

  it('has no key attribute of what is queried, however deep', () => {
    expect(() => checkQueryFilter(filter, { table }, 'FilterExpression')).toThrow(
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
    )
    expect(() => checkQueryFilter(filter, { table, index }, 'QueryFilter')).toThrow(
      'QueryFilter can only contain non-primary key attributes: Primary key attribute: x',
    )
  })

  it('may have the table’s key attributes when an index is queried', () => {
    expect(() => checkQueryFilter(partition, { table, index }, 'FilterExpression')).not.toThrow()
  })
})
