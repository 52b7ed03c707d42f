import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Distinct } from '../../../src/core/insights/distinct.ts'
import { TopKeys } from '../../../src/core/insights/top-keys.ts'

describe('the greatest keys of a stream', () => {
  test('are exact while there are counters for all', () => {
    const keys = new TopKeys(3)
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) keys.add(key, 1)
    expect(keys.top(2)).toEqual([
      { key: 'a', sum: 3 },
      { key: 'b', sum: 2 },
    ])
  })

  test('have no sum that is too small, and all that have more than their share', () => {
    const stream = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 9 })), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(stream, (added) => {
        const counters = 8
        const keys = new TopKeys(counters)
        const exact = new Map<string, number>()
        for (const [key, by] of added) {
          keys.add(`${key}`, by)
          exact.set(`${key}`, (exact.get(`${key}`) ?? 0) + by)
        }
        const whole = [...exact.values()].reduce((sum, each) => sum + each, 0)
        const found = new Map(keys.top(counters).map(({ key, sum }) => [key, sum]))
        expect(found.size).toBeLessThanOrEqual(counters)
        for (const [key, sum] of found) expect(sum).toBeGreaterThanOrEqual(exact.get(key) ?? 0)
        for (const [key, sum] of exact) if (sum > whole / counters) expect(found.has(key)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

describe('how many different keys there were', () => {
  test.each([0, 1, 10, 100, 1000, 20_000])('is about right for %i', (count) => {
    const [first, second] = [new Distinct(), new Distinct()]
    for (let n = 0; n < count; n++) {
      const half = n % 2 === 0 ? first : second
      half.add(`key ${n}`)
      half.add(`key ${n}`)
    }
    first.merge(second)
    expect(Math.abs(first.estimate - count)).toBeLessThanOrEqual(count * 0.2)
  })
})
