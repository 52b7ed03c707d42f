import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePlace, decodeReport, encodeReport } from '../../../src/core/change/cache-talk.ts'
import { decodeInvalidation, encodeInvalidation, type Invalidation } from '../../../src/core/change/invalidation.ts'
import { markOf, placeText, tablesText } from '../../../src/core/wire/cache-mark.ts'

const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => !text.includes('\uFFFD'))
const position = fc.integer({ min: 0, max: 2 ** 47 })
const change = fc.record({
  position,
  table: name,
  key: fc.option(
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    { nil: undefined },
  ),
})
const invalidation: fc.Arbitrary<Invalidation> = fc
  .record({ epoch: name, after: position, covered: fc.nat(1000), changes: fc.array(change, { maxLength: 20 }) })
  .map(({ covered, ...rest }) => ({ ...rest, upTo: rest.after + covered }))

describe('an invalidation', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(invalidation, (message) => {
        expect(decodeInvalidation(encodeInvalidation(message))).toEqual(message)
      }),
    )
  })

  it('is refused when a byte is missing or one too many', () => {
    fc.assert(
      fc.property(invalidation, fc.nat(), (message, seed) => {
        const bytes = encodeInvalidation(message)
        expect(() => decodeInvalidation(bytes.subarray(0, seed % bytes.length))).toThrow(RangeError)
        expect(() => decodeInvalidation(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(RangeError)
      }),
    )
  })
})

describe('what caches and their region say', () => {
  it('is refused unless it is what it should be', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      '{"epoch":"a","position":-1}',
      '{"epoch":1,"position":1}',
      '{"epoch":"a"}',
    ])
      expect(() => decodePlace(Buffer.from(text)), text).toThrow(RangeError)
    for (const text of ['{"id":"a"}', '{"id":"a","endpoint":"b","mode":"c"}'])
      expect(() => decodeReport(Buffer.from(text)), text).toThrow(RangeError)
    const report = { id: 'a', endpoint: 'b', mode: 'c', figures: { hits: 1 } }
    expect(decodeReport(encodeReport(report))).toEqual(report)
  })
})

describe('the mark beside a reply', () => {
  it('reads back as it was written, names of any letters included', () => {
    const attributes = (maxLength: number) =>
      fc.array(fc.record({ name, type: fc.constantFrom('S' as const, 'N' as const, 'B' as const) }), { maxLength })
    const key = fc
      .record({ partition: attributes(4), sort: attributes(1) })
      .filter(({ partition }) => partition.length > 0)
    const mark = fc
      .record({
        place: fc.record({ epoch: fc.uuid(), position }),
        after: position,
        commits: fc.array(position, { maxLength: 5 }),
        tables: fc.array(fc.tuple(name, fc.record({ id: name, key }))).map((rows) => new Map(rows)),
        verified: fc.boolean(),
        policed: fc.boolean(),
      })
      .map((each) => ({ ...each, verified: each.verified || each.policed }))
    fc.assert(
      fc.property(mark, (given) => {
        const text = tablesText(given.tables)
        expect(text).toMatch(/^[\x20-\x7e]*$/)
        expect(markOf(placeText(given), text)).toEqual(given)
      }),
    )
  })

  it('is none when a part is missing or strange', () => {
    for (const [place, tables] of [
      [undefined, '[]'],
      ['a;1;1;;open', undefined],
      ['a;x;1;;open', '[]'],
      ['a;1;1;;perhaps', '[]'],
      ['a;1;1;;open', '{'],
      ['a;1;1;;open', '[["T"]]'],
    ] as const)
      expect(markOf(place, tables)).toBeUndefined()
  })
})
