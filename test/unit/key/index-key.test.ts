import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues } from '../../../src/core/attribute/value-order.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { encodeIndexKey, indexKeyAttributesOf, indexKeyRange } from '../../../src/core/key/index-key.ts'
import { binaryKey, indexWith, numberKey, schema, stringKey, tableWith } from './keys.ts'

const table = tableWith(schema(['id:S'], ['at:N']))
const id: Item = { id: { S: 'x' }, at: { N: '1' } }

describe('an index key of several attributes', () => {
  const index = indexWith(schema(['p1:S', 'p2:B'], ['s1:N', 's2:B', 's3:S']))
  const sorts = fc.record({ s1: numberKey, s2: binaryKey, s3: stringKey })
  const partition: Item = { p1: { S: 'p' }, p2: { B: 'AAA=' } }

  it('orders by the sort attributes from the left', () => {
    fc.assert(
      fc.property(sorts, sorts, fc.nat(2), (a, b, shared) => {
        const names = ['s1', 's2', 's3'] as const
        const other = { ...b, ...Object.fromEntries(names.slice(0, shared).map((name) => [name, a[name]])) }
        const expected = names.map((name) => compareValues(a[name], other[name]) ?? 0).find((sign) => sign !== 0) ?? 0
        const keys = [a, other].map((sort) => encodeIndexKey(index, table, { ...id, ...partition, ...sort }))
        // One that grows too long has no place in the index, so no order either.
        const [first, second] = keys
        if (first === undefined || second === undefined) return
        expect(Buffer.compare(first, second)).toBe(Math.sign(expected))
      }),
      { numRuns: 300 },
    )
  })

  it('is found by leading equalities and a condition on the next attribute', () => {
    const key = encodeIndexKey(index, table, {
      ...id,
      ...partition,
      s1: { N: '7' },
      s2: { B: 'AAECAA==' },
      s3: { S: 'z' },
    })
    const found = (equals: Item, condition?: Parameters<typeof indexKeyRange>[2]) => {
      const range = indexKeyRange(index, { ...partition, ...equals }, condition)
      return key !== undefined && Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0
    }
    expect(found({})).toBe(true)
    expect(found({ s1: { N: '7' } })).toBe(true)
    expect(found({ s1: { N: '7' } }, { op: 'begins_with', prefix: { B: 'AAE=' } })).toBe(true)
    expect(found({ s1: { N: '7' } }, { op: 'begins_with', prefix: { B: 'AAEA' } })).toBe(false)
    expect(found({ s1: { N: '7' }, s2: { B: 'AAECAA==' } }, { op: '>', value: { S: 'y' } })).toBe(true)
    expect(found({ s1: { N: '8' } })).toBe(false)
  })

  it('keeps partitions apart whose values run into one another', () => {
    const two = indexWith(schema(['p1:S', 'p2:S']))
    fc.assert(
      fc.property(stringKey, stringKey, stringKey, stringKey, (a1, a2, b1, b2) => {
        const equal = compareValues(a1, b1) === 0 && compareValues(a2, b2) === 0
        const key = encodeIndexKey(two, table, { ...id, p1: a1, p2: a2 }) ?? Buffer.of()
        const { from, to } = indexKeyRange(two, { p1: b1, p2: b2 })
        expect(Buffer.compare(from, key) <= 0 && Buffer.compare(key, to) < 0).toBe(equal)
      }),
    )
  })
})

describe('an index', () => {
  const index = indexWith(schema(['kind:S'], ['rank:N']))
  const whole: Item = { ...id, kind: { S: 'k' }, rank: { N: '1' } }

  it.each<[string, Item]>([
    ['lacks a partition attribute', { ...id, rank: { N: '1' } }],
    ['lacks a sort attribute', { ...id, kind: { S: 'k' } }],
    ['has a key attribute of another type', { ...whole, rank: { S: '1' } }],
    ['has an empty key attribute', { ...whole, kind: { S: '' } }],
    ['has a key attribute that is too long', { ...whole, kind: { S: 'k'.repeat(2049) } }],
  ])('does not hold an item that %s', (_, item) => {
    expect(encodeIndexKey(index, table, item)).toBeUndefined()
  })

  it('tells rows of equal index keys apart by the base key', () => {
    const a = encodeIndexKey(index, table, whole)
    const b = encodeIndexKey(index, table, { ...whole, at: { N: '2' } })
    expect(a).not.toEqual(b)
  })

  it('names its rows by its own key attributes and those of the table', () => {
    expect(indexKeyAttributesOf(index, table, { ...whole, more: { BOOL: true } })).toEqual(whole)
  })
})

describe('the longest keys', () => {
  const long: Record<'S' | 'B', (bytes: number, fill: number) => AttributeValue> = {
    S: (bytes, fill) => ({ S: String.fromCharCode(fill).repeat(bytes) }),
    B: (bytes, fill) => ({ B: Buffer.alloc(bytes, fill).toString('base64') }),
  }
  const longest = tableWith(schema(['id:S'], ['at:S']))
  const index = indexWith(schema(['pk:B'], ['sk:B']))
  const row = (sk: AttributeValue, last: string): Item => ({
    pk: long.B(2048, 0),
    sk,
    id: long.S(2048, 97),
    at: { S: 'a'.repeat(1023) + last },
  })

  it('fit the store, stay unique and stay in order', () => {
    const alternating = { B: Buffer.from(Array.from({ length: 1024 }, (_, n) => n % 2)).toString('base64') }
    for (const sk of [long.B(1024, 0), long.B(1024, 255), alternating]) {
      const [a, b] = [encodeIndexKey(index, longest, row(sk, 'a')), encodeIndexKey(index, longest, row(sk, 'b'))]
      expect(a?.length).toBeLessThanOrEqual(4000)
      expect(a).not.toEqual(b)
      const { from, to } = indexKeyRange(index, { pk: long.B(2048, 0), sk })
      for (const key of [a, b]) {
        expect(Buffer.compare(from, key ?? Buffer.of())).toBeLessThanOrEqual(0)
        expect(Buffer.compare(key ?? Buffer.of(), to)).toBe(-1)
      }
    }
  })

  it('are the same each time', () => {
    const item = row(long.B(1024, 1), 'z')
    expect(encodeIndexKey(index, longest, item)).toEqual(encodeIndexKey(index, longest, structuredClone(item)))
  })
})
