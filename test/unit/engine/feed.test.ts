import { expect, it, vi } from 'vitest'

// The bounds, small enough to be met.
vi.mock('../../../src/core/limits/limits.ts', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  conflictsMax: 5,
  conflictsBytesMax: 5000,
}))

import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import { itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames

it('keeps the newest conflicts, bounded in number and in bytes, over a restart', async () => {
  const store = new MemoryStore()
  const a = await openRegion(us, store)
  const b = await openRegion(eu)
  const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
  await replicate(a.engine, b.engine)
  await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
  const conflictAt = async (sk: number, text: string): Promise<void> => {
    await Promise.all([a, b].map(({ engine }) => engine.commit([put(table, itemOf('a', sk, { text: { S: text } }))])))
    await replicate(b.engine, a.engine)
  }
  for (let sk = 0; sk < 9; sk++) await conflictAt(sk, 'short')
  expect(a.engine.conflicts(0, 100).map(({ number }) => number)).toEqual([5, 6, 7, 8, 9])
  expect(a.engine.conflicts(6, 2).map(({ number }) => number)).toEqual([7, 8])
  await conflictAt(10, 'x'.repeat(1500))
  expect(a.engine.conflicts(0, 100).at(-1)?.number).toBe(10)
  expect(a.engine.conflicts(0, 100).length).toBeLessThan(5)
  const kept = a.engine.conflicts(0, 100)
  const again = await openRegion(us, store.crash())
  expect(again.engine.conflicts(0, 100)).toEqual(kept)
  const [last] = again.engine.conflicts(9, 1)
  expect(JSON.parse(last?.local.subarray(bodyOffset(last.local)).toString() ?? '{}')).toMatchObject({
    text: { S: 'x'.repeat(1500) },
  })
})
