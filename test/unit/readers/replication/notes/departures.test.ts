import { expect, it } from 'vitest'
import { departedMax } from '../../../../../src/core/limits/limits.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { pendingMerges, noteDepartures } from '../../../../../src/readers/replication/notes/pending-merges.ts'

it('what one that has left owed of another is forgotten with either of them', async () => {
  const notes = new Map<string, unknown>()
  const engine = engineWith(notes)
  const guest = (n: number) => ({ name: `guest-${n}`, number: 2 + n })
  for (let n = 0; n < 3 * departedMax; n++) await noteDepartures({ engine, peers: [guest(n), guest(n + 1)] })
  const owed = [...notes.keys()].filter((name) => name.startsWith('replication/owed/'))
  expect(owed.length).toBeGreaterThan(departedMax / 2)
  expect(owed.length).toBeLessThanOrEqual(2 * departedMax)
})

it('regions that come and leave are remembered up to a number, with what is to be merged of them', async () => {
  const notes = new Map<string, unknown>()
  const engine = engineWith(notes)
  const stays = { name: 'stays', number: 2 }
  for (let n = 0; n < 2 * departedMax; n++) {
    await noteDepartures({ engine, peers: [stays, { name: `guest-${n}`, number: 3 + n }] })
    await noteDepartures({ engine, peers: [stays] })
  }
  const owed = pendingMerges({ engine, peers: [stays] })
  expect(owed.length).toBe(departedMax)
  expect(owed.at(-1)).toEqual({ peer: 'stays', of: `guest-${2 * departedMax - 1}`, epoch: 'departed' })
  expect(notes.size).toBe(departedMax + 2)
})

function engineWith(notes: Map<string, unknown>): Engine {
  return {
    region: { name: 'here', number: 1 },
    regionNumbers: { remember: async () => await Promise.resolve() },
    note: (name: string) => notes.get(name),
    setNote: async (name: string, value: unknown) => {
      if (value === undefined) notes.delete(name)
      else notes.set(name, value)
      await Promise.resolve()
    },
  } as unknown as Engine
}
