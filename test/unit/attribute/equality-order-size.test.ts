import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalValues } from '../../../src/core/attribute/equality.ts'
import { compareValues } from '../../../src/core/attribute/value-order.ts'
import { sizeOfItem, sizeOfValue } from '../../../src/core/attribute/size.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { binaryContent, item, stringContent, value } from './values.ts'

function reversedSets(content: AttributeValue): AttributeValue {
  if ('SS' in content) return { SS: content.SS.toReversed() }
  if ('NS' in content) return { NS: content.NS.toReversed() }
  if ('BS' in content) return { BS: content.BS.toReversed() }
  if ('L' in content) return { L: content.L.map(reversedSets) }
  return content
}

describe('equality', () => {
  it('ignores the order of sets, however deep', () => {
    fc.assert(fc.property(value, (content) => equalValues(content, reversedSets(content))))
  })

  it('sees a copy as equal and agrees in both directions', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(equalValues(a, JSON.parse(JSON.stringify(a)) as AttributeValue)).toBe(true)
        expect(equalValues(a, b)).toBe(equalValues(b, a))
      }),
    )
  })

  it.each<[AttributeValue, AttributeValue]>([
    [{ S: '1' }, { N: '1' }],
    [{ S: 'YQ==' }, { B: 'YQ==' }],
    [{ SS: ['a'] }, { L: [{ S: 'a' }] }],
    [{ SS: ['a'] }, { SS: ['a', 'b'] }],
    [{ L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }],
    [{ M: {} }, { M: { constructor: { S: 'x' } } }],
    [{ M: { toString: { S: 'x' } } }, { M: { a: { S: 'x' } } }],
    [{ BOOL: true }, { BOOL: false }],
    [{ NULL: true }, { BOOL: true }],
  ])('%j differs from %j', (a, b) => {
    expect(equalValues(a, b)).toBe(false)
  })
})

describe('order', () => {
  it('of strings is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(stringContent, stringContent, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
        expect(Math.sign(compareValues({ S: a }, { S: b }) ?? Number.NaN)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('of binaries is that of their unsigned bytes', () => {
    fc.assert(
      fc.property(binaryContent, binaryContent, (a, b) => {
        const expected = Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'))
        expect(compareValues({ B: a }, { B: b })).toBe(expected)
      }),
    )
  })

  it('does not exist between types, nor for others than strings, numbers and binaries', () => {
    expect(compareValues({ S: '1' }, { N: '1' })).toBeUndefined()
    expect(compareValues({ BOOL: true }, { BOOL: true })).toBeUndefined()
    expect(compareValues({ SS: ['a'] }, { SS: ['a'] })).toBeUndefined()
  })
})

describe('sizes', () => {
  it.each<[AttributeValue, number]>([
    [{ S: '' }, 0],
    [{ S: 'aé€😀' }, 10],
    [{ B: '' }, 0],
    [{ B: 'YQ==' }, 1],
    [{ B: 'YWI=' }, 2],
    [{ B: 'YWJj' }, 3],
    [{ BOOL: false }, 1],
    [{ NULL: true }, 1],
    [{ SS: ['ab', 'c'] }, 3],
    [{ NS: ['1', '100'] }, 4],
    [{ BS: ['YQ==', 'YWJj'] }, 4],
    [{ L: [] }, 3],
    [{ M: {} }, 3],
    [{ L: [{ S: 'ab' }, { NULL: true }] }, 8],
    [{ M: { name: { S: 'ab' } } }, 10],
  ])('%j counts %i bytes', (content, size) => {
    expect(sizeOfValue(content)).toBe(size)
  })

  it('of an item are those of its names and values', () => {
    const whole: Item = { id: { S: 'abc' }, é: { N: '12' } }
    expect(sizeOfItem(whole)).toBe(2 + 3 + 2 + 2)
  })

  it('grow by what is added', () => {
    fc.assert(
      fc.property(item, value, (base, content) => {
        fc.pre(!Object.hasOwn(base, 'added'))
        expect(sizeOfItem({ ...base, added: content })).toBe(sizeOfItem(base) + 5 + sizeOfValue(content))
      }),
    )
  })
})
