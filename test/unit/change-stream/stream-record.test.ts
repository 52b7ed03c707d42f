import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { changeEvent } from '../../../src/core/change-stream/change-event.ts'
import { shardWithId, shardsOf, sliceOf } from '../../../src/core/change-stream/change-stream.ts'
import { parseSequenceNumber, sequenceNumber } from '../../../src/core/change-stream/sequence-number.ts'
import { encodeItem } from '../../../src/core/item/item-bytes.ts'
import { encodeRow } from '../../../src/core/item/row.ts'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'

const stamp = { wallMs: 1, counter: 0, region: 1 }
const rowOf = (item: Item | undefined): Buffer =>
  encodeRow({
    stamp,
    seen: [],
    tombstone: item === undefined,
    itemSizeBytes: item === undefined ? 0 : sizeOfItem(item),
    body: encodeItem(item ?? {}),
  })

const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', 'ba', 'é').map((S) => ({ S })),
  fc.constantFrom('1', '12', '21').map((N) => ({ N })),
  fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 }).map((SS) => ({ SS })),
)
const item = fc.dictionary(fc.constantFrom('p', 'q', 'r'), value, { minKeys: 1 })

/** A text that is the same for equal items. */
const sorted = (of: Item): string =>
  Object.entries(of)
    .map(([name, each]) => `${name} ${JSON.stringify('SS' in each ? each.SS.toSorted(byText) : each)}`)
    .toSorted(byText)
    .join()

const byText = (a: string, b: string): number => (a < b ? -1 : 1)

describe('what a change did to its item', () => {
  test('is a record exactly where the item is another', () => {
    fc.assert(
      fc.property(fc.option(item, { nil: undefined }), fc.option(item, { nil: undefined }), (before, after) => {
        const isSame = before !== undefined && after !== undefined && sorted(before) === sorted(after)
        const expected =
          before === undefined
            ? after === undefined
              ? undefined
              : 'INSERT'
            : after === undefined
              ? 'REMOVE'
              : isSame
                ? undefined
                : 'MODIFY'
        expect(changeEvent(before === undefined ? undefined : rowOf(before), rowOf(after))).toBe(expected)
        if (before === undefined) expect(changeEvent(rowOf(undefined), rowOf(after))).toBe(expected)
      }),
    )
  })
})

describe('sequence numbers', () => {
  const place = fc.record({ atMs: fc.nat({ max: 2 ** 43 - 1 }), position: fc.nat({ max: 2 ** 48 - 1 }) })

  test('say what they were made of, and compare as texts as their moments do', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(parseSequenceNumber(sequenceNumber(a))).toEqual(a)
        const isEarlier = a.atMs < b.atMs || (a.atMs === b.atMs && a.position < b.position)
        expect(sequenceNumber(a) < sequenceNumber(b)).toBe(isEarlier)
      }),
    )
  })

  test('are nothing else', () => {
    for (const text of ['', 'x', '-1', '9'.repeat(29), '1e3']) expect(parseSequenceNumber(text)).toBeUndefined()
    expect(parseSequenceNumber(`000${sequenceNumber({ atMs: 5, position: 7 })}`)).toEqual({ atMs: 5, position: 7 })
  })
})

describe('shards', () => {
  test('are found by their ids', () => {
    const generation = {
      number: 1,
      sinceMs: 1_700_000_000_000,
      idMs: 1_700_000_000_000,
      slices: 5,
      tag: 0xabcd,
      after: 9,
    }
    const stream = { generations: [generation, { ...generation, number: 2, tag: 1, after: 20 }] }
    const shards = shardsOf(stream)
    expect(shards).toHaveLength(10)
    for (const shard of shards) expect(shardWithId(stream, shard.id)).toEqual(shard)
    for (const id of ['', 'shardId-1', shards[0]?.id.replace('abcd', 'abce') ?? ''])
      expect(shardWithId(stream, id)).toBeUndefined()
  })

  test('of a multiple of slices have the keys of their parent', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 0xffffffff }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 4 }),
        (hash, slices, times) => {
          const key = Buffer.alloc(8)
          key.writeUInt32BE(hash, 0)
          expect(Math.floor(sliceOf(key, slices * times) / times)).toBe(sliceOf(key, slices))
        },
      ),
    )
  })
})
