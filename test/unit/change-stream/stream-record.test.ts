import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { changeEvent } from '../../../src/core/change-stream/change-event.ts'
import { shardWithId, shardsOf, sliceOf } from '../../../src/core/change-stream/change-stream.ts'
import { parseSequenceNumber, sequenceNumber } from '../../../src/core/change-stream/sequence-number.ts'
import { PageWriter } from '../../../src/core/change-stream/page-writer.ts'
import { StreamRecords } from '../../../src/core/change-stream/stream-record.ts'
import type { Cause } from '../../../src/core/change/change.ts'
import { decodeEntry, encodeEntry } from '../../../src/core/change/record.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../../src/core/key/primary-key.ts'
import type { KeySchema } from '../../../src/core/table/table.ts'
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

const tombstoneOf = (keys: Item): Buffer =>
  encodeRow({ stamp, seen: [], tombstone: true, itemSizeBytes: 0, body: encodeItem(keys) })

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

describe('a record', () => {
  const text = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.constantFrom('plain', 'q"uote', 'back\\slash', 'é', '\u0001', '\u{1f600}'),
  )
  const keyValue: Readonly<Record<'S' | 'N' | 'B', fc.Arbitrary<AttributeValue>>> = {
    S: text.map((S) => ({ S: Buffer.from(S).toString() })),
    N: fc.integer().map((N) => ({ N: String(N) })),
    B: fc.uint8Array({ minLength: 1 }).map((bytes) => ({ B: Buffer.from(bytes).toString('base64') })),
  }
  const schema = fc
    .tuple(
      fc.constantFrom('S' as const, 'N' as const, 'B' as const),
      fc.constantFrom('S' as const, 'N' as const, 'B' as const),
      fc.boolean(),
    )
    .map(([p, s, hasSort]) => ({
      partition: [{ name: 'p"k', type: p }],
      sort: hasSort ? [{ name: 's', type: s }] : [],
    }))

  const keyed = schema.chain((key) => {
    const parts = [...key.partition, ...key.sort]
    const values = Object.fromEntries(parts.map(({ name, type }) => [name, keyValue[type]]))
    return fc.record({ key: fc.constant(key), keys: fc.record(values), more: item })
  })

  type Told = { readonly userIdentity?: unknown; readonly dynamodb: Readonly<Record<string, unknown>> }

  /** The record of a change from one item to another. */
  function told(
    key: KeySchema,
    { before, after }: { readonly before?: Item; readonly after?: Item },
    cause: Cause,
  ): Told {
    const [shown = {}] = [after ?? before]
    const primary = encodePrimaryKey(key, shown)
    const row = after === undefined ? tombstoneOf(keyAttributesOf(key, shown)) : rowOf(after)
    const previous = before === undefined ? undefined : rowOf(before)
    const event = changeEvent(previous, row)
    const entry = encodeEntry({ first: 7, cause, at: 1500 }, [
      { table: 't', ownNumber: 1, key: primary, row, previous, event },
    ])
    const writer = new PageWriter()
    const stream = { key, viewType: 'NEW_AND_OLD_IMAGES' } as const
    const of = { stream, shard: { tag: 1 }, region: { name: 'us-east-1', number: 1 } }
    for (const head of decodeEntry(entry)) new StreamRecords(of, writer).write(head, entry)
    return JSON.parse(writer.bytes().toString()) as Told
  }

  test('has keys, images and their size, whatever the key is', () => {
    fc.assert(
      fc.property(keyed, ({ key, keys, more }) => {
        const before = { ...more, ...keys, v: { N: '1' } }
        const after = { ...more, ...keys, v: { N: '2' } }
        const sizeOfKeys = sizeOfItem(keys)
        expect(told(key, { before, after }, 'client').dynamodb).toMatchObject({
          Keys: keys,
          NewImage: after,
          OldImage: before,
          ApproximateCreationDateTime: 1,
          SizeBytes: sizeOfKeys + sizeOfItem(before) + sizeOfItem(after),
        })
        const removed = told(key, { before }, 'client').dynamodb
        expect(removed).toMatchObject({ Keys: keys, OldImage: before, SizeBytes: sizeOfKeys + sizeOfItem(before) })
        expect(removed).not.toHaveProperty('NewImage')
      }),
    )
  })

  test('of an expired item names the service, where the delete was made', () => {
    const key: KeySchema = { partition: [{ name: 'p', type: 'S' }], sort: [] }
    const before = { p: { S: 'a' } }
    const service = { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' }
    expect(told(key, { before }, 'ttl').userIdentity).toEqual(service)
    expect(told(key, { before }, 'replica')).not.toHaveProperty('userIdentity')
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
