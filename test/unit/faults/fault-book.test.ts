import { assert, constantFrom, double, integer, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AskedRequest } from '../../../src/core/faults/aim.ts'
import type { Aim, Effect, Fault } from '../../../src/core/faults/fault.ts'
import { FaultBook } from '../../../src/core/faults/fault-book.ts'
import { apiFaultsMax } from '../../../src/core/limits/fault-limits.ts'

function faultOf({ id = 'one', seed = 1, aim = {}, effect = { kind: 'conflict' } }: Wish): Fault {
  const all = { share: 1, ...aim }
  return { id, owner: 'test', aim: all, effect, seed, startedAtMs: 0, endsMs: 1000, endsAtMs: 1000 }
}

type Wish = { readonly id?: string; readonly seed?: number; readonly aim?: Partial<Aim>; readonly effect?: Effect }

const key = (text: string, hash = 0.5) => ({ text, hash })
const request = (keys: readonly string[], more: Partial<AskedRequest> = {}): AskedRequest => ({
  operation: 'PutItem',
  parts: [{ table: 'orders', indexes: [], keys: keys.map((text) => key(text)) }],
  ...more,
})
const anything = { mayHave: () => true }

function bookOf(...faults: readonly Fault[]): FaultBook {
  const book = new FaultBook()
  for (const fault of faults) book.set(fault)
  return book
}

/** Which of so many requests are struck. */
function pattern(fault: Fault, count: number): string {
  const book = bookOf(fault)
  return Array.from({ length: count }, () => (book.strike(request(['a']), anything).length > 0 ? 'x' : '.')).join('')
}

describe('the share of a fault', () => {
  test('the same seed strikes the same requests', () => {
    assert(
      property(nat(0xffff_ffff), double({ min: 0.05, max: 0.95, noNaN: true }), (seed, share) => {
        expect(pattern(faultOf({ seed, aim: { share } }), 60)).toBe(pattern(faultOf({ seed, aim: { share } }), 60))
      }),
      { numRuns: 50 },
    )
  })

  test('of 2,000 requests about the share is struck, whatever the seed', () => {
    assert(
      property(nat(0xffff_ffff), constantFrom(0.05, 0.2, 0.5, 0.9), (seed, share) => {
        const struck = pattern(faultOf({ seed, aim: { share } }), 2000).replaceAll('.', '').length
        expect(Math.abs(struck / 2000 - share)).toBeLessThan(0.06)
      }),
      { numRuns: 40 },
    )
  })

  test('requests that a fault is not aimed at do not use up its chance', () => {
    const fault = faultOf({ seed: 7, aim: { share: 0.5, tables: ['orders'] } })
    const [mixed, alone] = [bookOf(fault), bookOf(fault)]
    const other = request(['a'], { parts: [{ table: 'people', indexes: [] }] })
    for (let n = 0; n < 50; n++) {
      expect(mixed.strike(other, anything)).toEqual([])
      expect(mixed.strike(request(['a']), anything).length).toBe(alone.strike(request(['a']), anything).length)
    }
  })
})

describe('the aim of a fault', () => {
  test.each<[string, Partial<Aim>, AskedRequest, boolean]>([
    ['everything', {}, request(['a']), true],
    ['another operation', { operations: ['GetItem'] }, request(['a']), false],
    ['another table', { tables: ['people'] }, request(['a']), false],
    ['keys with the prefix', { keyPrefix: 'user#' }, request(['user#1']), true],
    ['keys without the prefix', { keyPrefix: 'user#' }, request(['order#1']), false],
    [
      'a scan, by a fault of keys',
      { keyPrefix: 'a' },
      request([], { parts: [{ table: 'orders', indexes: [] }] }),
      false,
    ],
    [
      'an index that is read',
      { indexes: ['by'] },
      request([], { parts: [{ table: 'orders', indexes: ['by'] }] }),
      true,
    ],
    ['the table, by a fault of an index', { indexes: ['by'] }, request(['a']), false],
    ['the other half of the hashes', { hashes: [0.6, 1] }, request(['a']), false],
    ['a request about no table', {}, { operation: 'ListTables', parts: [{ indexes: [] }] }, true],
    [
      'no table, by a fault of a table',
      { tables: ['a'] },
      { operation: 'ListTables', parts: [{ indexes: [] }] },
      false,
    ],
  ])('%s', (_, aim, asked, isMeant) => {
    expect(bookOf(faultOf({ aim })).strike(asked, anything).length > 0).toBe(isMeant)
  })

  test('of a batch the keys that are meant are told', () => {
    const [strike] = bookOf(faultOf({ aim: { keyPrefix: 'a' } })).strike(request(['a1', 'b', 'a2']), anything)
    expect(strike?.hit).toEqual([[true, false, true]])
  })

  test('every key lies in exactly one of the parts of a divided hash space', () => {
    assert(
      property(double({ min: 0, max: 0.999_999, noNaN: true }), (hash) => {
        const asked = { operation: 'GetItem', parts: [{ table: 't', indexes: [], keys: [key('a', hash)] }] }
        const quarters = [0, 1, 2, 3].map((n) => faultOf({ id: `${n}`, aim: { hashes: [n / 4, (n + 1) / 4] } }))
        expect(bookOf(...quarters).strike(asked, anything)).toHaveLength(1)
      }),
    )
  })
})

