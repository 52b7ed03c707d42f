/** What a region does by itself about records that somebody has found damaged. */
import { expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { Table } from '../../../src/core/table/table.ts'
import { rowKey, tableIndexRows } from '../../../src/engine/store/keys.ts'
import { damagedRecords } from '../../../src/readers/sweepers/damaged-records.ts'
import { checkIndexes } from '../engine/books.ts'
import { itemAt, itemOf, makeTable, openRegion, put, regionNames } from '../engine/region.ts'

const [us, eu] = regionNames
const item = itemOf('a', 1, { color: { S: 'red' } })

async function filled() {
  const store = new MemoryStore()
  const { engine, env, logged } = await openRegion(us, store)
  const table = await makeTable(engine, 'T', { replicas: [us, eu], indexes: { 'by-color': {} } })
  await engine.commit([put(table, item), put(table, itemOf('a', 2, { color: { S: 'red' } }))])
  const damage = (key: Buffer): Buffer => {
    const value = Buffer.from(store.get(key)!)
    const changed = Buffer.from(value)
    changed[value.length - 3]! ^= 1
    store.disk.map.set(key, changed)
    return value
  }
  const asked: Table[] = []
  const answers: (() => Promise<{ readonly unknown: number }>)[] = []
  const repair = async (table_: Table): Promise<{ readonly unknown: number }> => {
    asked.push(table_)
    return await answers.shift()!()
  }
  const service = damagedRecords(env, { engine, repair })
  await service.start()
  const turns = async (): Promise<void> => {
    for (let n = 0; n < 20; n++) await env.clock.sleep(0)
  }
  return { store, engine, table, damage, asked, answers, logged, service, turns }
}

it('an index row follows from its row again, with no peer', async () => {
  const { store, engine, table, damage, asked, turns, service } = await filled()
  const [entry] = store.entries(tableIndexRows(table.number))
  damage(entry!.key)
  await turns()
  expect(engine.damage.count).toBe(0)
  expect(() => checkIndexes(engine, table)).toThrow('is damaged')
  expect(engine.damage.count).toBe(1)
  await turns()
  checkIndexes(engine, table)
  expect(asked).toEqual([])
  expect(engine.tablesToAudit()).toEqual([])
  await service.stop()
})

it('a row is mended once the table can be compared with its other replicas', async () => {
  const { engine, table, damage, asked, answers, logged, turns, service } = await filled()
  const key = encodePrimaryKey(table.key, item)
  const at = rowKey(table.number, key)
  const right = damage(at)
  answers.push(
    () => Promise.reject(new Error('a peer is away')),
    () => Promise.reject(new Error('a peer is away')),
    async () => {
      const [found] = engine.rows(table.id, undefined, 1, 1e6)
      await engine.mend(table.id, key, { found: found!.row, row: right })
      return { unknown: 0 }
    },
  )
  expect(() => engine.get(table, key)).toThrow(/^the row \S+ of table number 1 is damaged/)
  await expect(engine.commit([put(table, item)])).rejects.toThrow('is damaged')
  expect(itemAt(engine, table, itemOf('a', 2))).toBeDefined()
  await turns()
  expect(itemAt(engine, table, item)).toEqual(item)
  expect(asked.map(({ id }) => id)).toEqual([table.id, table.id, table.id])
  expect(logged.filter((line) => line === 'damaged records wait for their repair')).toHaveLength(1)
  expect(engine.damage.names()).toEqual([])
  await turns()
  expect(asked).toHaveLength(3)
  await service.stop()
})

it('a record that another process has found damaged is looked at, and mended like any other', async () => {
  const { store, engine, table, damage, turns, service } = await filled()
  const [entry] = store.entries(tableIndexRows(table.number))
  engine.damage.recheck(entry!.key)
  engine.damage.recheck(rowKey(table.number, Buffer.from('none')))
  expect(engine.damage.count).toBe(0)
  damage(entry!.key)
  engine.damage.recheck(entry!.key)
  expect(engine.damage.count).toBe(1)
  await turns()
  checkIndexes(engine, table)
  await service.stop()
})

it('a row that no replica has is asked for once, and stays quarantined', async () => {
  const { engine, table, damage, asked, answers, turns, service } = await filled()
  const key = encodePrimaryKey(table.key, item)
  damage(rowKey(table.number, key))
  answers.push(() => Promise.resolve({ unknown: 1 }))
  for (let n = 0; n < 3; n++) {
    expect(() => engine.get(table, key)).toThrow('is damaged')
    await turns()
  }
  expect(asked).toHaveLength(1)
  expect(engine.damage.names()).toHaveLength(1)
  await service.stop()
})
