import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Repeats, repeatsKnownMax } from '../../../src/core/repeats.ts'

it('a failure is told the first time, and whenever the number of its repetitions has doubled', () => {
  const repeats = new Repeats()
  const told = Array.from({ length: 100 }, (_, n) => repeats.note('cut', n))
  expect(told.filter((times) => times !== undefined)).toEqual([1, 2, 4, 8, 16, 32, 64])
})

it('each failure is counted apart, and begins at one when it has not happened for ten minutes', () => {
  const repeats = new Repeats()
  const at = [0, 1000, 2000, 602_001].map((nowMs) => [repeats.note('a', nowMs), repeats.note(`b${nowMs}`, nowMs)])
  expect(at).toEqual([
    [1, 1],
    [2, 1],
    [undefined, 1],
    [1, 1],
  ])
})

it('however many failures there are: the first of each is told, and only so many are known', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 * repeatsKnownMax }), { maxLength: 2000 }), (failures) => {
      const repeats = new Repeats()
      const seen = new Set<number>()
      for (const failure of failures) {
        const times = repeats.note(String(failure), 0)
        if (!seen.has(failure)) expect(times).toBe(1)
        seen.add(failure)
      }
      // Whoever is not among the last so many is not known any more, so it is told again as the first time.
      const lastSeen = [...new Set(failures.toReversed())]
      const forgotten = lastSeen[repeatsKnownMax]
      if (forgotten !== undefined) expect(repeats.note(String(forgotten), 0)).toBe(1)
    }),
  )
})
