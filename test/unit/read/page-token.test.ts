import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { validationError } from '../../../src/core/errors.ts'
import { encodeItem } from '../../../src/core/item/item-bytes.ts'
import { wholeRange } from '../../../src/core/key/key-range.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { KeyComparison } from '../../../src/core/read/key-condition.ts'
import { lastEvaluatedKey, queryStart, scanStart } from '../../../src/core/read/page-token.ts'
import { queryRange } from '../../../src/core/read/query-range.ts'
import { indexWith, numberKey, schema, stringKey, tableWith } from '../key/keys.ts'

const table = tableWith(schema(['pk:S'], ['sk:N']))
const index = indexWith(schema(['kind:S'], ['rank:N']))
const inPartition: KeyComparison = { name: 'pk', test: { op: '=', value: { S: 'p' } } }
const from5: KeyComparison = { name: 'sk', test: { op: '>=', value: { N: '5' } } }
const item: Item = { pk: { S: 'p' }, sk: { N: '7' }, kind: { S: 'k' }, rank: { N: '1' }, more: { BOOL: true } }
const startOf = (startKey: Item, ...comparisons: KeyComparison[]) =>
  queryStart({ table }, startKey, queryRange({ table }, comparisons))

describe('LastEvaluatedKey', () => {
  const page = { lastItem: encodeItem(item) }

  it('is the key of the last item, with the index’s when one was read', () => {
    expect(lastEvaluatedKey({ table, range: wholeRange }, page)).toEqual({ pk: { S: 'p' }, sk: { N: '7' } })
    const { more: _, ...keys } = item
    expect(lastEvaluatedKey({ table, index, range: wholeRange }, page)).toEqual(keys)
  })

  it('is absent after the last page', () => {
    expect(lastEvaluatedKey({ table, range: wholeRange }, {})).toBeUndefined()
  })

  it('is absent for a query of one item, which cannot be continued', () => {
    const exact: KeyComparison = { name: 'sk', test: { op: '=', value: { N: '7' } } }
    const query = queryRange({ table }, [inPartition, exact])
    expect(lastEvaluatedKey({ table, range: query.range }, page)).toBeUndefined()
    const hashOnly = tableWith(schema(['pk:S']))
    const only = queryRange({ table: hashOnly }, [inPartition])
    expect(lastEvaluatedKey({ table: hashOnly, range: only.range }, page)).toBeUndefined()
  })

  it('is taken as the start of the next page', () => {
    fc.assert(
      fc.property(stringKey, numberKey, stringKey, numberKey, (pk, sk, kind, rank) => {
        const last: Item = { pk, sk, kind, rank }
        const target = { table, index }
        const query = queryRange(target, [{ name: 'kind', test: { op: '=', value: kind } }])
        const token = lastEvaluatedKey({ ...target, range: query.range }, { lastItem: encodeItem(last) }) ?? {}
        expect(queryStart(target, token, query)).toEqual(scanStart(target, token))
      }),
    )
  })
})

describe('a query’s ExclusiveStartKey', () => {
  it('is the key after which the query goes on', () => {
    const startKey: Item = { pk: { S: 'p' }, sk: { N: '7' } }
    expect(startOf(startKey, inPartition, from5)).toEqual(encodePrimaryKey(table.key, startKey))
  })

  it.each<[string, Item, KeyComparison[], string]>([
    ['lacks a key attribute', { pk: { S: 'p' } }, [inPartition], 'The provided starting key is invalid'],
    [
      'has more than the key',
      { pk: { S: 'p' }, sk: { N: '7' }, x: { N: '1' } },
      [inPartition],
      'The provided starting key is invalid',
    ],
    [
      'has a value of another type',
      { pk: { S: 'p' }, sk: { S: '7' } },
      [inPartition],
      'The provided starting key is invalid: The provided key element does not match the schema',
    ],
    [
      'lies in another partition',
      { pk: { S: 'q' }, sk: { N: '7' } },
      [inPartition],
      'The provided starting key is outside query boundaries based on provided conditions',
    ],
    [
      'lies outside the sort condition',
      { pk: { S: 'p' }, sk: { N: '4' } },
      [inPartition, from5],
      'The provided starting key does not match the range key predicate',
    ],
    [
      'belongs to a query of one item',
      { pk: { S: 'p' }, sk: { N: '7' } },
      [inPartition, { name: 'sk', test: { op: '=', value: { N: '7' } } }],
      'The query can return at most one row and cannot be restarted',
    ],
  ])('that %s is refused', (_, startKey, comparisons, message) => {
    expect(() => startOf(startKey, ...comparisons)).toThrow(validationError(message))
  })
})

describe('a scan’s ExclusiveStartKey', () => {
  it.each<[string, Item]>([
    ['lacks a key attribute', { pk: { S: 'p' } }],
    ['has a value of another type', { pk: { N: '1' }, sk: { N: '7' } }],
  ])('that %s is refused', (_, startKey) => {
    const message = 'The provided starting key is invalid: The provided key element does not match the schema'
    expect(() => scanStart({ table }, startKey)).toThrow(validationError(message))
  })

  it('lies in exactly one segment', () => {
    const startKey: Item = { pk: { S: 'p' }, sk: { N: '7' } }
    const taken = [0, 1, 2, 3].filter((segment) => {
      try {
        return scanStart({ table }, startKey, { segment, total: 4 }).length > 0
      } catch (error) {
        expect(String(error)).toContain(
          'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey ' +
            `with correct Segment. TotalSegments: 4 Segment: ${segment}`,
        )
        return false
      }
    })
    expect(taken.length).toBe(1)
  })
})
