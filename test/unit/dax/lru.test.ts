import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { Held, Lru } from '../../../src/cache/core/lru.ts'

class Entry extends Held {
  readonly name: number
  constructor(name: number) {
    super()
    this.name = name
  }
}

const name = fc.nat(7)
const step = fc.oneof(
  fc.record({ what: fc.constant('add' as const), name, size: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constant('touch' as const), name }),
  fc.record({ what: fc.constant('resize' as const), name, size: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ what: fc.constant('remove' as const), name }),
)

it('keeps what a list sorted by use would keep, within its bytes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const evicted: number[] = []
      const lru = new Lru<Entry>(100, (entry) => evicted.push(entry.name))
      const entries = new Map<number, Entry>()
      // Oldest first.
      let model: { name: number; size: number }[] = []
      const gone: number[] = []
      const makeRoom = (): void => {
        while (model.reduce((sum, { size }) => sum + size, 0) > 100) gone.push(model.shift()?.name ?? -1)
      }
      for (const each of steps) {
        const held = entries.get(each.name)
        const isHeld = held?.held === true
        if (each.what === 'add' && !isHeld) {
          const entry = new Entry(each.name)
          entries.set(each.name, entry)
          lru.add(entry, each.size)
          model.push({ name: each.name, size: each.size })
        } else if (each.what === 'remove' && held !== undefined) {
          lru.remove(held)
          model = model.filter(({ name: other }) => other !== each.name)
        } else if (isHeld && (each.what === 'touch' || each.what === 'resize')) {
          const size = each.what === 'resize' ? each.size : held.sizeBytes
          if (each.what === 'touch') lru.touch(held)
          else lru.resize(held, size)
          model = [...model.filter(({ name: other }) => other !== each.name), { name: each.name, size }]
        }
        makeRoom()
        expect(lru.bytes).toBe(model.reduce((sum, { size }) => sum + size, 0))
        expect(lru.count).toBe(model.length)
      }
      expect(evicted).toEqual(gone)
    }),
  )
})
