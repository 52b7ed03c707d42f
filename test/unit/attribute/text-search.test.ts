import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { includesText } from '../../../src/core/attribute/text-search.ts'

describe('whether a text has a part', () => {
  test('is what the engine says', () => {
    const letters = fc.array(fc.constantFrom('a', 'b'), { maxLength: 12 }).map((all) => all.join(''))
    fc.assert(
      fc.property(letters, letters, fc.integer({ min: 1, max: 400 }), fc.boolean(), (unit, odd, times, ends) => {
        const text = `${unit.repeat(2 * times)}${odd}${unit.repeat(times)}`
        const part = ends ? `${unit.repeat(times)}${odd}` : `${odd}${unit.repeat(times)}`
        expect(includesText(text, part)).toBe(text.includes(part))
      }),
    )
  })

  test.each([
    ['the part ends differently', `${'x'.repeat(60_000)}y`, false],
    ['the part begins differently', `y${'x'.repeat(60_000)}`, false],
    ['the part differs in its middle', `${'x'.repeat(30_000)}y${'x'.repeat(30_000)}`, false],
    ['the part is there', 'x'.repeat(60_000), true],
  ])('is said after looking at each letter a few times: %s', (_, part, is) => {
    const text = 'x'.repeat(100_000)
    let looks = 0
    const counting = (all: string) => ({
      length: all.length,
      charCodeAt: (at: number) => (looks++, all.charCodeAt(at)),
      slice: (from: number, to: number) => all.slice(from, to),
      includes: () => expect.unreachable('the engine searches as it likes'),
      // Each of these may look at all of the part.
      startsWith: (other: { readonly all: string }, at: number) => (
        (looks += part.length),
        all.startsWith(other.all, at)
      ),
      indexOf: (other: string, from?: number) => {
        const found = all.indexOf(other, from)
        looks += (found < 0 ? all.length : found) - (from ?? 0)
        return found
      },
      all,
    })
    expect(includesText(counting(text) as unknown as string, counting(part) as unknown as string)).toBe(is)
    expect(looks).toBeLessThan(16 * (text.length + part.length))
  })
})
