import { describe, expect, test } from 'vitest'
import { matchesAny, parseFilter } from '../../../src/core/triggers/event-filter.ts'

const record = {
  eventName: 'INSERT',
  dynamodb: {
    ApproximateCreationDateTime: 1_700_000_000,
    Keys: { pk: { S: 'Order#1' } },
    NewImage: {
      pk: { S: 'Order#1' },
      n: { N: '5' },
      ok: { BOOL: true },
      empty: { S: '' },
      nothing: { NULL: null },
      tags: { SS: ['red', 'blue'] },
      list: { L: [{ S: 'x' }, { N: '7' }] },
    },
  },
}

function matches(pattern: unknown): boolean {
  const parsed = parseFilter(JSON.stringify(pattern))
  if (parsed === undefined) throw new Error('no pattern')
  return matchesAny([parsed], record)
}

const image = (of: object): object => ({ dynamodb: { NewImage: of } })

describe('a filter', () => {
  test.each([
    ['a string', { eventName: ['INSERT'] }],
    ['one of a list', { eventName: ['REMOVE', 'INSERT'] }],
    ['a boolean', image({ ok: { BOOL: [true] } })],
    ['null', image({ nothing: { NULL: [null] } })],
    ['the empty string', image({ empty: { S: [''] } })],
    ['a number', { dynamodb: { ApproximateCreationDateTime: [1_700_000_000] } }],
    ['a numeric range', { dynamodb: { ApproximateCreationDateTime: [{ numeric: ['>', 1, '<=', 1_700_000_000] }] } }],
    ['numeric equality', { dynamodb: { ApproximateCreationDateTime: [{ numeric: ['=', 1_700_000_000] }] } }],
    ['a prefix', image({ pk: { S: [{ prefix: 'Order#' }] } })],
    ['a suffix', image({ pk: { S: [{ suffix: '#1' }] } })],
    ['equality in any case', image({ pk: { S: [{ 'equals-ignore-case': 'oRDER#1' }] } })],
    ['anything but a value', image({ pk: { S: [{ 'anything-but': 'Order#2' }] } })],
    ['anything but a list', image({ pk: { S: [{ 'anything-but': ['Order#2', 'Order#3'] }] } })],
    ['a leaf that exists', image({ pk: { S: [{ exists: true }] } })],
    ['an attribute that does not exist', image({ missing: [{ exists: false }] })],
    ['an attribute of another type', image({ n: { S: [{ exists: false }] } })],
    ['an element of a set', image({ tags: { SS: ['blue'] } })],
    ['a member of an element of a list', image({ list: { L: { N: ['7'] } } })],
    ['one of two fields', { $or: [{ eventName: ['REMOVE'] }, image({ n: { N: ['5'] } })] }],
    ['alternatives beside a field', { eventName: ['INSERT'], $or: [{ eventName: ['INSERT'] }] }],
  ])('matches %s', (_, pattern) => {
    expect(matches(pattern)).toBe(true)
  })

  test.each([
    ['another string', { eventName: ['REMOVE'] }],
    ['a string in other letters', { eventName: ['insert'] }],
    ['a number where the attribute is a text', image({ n: { N: [{ numeric: ['=', 5] }] } })],
    ['a number as a string', image({ n: { N: [5] } })],
    ['a range that ends before', { dynamodb: { ApproximateCreationDateTime: [{ numeric: ['<', 1_700_000_000] }] } }],
    ['anything but what it is', image({ pk: { S: [{ 'anything-but': ['Order#1'] }] } })],
    ['anything but, of what is not there', image({ missing: { S: [{ 'anything-but': 'a' }] } })],
    ['a map that exists: only a leaf does', image({ pk: [{ exists: true }] })],
    ['an attribute that is there', image({ pk: [{ exists: false }] })],
    ['a field that every object has', { constructor: [{ exists: true }] }],
    ['one field of two', { eventName: ['INSERT'], eventSource: ['other'] }],
    ['no alternative', { $or: [{ eventName: ['REMOVE'] }, { eventName: ['MODIFY'] }] }],
  ])('does not match %s', (_, pattern) => {
    expect(matches(pattern)).toBe(false)
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['an empty object', '{}'],
    ['a leaf that is no list', '{"a":"b"}'],
    ['an empty list', '{"a":[]}'],
    ['an unknown rule', '{"a":[{"wildcard":"*"}]}'],
    ['two rules in one', '{"a":[{"prefix":"a","suffix":"b"}]}'],
    ['a prefix that is no text', '{"a":[{"prefix":1}]}'],
    ['exists without a boolean', '{"a":[{"exists":"yes"}]}'],
    ['a range without an upper bound', '{"a":[{"numeric":[">",1,"<"]}]}'],
    ['a range in the wrong order', '{"a":[{"numeric":["<",1,">",2]}]}'],
    ['an empty range', '{"a":[{"numeric":[">",5,"<",1]}]}'],
    ['an unknown comparison', '{"a":[{"numeric":["!=",1]}]}'],
    ['anything but nothing', '{"a":[{"anything-but":[]}]}'],
    ['anything but an object', '{"a":[{"anything-but":{"prefix":"a"}}]}'],
    ['alternatives that are no objects', '{"$or":["a"]}'],
    ['no alternatives', '{"$or":[]}'],
    ['more than 4096 characters', `{"a":["${'x'.repeat(4096)}"]}`],
  ])('is refused with %s', (_, text) => {
    expect(parseFilter(text)).toBeUndefined()
  })

  test('lets everything through where there is none, and what matches one of several', () => {
    const patterns = ['{"eventName":["REMOVE"]}', '{"eventName":["INSERT"]}'].flatMap((text) => parseFilter(text) ?? [])
    expect(matchesAny([], record)).toBe(true)
    expect(matchesAny(patterns, record)).toBe(true)
    expect(matchesAny(patterns.slice(0, 1), record)).toBe(false)
  })
})
