import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeEdits,
  decodeNodeEntry,
  encodeEdits,
  encodeNodeEntry,
  type NodeEntry,
  partsOf,
} from '../../../../src/region/nodes/node-entry.ts'

const count = fc.nat({ max: 2 ** 40 })
const bytes = (max: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: max }).map((each) => Buffer.from(each))
const name = fc.string({ maxLength: 40 })
const entry: fc.Arbitrary<NodeEntry> = fc.oneof(
  fc.record({ kind: fc.constant('lead' as const), term: count, after: count, run: name, node: name, address: name }),
  fc.record({
    kind: fc.constant('batch' as const),
    term: count,
    n: count,
    part: fc.nat(5),
    of: fc.integer({ min: 6, max: 400 }),
    digest: fc.nat(2 ** 31),
    bytes: bytes(200),
  }),
  fc.record({ kind: fc.constant('beat' as const), term: count, n: count, digest: fc.nat(2 ** 31) }),
  fc.record({ kind: fc.constant('resign' as const), term: count, run: name }),
  fc.record({ kind: fc.constant('note' as const), node: name, durable: count }),
)
const edits = fc.array(fc.record({ key: bytes(40), value: fc.option(bytes(200), { nil: undefined }) }), {
  maxLength: 20,
})

describe('the bytes of an entry', () => {
  test('give the entry back', () =>
    fc.assert(
      fc.property(entry, (each) => {
        expect(decodeNodeEntry(encodeNodeEntry(each))).toEqual(each)
      }),
    ))

  test('that are cut short, or none at all, are no entry, and nothing throws', () =>
    fc.assert(
      fc.property(entry, bytes(60), fc.nat(), (each, noise, at) => {
        const whole = encodeNodeEntry(each)
        if (each.kind !== 'batch') expect(decodeNodeEntry(whole.subarray(0, at % whole.length))).toBeUndefined()
        decodeNodeEntry(noise)
        decodeEdits(noise)
      }),
    ))

  test('give edits back, in parts of any size', () =>
    fc.assert(
      fc.property(edits, fc.integer({ min: 23, max: 100 }), (each, sizeMax) => {
        const parts = partsOf(encodeEdits(each), sizeMax)
        for (const [n, part] of parts.entries()) {
          const head = { kind: 'batch' as const, term: 1, n: n + 1, part: n, of: parts.length, digest: 0 }
          expect(encodeNodeEntry({ ...head, bytes: part }).length).toBeLessThanOrEqual(sizeMax)
        }
        expect(decodeEdits(Buffer.concat(parts))).toEqual(each)
      }),
    ))
})
