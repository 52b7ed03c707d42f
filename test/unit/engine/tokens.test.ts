import { expect, test } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { idempotencyTokenMsMax } from '../../../src/core/limits/limits.ts'
import { tokensBefore } from '../../../src/engine/store/keys.ts'
import { itemAt, itemOf, makeTable, openRegion, put } from './region.ts'

const token = { name: 'token-1', digest: 'digest-1' }
const item = itemOf('a', 1)

test('a transaction with a token that was used is not done again, also after a restart', async () => {
  const disk = new MemoryDisk()
  const before = await openRegion('us-east-1', new MemoryStore({ disk }))
  const table = await makeTable(before.engine, 'things')
  expect(await before.engine.commitOnce([put(table, item)], token)).toMatchObject({ done: 'now' })
  await before.engine.close()
  const { engine } = await openRegion('us-east-1', new MemoryStore({ disk }))
  const again = engine.tableNamed('things')
  const other = itemOf('b', 2)
  expect(await engine.commitOnce([put(again ?? table, other)], token)).toEqual({ done: 'before' })
  expect(itemAt(engine, again ?? table, other)).toBeUndefined()
  expect(await engine.commitOnce([put(table, other)], { ...token, digest: 'digest-2' })).toEqual({ done: 'another' })
})

test('a token is good again once its time is over', async () => {
  const { engine, clock } = await openRegion('us-east-1')
  const table = await makeTable(engine, 'things')
  await engine.commitOnce([put(table, item)], token)
  clock.wall += idempotencyTokenMsMax
  expect(await engine.commitOnce([put(table, item)], token)).toEqual({ done: 'before' })
  clock.wall += 1
  expect(await engine.commitOnce([put(table, item)], token)).toMatchObject({ done: 'now' })
})

test('a token is remembered with an accepted transaction only', async () => {
  const { engine } = await openRegion('us-east-1')
  const table = await makeTable(engine, 'things')
  const impossible = put(table, item, { op: 'attribute_exists', path: ['pk'] })
  expect(await engine.commitOnce([impossible], token)).toMatchObject({ result: { accepted: false } })
  expect(await engine.commitOnce([put(table, item)], token)).toMatchObject({ result: { accepted: true } })
})

test('old tokens go while new ones come', async () => {
  const store = new MemoryStore()
  const { engine, clock } = await openRegion('us-east-1', store)
  const table = await makeTable(engine, 'things')
  const commit = (name: string) => engine.commitOnce([put(table, item)], { name, digest: 'd' })
  for (let n = 0; n < 20; n++) await commit(`old-${n}`)
  clock.wall += 2 * idempotencyTokenMsMax
  for (let n = 0; n < 10; n++) await commit(`new-${n}`)
  const left = [...store.entries(tokensBefore(Math.floor(clock.wall / 60_000) + 1))]
  expect(left).toHaveLength(10)
})
