import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues } from '../../../src/core/attribute/value-order.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { encodeIndexKey, indexKeyRange } from '../../../src/core/key/index-key.ts'
import { segmentRange, type SortCondition, wholeRange } from '../../../src/core/key/key-range.ts'
import { encodePrimaryKey, partitionPrefix, primaryKeyRange } from '../../../src/core/key/primary-key.ts'
import { sortKeySizeBytesMax } from '../../../src/core/limits/limits.ts'
import type { KeyRange } from '../../../src/core/read/read-plan.ts'
import { indexWith, keyOf, numberKey, schema, stringKey, tableWith } from './keys.ts'

const within = (range: KeyRange, key: Buffer): boolean =>
  Buffer.compare(range.from, key) <= 0 && Buffer.compare(key, range.to) < 0

const order = (a: AttributeValue, b: AttributeValue): number => Math.sign(compareValues(a, b) ?? Number.NaN)

function startsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  const bytes = (content: AttributeValue) =>
    'S' in content ? Buffer.from(content.S) : Buffer.from('B' in content ? content.B : '', 'base64')
  return bytes(value).subarray(0, bytes(prefix).length).equals(bytes(prefix))
}

/** The reference: what a condition says of a value, by the order of values alone. */
function meets(value: AttributeValue, condition: SortCondition): boolean {
  if (condition.op === 'begins_with') return startsWith(value, condition.prefix)
  if (condition.op === 'between') return order(value, condition.low) >= 0 && order(value, condition.high) <= 0
  const compared = order(value, condition.value)
  return { '<': compared < 0, '<=': compared <= 0, '>': compared > 0, '>=': compared >= 0 }[condition.op]
}

function conditionOn(value: fc.Arbitrary<AttributeValue>, type: string): fc.Arbitrary<SortCondition> {
  const comparison = fc.record({ op: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const), value })
  const between = fc.record({ op: fc.constant('between' as const), low: value, high: value })
  const prefix = fc.record({ op: fc.constant('begins_with' as const), prefix: value })
  return type === 'N' ? fc.oneof(comparison, between) : fc.oneof(comparison, between, prefix)
}

const types = ['S', 'N', 'B'] as const

