import { expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory-store.ts'
import { logKey } from '../../../src/engine/keys.ts'
import { itemOf, makeTable, openRegion, put, regionNames } from './region.ts'

const [us, eu] = regionNames

it('a log in which a record is missing is not read past it as if nothing were', async () => {
  const store = new MemoryStore()
  const { engine } = await openRegion(us, store)
  const table = await makeTable(engine, 'T', { replicas: [us, eu] })
  const before = engine.flushed()
  for (const n of [1, 2, 3]) await engine.commit([put(table, itemOf('p', n))])
  const read = (): number[] => {
    const positions: number[] = []
    const visit = ({ position }: { readonly position: number }): boolean => positions.push(position) > 0
    engine.visitOwnLog({ after: before, upTo: engine.flushed(), bytesMax: 1e6 }, visit)
    return positions
  }
  expect(read()).toEqual([before + 1, before + 2, before + 3])
  store.disk.map.delete(logKey(before + 2))
  expect(read).toThrow('contiguous')
})
