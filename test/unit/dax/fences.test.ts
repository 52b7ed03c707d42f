import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fences } from '../../../src/cache/core/fences.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const step = fc.oneof(
  fc.record({ what: fc.constant('note' as const), key, position: fc.nat(30) }),
  fc.record({ what: fc.constant('raise' as const), position: fc.nat(30) }),
)

describe('fences', () => {
  it('admit nothing that was read before the last that was told of its key, however few of them are remembered', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        key,
        fc.nat(31),
        (steps, max, asked, at) => {
          const fences = new Fences(max)
          let last = 0
          for (const each of steps) {
            if (each.what === 'note') fences.note(each.key, each.position)
            else fences.raise(each.position)
            if (each.what === 'raise' || each.key === asked) last = Math.max(last, each.position)
          }
          if (fences.admits([asked], at)) expect(at).toBeGreaterThanOrEqual(last)
          // While all are remembered, nothing is refused without a reason.
          else if (max >= 6) expect(at).toBeLessThan(last)
        },
      ),
    )
  })

  it('see whatever was told of a key since, and of no other while it is remembered', () => {
    fc.assert(
      fc.property(fc.array(step), fc.array(step), fc.integer({ min: 1, max: 8 }), key, (before, after, max, asked) => {
        const fences = new Fences(max)
        const take = (each: (typeof before)[number]): void =>
          each.what === 'note' ? fences.note(each.key, each.position) : fences.raise(each.position)
        before.forEach(take)
        const { serial } = fences
        after.forEach(take)
        const told = after.some((each) => each.what === 'raise' || each.key === asked)
        if (told) expect(fences.toldSince([asked], serial)).toBe(true)
        else if (max >= 6) expect(fences.toldSince([asked], serial)).toBe(false)
      }),
    )
  })
})