test('a partial batch leaves at least one item, and never all', () => {
  const effect: Effect = { kind: 'partial', items: 0.9 }
  assert(
    property(nat(0xffff_ffff), integer({ min: 1, max: 25 }), (seed, count) => {
      const keys = Array.from({ length: count }, (_, n) => `k${n}`)
      const [strike] = bookOf(faultOf({ seed, effect })).strike(request(keys), anything)
      const left = strike?.hit.flat().filter(Boolean).length ?? 0
      if (count === 1) expect(strike).toBeUndefined()
      else expect(left >= 1 && left < count).toBe(true)
    }),
  )
})

describe('delays', () => {
  const delays = (effect: Effect, count = 2000): readonly number[] => {
    const book = bookOf(faultOf({ seed: 3, effect }))
    const drawn = Array.from({ length: count }, () => book.strike(request(['a']), anything)[0]?.ms ?? -1)
    return drawn.toSorted((a, b) => a - b)
  }
  const at = (sorted: readonly number[], percent: number): number =>
    sorted[Math.floor((sorted.length * percent) / 100)] ?? 0

  test('uniform stays between its ends, and reaches both nearly', () => {
    const sorted = delays({ kind: 'slow', after: false, delay: { shape: 'uniform', fromMs: 20, toMs: 80 } })
    expect(sorted[0]).toBeGreaterThanOrEqual(20)
    expect(sorted.at(-1)).toBeLessThan(80)
    expect(at(sorted, 50)).toBeCloseTo(50, -1)
  })

  test('normal has its mean in the middle and is never below zero', () => {
    const sorted = delays({ kind: 'slow', after: false, delay: { shape: 'normal', meanMs: 50, deviationMs: 40 } })
    expect(sorted[0]).toBe(0)
    expect(Math.abs(at(sorted, 50) - 50)).toBeLessThan(5)
    expect(Math.abs(at(sorted, 84) - 90)).toBeLessThan(8)
  })

  test('percentiles are met', () => {
    const points = [
      { percent: 50, ms: 20 },
      { percent: 99, ms: 900 },
    ]
    const sorted = delays({ kind: 'slow', after: false, delay: { shape: 'percentiles', points } })
    expect(Math.abs(at(sorted, 50) - 20)).toBeLessThan(25)
    expect(Math.abs(at(sorted, 99) - 900)).toBeLessThan(30)
    expect(sorted.at(-1)).toBe(900)
  })
})

test('faults end: by their time, their owner, their id and their kind', () => {
  const book = bookOf(
    faultOf({ id: 'a' }),
    { ...faultOf({ id: 'b' }), owner: 'drill' },
    { ...faultOf({ id: 'c', effect: { kind: 'reset', after: false } }), endsMs: 5 },
  )
  book.expire(5)
  expect(book.faults.map(({ fault }) => fault.id)).toEqual(['a', 'b'])
  expect(book.clear({ owner: 'drill', kind: 'reset' })).toEqual([])
  expect(book.clear({ owner: 'drill' }).map(({ id }) => id)).toEqual(['b'])
  expect(book.clear({ id: 'a' })).toHaveLength(1)
  expect(book.faults).toEqual([])
})

test('there is room for so many faults; one of the same id takes the place of the former', () => {
  const book = bookOf(...Array.from({ length: apiFaultsMax }, (_, n) => faultOf({ id: `${n}` })))
  expect(book.set(faultOf({ id: 'more' }))).toBe(false)
  expect(book.set(faultOf({ id: '0' }))).toBe(true)
  expect(book.faults).toHaveLength(apiFaultsMax)
})
