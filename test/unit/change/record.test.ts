import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvariantViolation } from '../../../src/core/assert.ts'
import type { Cause, Change } from '../../../src/core/change/change.ts'
import { decodeChange, encodeChange } from '../../../src/core/change/record.ts'

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array))
const cause = fc.constantFrom<Cause>('client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table')
const change: fc.Arbitrary<Change> = fc
  .record({
    position: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    back: fc.nat({ max: 100 }),
    cause,
    table: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    ordinal: fc.nat(),
    key: bytes(1, 50),
    row: bytes(11, 300),
    alone: fc.boolean(),
    previous: fc.option(bytes(0, 300), { nil: undefined }),
  })
  .map(({ back, alone, previous, ...rest }) => ({
    ...rest,
    group: Math.max(1, rest.position - back),
    ...(alone ? { alone } : {}),
    ...(previous === undefined ? {} : { previous }),
  }))

describe('the record of a change', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(change, (written) => {
        expect(decodeChange(encodeChange(written, written.position, written.group))).toEqual(written)
      }),
    )
  })

  it('is refused as soon as it is cut short or carries more', () => {
    fc.assert(
      fc.property(change, fc.nat(), (written, at) => {
        const encoded = encodeChange(written, written.position, written.group)
        expect(() => decodeChange(encoded.subarray(0, at % encoded.length))).toThrow(RangeError)
        expect(() => decodeChange(Buffer.concat([encoded, Buffer.of(0)]))).toThrow(RangeError)
      }),
    )
  })

  it('throws, and never something worse, on garbage', () => {
    fc.assert(
      fc.property(bytes(0, 80), fc.boolean(), (garbage, startsWell) => {
        if (startsWell && garbage.length > 2) garbage[0] = 1
        try {
          decodeChange(garbage)
        } catch (error) {
          expect(error instanceof RangeError || error instanceof InvariantViolation).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('is never written with a position, group or row that cannot be', () => {
    const good: Change = {
      position: 2,
      group: 2,
      cause: 'client',
      table: 't',
      ordinal: 1,
      key: Buffer.of(1),
      row: Buffer.alloc(16),
    }
    for (const wrong of [
      { position: 0 },
      { group: 3 },
      { group: 0 },
      { key: Buffer.alloc(0) },
      { row: Buffer.of(1) },
    ]) {
      const { position, group, ...rest } = { ...good, ...wrong }
      expect(() => encodeChange(rest, position, group)).toThrow(InvariantViolation)
    }
  })
})
