/** The engine over LMDB: what the tests over memory say holds on the real store, too. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openLmdbStore } from '../../../src/adapters/lmdb/lmdb-store.ts'
import { checkIndexes, checkLog } from './books.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longitude-engine-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

it('keeps its books over many concurrent writes and a restart', async () => {
  let store = await openLmdbStore(folder)
  let { engine } = await openRegion(us, store)
  let table = await makeTable(engine, 'T', { replicas: [us, eu], indexes: { byColor: {} } })
  const colors = ['red', 'green', 'blue']
  const write = async (n: number): Promise<void> => {
    const item = itemOf(`p${n % 5}`, n % 40, { color: { S: colors[n % 3] ?? '' }, n: { N: String(n) } })
    await engine.commit([n % 7 === 0 ? del(table, item) : put(table, item)])
  }
  await Promise.all(Array.from({ length: 500 }, (_, n) => write(n)))
  await engine.close()
  await store.close()
  store = await openLmdbStore(folder)
  engine = (await openRegion(us, store)).engine
  table = engine.tableNamed('T') ?? table
  checkIndexes(engine, table)
  checkLog(engine, table)
  await Promise.all(Array.from({ length: 100 }, (_, n) => write(n)))
  checkIndexes(engine, table)
  await engine.close()
  await store.close()
})

it('replicates from disk to disk', async () => {
  const stores = [await openLmdbStore(join(folder, us)), await openLmdbStore(join(folder, eu))] as const
  const [a, b] = [await openRegion(us, stores[0]), await openRegion(eu, stores[1])]
  const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
  await replicate(a.engine, b.engine)
  await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
  await Promise.all(Array.from({ length: 200 }, (_, n) => a.engine.commit([put(table, itemOf('x', n))])))
  await replicate(a.engine, b.engine)
  expect(itemAt(b.engine, table, itemOf('x', 199))).toEqual(itemOf('x', 199))
  expect(b.engine.size(b.engine.tableNamed('T') ?? table).items).toBe(200)
  await Promise.all([a.engine.close(), b.engine.close()])
  await Promise.all(stores.map((store) => store.close()))
})
