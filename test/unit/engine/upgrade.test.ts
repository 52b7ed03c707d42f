/** Stores of earlier formats are brought up to this one when they are opened. */
import { expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory-store.ts'
import { countsKey, headKey, identityKey, oldCounts, oldHeadKey } from '../../../src/engine/keys.ts'
import { checkLog } from './books.ts'
import { itemOf, makeTable, openRegion, put, regionNames } from './region.ts'

const [us] = regionNames

it('a store of format 1 goes on where it stood', async () => {
  const store = new MemoryStore()
  const { engine } = await openRegion(us, store)
  const table = await makeTable(engine, 'T')
  await engine.commit([put(table, itemOf('a', 1)), put(table, itemOf('b', 2))])
  const [position, size] = [engine.flushed(), engine.size(table)]
  await engine.close()
  await asFormat1(store, table.number)

  const again = (await openRegion(us, store)).engine
  expect(again.flushed()).toBe(position)
  expect(again.size(table)).toEqual(size)
  expect([...store.entries(oldCounts)]).toEqual([])
  expect(store.get(oldHeadKey)).toBeUndefined()
  await again.commit([put(again.tableNamed('T') ?? table, itemOf('c', 3))])
  expect(again.flushed()).toBe(position + 1)
  checkLog(again, table)
})

it('a store of a later format is left alone', async () => {
  const store = new MemoryStore()
  await (await openRegion(us, store)).engine.close()
  const identity = JSON.parse(String(store.get(identityKey))) as object
  await store.write([{ key: identityKey, value: Buffer.from(JSON.stringify({ ...identity, format: 3 })) }])
  await expect(openRegion(us, store)).rejects.toThrow('the data has format 3')
})

async function asFormat1(store: MemoryStore, table: number): Promise<void> {
  const oldCountsKey = Buffer.from(countsKey(table))
  oldCountsKey[0] = 0x70
  const identity = JSON.parse(String(store.get(identityKey))) as object
  await store.write([
    { key: oldHeadKey, value: store.get(headKey) },
    { key: headKey, value: undefined },
    { key: oldCountsKey, value: store.get(countsKey(table)) },
    { key: countsKey(table), value: undefined },
    { key: identityKey, value: Buffer.from(JSON.stringify({ ...identity, format: 1 })) },
  ])
}
