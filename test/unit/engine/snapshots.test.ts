/** A snapshot of a table is the table at one position of the log, whatever is written while it is read. */
import { describe, expect, test } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { decodeItem } from '../../../src/core/item/item-bytes.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import { snapshotRegister } from '../../../src/core/table/registers.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { del, itemOf, makeTable, openRegion, put } from './region.ts'

const begin = (engine: Engine, table: Table, number: number) =>
  engine.define(table.id, [{ register: snapshotRegister(number), value: { backup: `b${number}` } }])

const remove = (table: Table, sk: number) => del(table, itemOf('a', sk))

/** The items of the snapshot, by sort key. */
function itemsOf(engine: Engine, name: string, number: number): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  let last: Buffer | undefined
  do {
    const part = engine.archive.snapshotRows(engine.tableNamed(name) as Table, number, last)
    for (const { row } of part.rows) {
      const { sk, v } = decodeItem(row.subarray(bodyOffset(row)))
      found[(sk as { N: string }).N] = v
    }
    last = part.last
  } while (last !== undefined)
  return found
}

describe('a snapshot of a table', () => {
  test('has the rows of its beginning after they have changed, gone and come', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'things')
    await engine.commitEach([1, 2, 3].map((sk) => put(table, itemOf('a', sk, { v: { S: 'old' } }))))
    await begin(engine, table, 1)
    await engine.commit([put(table, itemOf('a', 1, { v: { S: 'new' } }))])
    await engine.commit([put(table, itemOf('a', 1, { v: { S: 'newer' } }))])
    await engine.commit([remove(table, 2), put(table, itemOf('a', 4))])
    await engine.commit([remove(table, 4)])
    expect(itemsOf(engine, 'things', 1)).toEqual({ 1: { S: 'old' }, 2: { S: 'old' }, 3: { S: 'old' } })
  })

  test('of any moment is the table of then, in several at once, with writes in flight as they begin, and after a crash', async () => {
    const random = new SeededRandom(5)
    const disk = new MemoryDisk()
    let { engine } = await openRegion('us-east-1', new MemoryStore({ disk }))
    const table = await makeTable(engine, 'things')
    const model = new Map<number, string>()
    const then: Readonly<Record<string, unknown>>[] = []
    const inFlight: Promise<unknown>[] = []
    for (let n = 0; n < 1500; n++) {
      const sk = Math.floor(random.fraction() * 700)
      if (random.fraction() < 0.3) {
        model.delete(sk)
        inFlight.push(engine.commit([remove(table, sk)]))
      } else {
        model.set(sk, `${n}`)
        inFlight.push(engine.commit([put(table, itemOf('a', sk, { v: { S: `${n}` } }))]))
      }
      if (n % 300 === 150) {
        then.push(Object.fromEntries([...model].map(([key, S]) => [key, { S }])))
        inFlight.push(begin(engine, table, then.length))
      }
      if (n % 100 === 0) await Promise.all(inFlight.splice(0))
    }
    await Promise.all(inFlight)
    for (const [n, items] of then.entries()) expect(itemsOf(engine, 'things', n + 1)).toEqual(items)
    ;({ engine } = await openRegion('us-east-1', new MemoryStore({ disk })))
    for (const [n, items] of then.entries()) expect(itemsOf(engine, 'things', n + 1)).toEqual(items)
  })

  test('keeps its table from being removed, and leaves nothing when it ends', async () => {
    const { engine, env } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'things')
    await engine.commit([put(table, itemOf('a', 1, { v: { S: 'old' } }))])
    await begin(engine, table, 1)
    await engine.commit([remove(table, 1)])
    await engine.removeTable(table.id)
    expect(itemsOf(engine, 'things', 1)).toEqual({ 1: { S: 'old' } })
    await engine.define(table.id, [{ register: snapshotRegister(1), value: { backup: 'b1', going: true } }])
    await engine.commit([put(table, itemOf('a', 2))])
    await engine.archive.removeImages(engine.tableNamed('things') as Table, 1)
    await engine.define(table.id, [{ register: snapshotRegister(1), value: undefined }])
    expect([...env.store.keys({ from: Buffer.of(0x23), to: Buffer.of(0x24) })]).toEqual([])
    expect(engine.tableNamed('things')?.snapshots).toBeUndefined()
    await engine.removeTable(table.id)
    expect(engine.tableNamed('things')).toBeUndefined()
  })
})
