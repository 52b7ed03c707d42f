import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { OrderedMap } from '../../src/adapters/memory/ordered-map.ts'

it('is a sorted map, whatever is put in, taken out and walked', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 2 }).map((bytes) => Buffer.from(bytes))
  const step = fc.record({ key, remove: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 3000, size: 'max' }),
      key,
      key,
      fc.boolean(),
      (steps, from, to, reverse) => {
        const map = new OrderedMap()
        const model = new Map<string, Buffer>()
        for (const { key: at, remove } of steps) {
          if (remove) expect(map.delete(at)).toBe(model.delete(at.toString('latin1')))
          else {
            map.set(at, at)
            model.set(at.toString('latin1'), at)
          }
        }
        const expected = [...model.values()]
          .filter((at) => Buffer.compare(at, from) >= 0 && Buffer.compare(at, to) < 0)
          .toSorted((a, b) => (reverse ? Buffer.compare(b, a) : Buffer.compare(a, b)))
        expect(map.size).toBe(model.size)
        expect([...map.entries({ from, to, reverse })].map((entry) => entry.key)).toEqual(expected)
        expect(map.get(from)).toEqual(model.get(from.toString('latin1')))
      },
    ),
    { numRuns: 20 },
  )
})
