import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantViolation } from '../../../src/core/assert.ts'
import type { Cause, Change } from '../../../src/core/change/change.ts'
import {
  changeIn,
  copyChange,
  decodeEntry,
  encodeEntry,
  type EntryHead,
  type Unplaced,
} from '../../../src/core/change/record.ts'

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array))
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
const head: fc.Arbitrary<EntryHead> = fc.record({
  first: fc.integer({ min: 1, max: 2 ** 47 }),
  cause: fc.constantFrom<Cause>('client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table'),
  at: fc.nat({ max: 2 ** 45 }),
  origin: fc.option(fc.record({ region: name, epoch: name }), { nil: undefined }),
})
const unplaced: fc.Arbitrary<Unplaced> = fc.record({
  table: name,
  ownNumber: fc.nat(),
  key: bytes(1, 50),
  row: bytes(11, 200),
  unshared: fc.boolean(),
  previous: fc.option(bytes(0, 100), { nil: undefined }),
})
const changes = fc.array(unplaced, { minLength: 1, maxLength: 6 })

function withoutPrevious(change: Change): Partial<Change> {
  const copy: { -readonly [Name in keyof Change]?: Change[Name] } = { ...change }
  delete copy.previous
  return copy
}

describe('an entry of the log', () => {
  it('gives back the changes that it was made of, at one position after another', () => {
    fc.assert(
      fc.property(head, changes, (of, written) => {
        const entry = encodeEntry(of, written)
        const read = decodeEntry(entry).map((each) => changeIn(each, entry))
        expect(read).toEqual(
          written.map(({ unshared, previous, ...rest }, n) => ({
            ...rest,
            position: of.first + n,
            group: of.first,
            cause: of.cause,
            at: of.at,
            ...(of.origin === undefined ? {} : { origin: of.origin }),
            ...(unshared === true && of.origin === undefined ? { unshared } : {}),
            ...(previous === undefined ? {} : { previous }),
          })),
        )
        const copies = decodeEntry(entry).map((each) => copyChange(each, entry))
        expect(copies).toEqual(read.map(withoutPrevious))
      }),
    )
  })

  it('is refused with a RangeError when any byte of it is another', () => {
    fc.assert(
      fc.property(head, changes, fc.nat(), fc.integer({ min: 1, max: 255 }), (of, written, place, difference) => {
        const entry = encodeEntry(of, written)
        const at = place % entry.length
        entry[at] = (entry[at] as number) ^ difference
        expect(() => decodeEntry(entry)).toThrow(RangeError)
      }),
    )
  })

  it('is refused as soon as it is cut short or carries more', () => {
    fc.assert(
      fc.property(head, changes, fc.nat(), (of, written, at) => {
        const entry = encodeEntry(of, written)
        expect(() => decodeEntry(entry.subarray(0, at % entry.length))).toThrow(RangeError)
        expect(() => decodeEntry(Buffer.concat([entry, Buffer.of(0)]))).toThrow(RangeError)
      }),
    )
  })

  it('is never written with a position, key or row that cannot be', () => {
    const of: EntryHead = { first: 2, cause: 'client', at: 1 }
    const good: Unplaced = { table: 't', ownNumber: 1, key: Buffer.of(1), row: Buffer.alloc(16) }
    expect(decodeEntry(encodeEntry(of, [good]))).toHaveLength(1)
    expect(() => encodeEntry({ ...of, first: 0 }, [good])).toThrow(InvariantViolation)
    expect(() => encodeEntry(of, [])).toThrow(InvariantViolation)
    for (const wrong of [{ key: Buffer.alloc(0) }, { row: Buffer.of(1) }, { table: '' }, { ownNumber: -1 }])
      expect(() => encodeEntry(of, [{ ...good, ...wrong }])).toThrow(InvariantViolation)
  })
})
