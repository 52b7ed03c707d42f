/** Jobs and peers go on where they meet a damaged row: it stays quarantined, and all others are served. */
import { expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { registerKey, rowKey, tableRows } from '../../../src/engine/store/keys.ts'
import { checkIndexes } from './books.ts'
import { indexValue, itemAt, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames
const colored = (n: number, color = 'red') => itemOf('a', n, { color: { S: color } })

/** Two replicas of four rows; the first row of the first region is damaged. */
async function filled() {
  const store = new MemoryStore()
  const own = await openRegion(us, store)
  const { engine: peer } = await openRegion(eu)
  const options = { replicas: [us, eu], indexes: { 'by-color': {} } } as const
  const table = await makeTable(own.engine, 'T', options)
  await replicate(own.engine, peer)
  const theirs = await makeTable(peer, 'T', options)
  for (let n = 0; n < 4; n++) await own.engine.commit([put(table, colored(n))])
  await replicate(own.engine, peer)
  const key = encodePrimaryKey(table.key, colored(0))
  const sound = Buffer.from(store.get(rowKey(table.number, key))!)
  const row = Buffer.from(sound)
  row[row.length - 2]! ^= 1
  store.disk.map.set(rowKey(table.number, key), row)
  return { store, ...own, peer, table, theirs, key, row, sound }
}

it('what a peer writes to a damaged row is passed over, with a cursor that goes on, until the row is mended', async () => {
  const { engine, peer, table, theirs, key, row, logged } = await filled()
  await peer.commit([put(theirs, colored(0, 'blue')), put(theirs, colored(1, 'blue'))])
  await replicate(peer, engine)
  expect(engine.cursor(eu)?.position).toBe(peer.flushed())
  expect(itemAt(engine, table, colored(1))).toEqual(colored(1, 'blue'))
  expect(() => engine.get(table, key)).toThrow('is damaged')
  expect(logged.filter((line) => line === 'a record of the store is damaged and quarantined')).toHaveLength(1)
  expect([...engine.damage.tables('row')]).toEqual([table.number])
  // As a comparison of the replicas decides.
  const right = peer.rows(theirs.id, undefined, 1, 1e6)[0]!.row
  expect(engine.isRowOf(table.id, key, row)).toBe(false)
  expect(engine.isRowOf(table.id, key, right)).toBe(true)
  expect(await engine.mend(table.id, key, { found: row, row: right })).toBe(true)
  expect(itemAt(engine, table, colored(0))).toEqual(colored(0, 'blue'))
  await engine.audit(table.id)
  checkIndexes(engine, table)
})

it('an index is filled without it, and has it once the row is mended', async () => {
  const { engine, table, key, row, sound } = await filled()
  const index = indexValue({ id: 'two' })
  await engine.define(table.id, [{ register: 'index/more', value: index }])
  const now = engine.tableWithId(table.id)!
  await engine.backfill(table.id, now.indexes.find(({ name }) => name === 'more')!.number)
  expect(
    engine.size(
      now,
      now.indexes.find(({ name }) => name === 'more'),
    ).items,
  ).toBe(3)
  await engine.mend(table.id, key, { found: row, row: sound })
  await engine.audit(table.id)
  checkIndexes(engine, engine.tableWithId(table.id)!)
})

it('a table is emptied with it', async () => {
  const { store, engine, table } = await filled()
  await engine.emptyTable(table.id)
  expect([...store.keys(tableRows(table.number))]).toEqual([])
  await engine.audit(table.id)
  expect(engine.size(table).items).toBe(0)
  checkIndexes(engine, table)
})

it('a store with a damaged register is not opened', async () => {
  const { store, engine, table } = await filled()
  await engine.close()
  const key = registerKey(table.id, 'definition')
  const value = Buffer.from(store.get(key)!)
  value[25]! ^= 1
  store.disk.map.set(key, value)
  await expect(openRegion(us, store)).rejects.toThrow('the register definition of table id-T is damaged')
})
