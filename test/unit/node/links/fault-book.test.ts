import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linkFaultsMax } from '../../../../src/core/limits/link-limits.ts'
import { type Fault, FaultBook } from '../../../../src/links/lane/link-faults.ts'
import { plainShape, type Shape } from '../../../../src/links/lane/link-shape.ts'

const configured: Shape = { ...plainShape, roundTripMs: 70 }
let count = 0
const fault = (change: Partial<Shape>, more: Partial<Fault> = {}): Fault => ({
  id: String(count++),
  owner: 'me',
  change,
  startedMs: 0,
  endsMs: null,
  ...more,
})

describe('the book of faults of a link', () => {
  test('comes back to what was configured when all faults have ended, in whatever order', () => {
    const changes = fc.record(
      { roundTripMs: fc.nat(500), jitterMs: fc.nat(20), state: fc.constantFrom('up' as const, 'down' as const) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.record({ change: changes, endsMs: fc.nat(100) }), { maxLength: 20 }), (list) => {
        const book = new FaultBook(configured)
        for (const { change, endsMs } of list) book.add(fault(change, { endsMs }))
        for (let next = book.nextEndMs; next !== undefined; next = book.nextEndMs) {
          expect(book.expire(next - 1)).toBe(false)
          expect(book.expire(next)).toBe(true)
        }
        expect(book.current).toEqual(configured)
      }),
    )
  })

  test('a later fault wins where both say something, and leaves the rest as it is', () => {
    const book = new FaultBook(configured)
    book.add(fault({ roundTripMs: 200, jitterMs: 10 }, { owner: 'one' }))
    book.add(fault({ roundTripMs: 300 }, { owner: 'other', endsMs: 50 }))
    expect(book.current).toMatchObject({ roundTripMs: 300, jitterMs: 10 })
    book.expire(50)
    expect(book.current).toMatchObject({ roundTripMs: 200, jitterMs: 10 })
  })

  test('healing an owner leaves the faults of the others', () => {
    const book = new FaultBook(configured)
    book.add(fault({ state: 'down' }, { owner: 'drill' }))
    book.add(fault({ roundTripMs: 300 }, { owner: 'somebody' }))
    book.heal('drill')
    expect(book.current).toEqual({ ...configured, roundTripMs: 300 })
    book.heal()
    expect(book.current).toEqual(configured)
  })

  test('raising a link ends what cuts it and leaves it slow', () => {
    const book = new FaultBook(configured)
    book.add(fault({ state: 'down', roundTripMs: 300 }))
    book.add(fault({ state: 'reset' }, { owner: 'drill' }))
    book.raise('drill')
    expect(book.current).toEqual({ ...configured, state: 'down', roundTripMs: 300 })
    book.raise()
    expect(book.current).toEqual({ ...configured, roundTripMs: 300 })
    expect(book.faults).toHaveLength(1)
  })

  test('a fault without an end takes the place of what its owner said before, so that they do not pile up', () => {
    const book = new FaultBook(configured)
    for (let n = 0; n < 1000; n++) expect(book.add(fault({ roundTripMs: n }))).toBe(true)
    expect(book.faults).toHaveLength(1)
    for (let n = 0; n < linkFaultsMax - 1; n++) book.add(fault({ roundTripMs: n }, { endsMs: 9 }))
    expect(book.add(fault({ roundTripMs: 1 }, { endsMs: 9 }))).toBe(false)
  })
})