describe.each(types)('a sort key of type %s', (type) => {
  const table = tableWith(schema(['pk:S'], [`sk:${type}`]))
  const base = tableWith(schema(['id:S']))
  const index = indexWith(schema(['pk:S'], [`sk:${type}`]))
  const value = keyOf[type]
  const row = (sk: AttributeValue, id: AttributeValue = { S: 'x' }): Item => ({ pk: { S: 'p' }, sk, id })

  it('orders the rows of a table', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [left, right] = [encodePrimaryKey(table.key, row(a)), encodePrimaryKey(table.key, row(b))]
        expect(Buffer.compare(left, right)).toBe(order(a, b))
      }),
      { numRuns: 300 },
    )
  })

  it('orders the rows of an index before the base key does', () => {
    fc.assert(
      fc.property(value, value, stringKey, stringKey, (a, b, idA, idB) => {
        const left = encodeIndexKey(index, base, row(a, idA))
        const right = encodeIndexKey(index, base, row(b, idB))
        const ids = Buffer.compare(encodePrimaryKey(base.key, row(a, idA)), encodePrimaryKey(base.key, row(b, idB)))
        expect(Buffer.compare(left ?? Buffer.of(), right ?? Buffer.of())).toBe(order(a, b) || ids)
      }),
      { numRuns: 300 },
    )
  })

  it('is found by exactly the conditions that it meets, in tables and indexes', () => {
    fc.assert(
      fc.property(value, conditionOn(value, type), stringKey, (sk, condition, id) => {
        const inTable = within(
          primaryKeyRange(table.key, { pk: { S: 'p' } }, condition),
          encodePrimaryKey(table.key, row(sk)),
        )
        const inIndex = within(
          indexKeyRange(index, { pk: { S: 'p' } }, condition),
          encodeIndexKey(index, base, row(sk, id)) ?? Buffer.of(),
        )
        expect([inTable, inIndex]).toEqual([meets(sk, condition), meets(sk, condition)])
      }),
      { numRuns: 500 },
    )
  })

  it('is found by equality with itself alone', () => {
    fc.assert(
      fc.property(value, value, stringKey, (a, b, id) => {
        const equal = order(a, b) === 0
        const range = primaryKeyRange(table.key, { pk: { S: 'p' }, sk: b })
        expect(within(range, encodePrimaryKey(table.key, row(a)))).toBe(equal)
        const indexRange = indexKeyRange(index, { pk: { S: 'p' }, sk: b })
        expect(within(indexRange, encodeIndexKey(index, base, row(a, id)) ?? Buffer.of())).toBe(equal)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the condition begins_with', () => {
  it('finds every value made by adding to the prefix', () => {
    const table = tableWith(schema(['id:S']))
    const index = indexWith(schema(['pk:S'], ['sk:B']))
    fc.assert(
      fc.property(keyOf.B, keyOf.B, (prefix, rest) => {
        const join = [prefix, rest].map((part) => Buffer.from('B' in part ? part.B : '', 'base64'))
        fc.pre(Buffer.concat(join).length <= sortKeySizeBytesMax)
        const sk = { B: Buffer.concat(join).toString('base64') }
        const row: Item = { pk: { S: 'p' }, sk, id: { S: 'x' } }
        const key = encodeIndexKey(index, table, row) ?? Buffer.of()
        expect(within(indexKeyRange(index, { pk: { S: 'p' } }, { op: 'begins_with', prefix }), key)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a partition', () => {
  it('holds its own rows and no others', () => {
    const { key } = tableWith(schema(['pk:S'], ['sk:N']))
    fc.assert(
      fc.property(stringKey, stringKey, numberKey, (a, b, sk) => {
        const inside = within(primaryKeyRange(key, { pk: a }), encodePrimaryKey(key, { pk: b, sk }))
        expect(inside).toBe(order(a, b) === 0)
      }),
    )
  })

  it('has the same prefix whatever the sort value is', () => {
    const { key } = tableWith(schema(['pk:B'], ['sk:S']))
    fc.assert(
      fc.property(keyOf.B, stringKey, (pk, sk) => {
        const prefix = partitionPrefix(key, { pk })
        expect(encodePrimaryKey(key, { pk, sk }).subarray(0, prefix.length)).toEqual(prefix)
      }),
    )
  })

  it('keeps its place in the store for ever', () => {
    const { key } = tableWith(schema(['pk:S']))
    const places = ['a', 'E001', 'customer#42'].map((S) => encodePrimaryKey(key, { pk: { S } }).toString('hex'))
    expect(places).toEqual([
      '4032b0c894bffd80000161',
      '5758d5459c13031b000445303031',
      '02c755bf7f280bc7000b637573746f6d6572233432',
    ])
  })
})

describe('parallel segments', () => {
  it('hold every row exactly once', () => {
    const { key } = tableWith(schema(['pk:S']))
    fc.assert(
      fc.property(stringKey, fc.integer({ min: 1, max: 50 }), (pk, total) => {
        const row = encodePrimaryKey(key, { pk })
        const holders = Array.from({ length: total }, (_, n) => n).filter((n) => within(segmentRange(n, total), row))
        expect(holders.length).toBe(1)
        expect(within(wholeRange, row)).toBe(true)
      }),
    )
  })

  it('share the rows about equally', () => {
    const { key } = tableWith(schema(['pk:N']))
    const counts = [0, 0, 0, 0]
    for (let n = 0; n < 4000; n++) {
      const row = encodePrimaryKey(key, { pk: { N: String(n) } })
      counts.forEach((_, segment) => {
        if (within(segmentRange(segment, 4), row)) counts[segment] = (counts[segment] ?? 0) + 1
      })
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
