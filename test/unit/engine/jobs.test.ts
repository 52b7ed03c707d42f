import { describe, expect, it } from 'vitest'
import { everyRegion } from '../../../src/core/hybrid-logical-clock/stamp.ts'
import { decodeRow } from '../../../src/core/item/row.ts'
import { logKey } from '../../../src/engine/store/keys.ts'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, regionNames, replicate, tableEdits } from './region.ts'

const [us, eu] = regionNames
const deleting = [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }]

describe('removeTable', () => {
  it('removes rows, index rows, counts and registers in bounded steps', async () => {
    const store = new MemoryStore()
    const { engine } = await openRegion(us, store)
    const other = await makeTable(engine, 'Other')
    const empty = store.disk.map.size
    const table = await makeTable(engine, 'T', { indexes: { byColor: {} } })
    for (let n = 0; n < 1100; n++) void engine.commit([put(table, itemOf('a', n, { color: { S: 'red' } }))])
    await engine.commit([put(other, itemOf('a', 1))])
    await engine.define(table.id, deleting)
    const seen: number[] = []
    await engine.removeTable(table.id, (rows) => seen.push(rows))
    expect(seen).toEqual([500, 1000, 1100])
    expect(engine.tables().map(({ name }) => name)).toEqual(['Other'])
    expect(engine.knownTables()).toEqual([other.id])
    await engine.trimLog(engine.flushed())
    // The other table's item, less the entry of its definition in the log.
    expect(store.disk.map.size).toBe(empty + 1 - 1)
  })

  it('goes on where a crash stopped it', async () => {
    let left = Infinity
    const store = new MemoryStore({ durable: () => (left-- > 0 ? Promise.resolve() : new Promise(() => {})) })
    const { engine } = await openRegion(us, store)
    const table = await makeTable(engine, 'T')
    for (let n = 0; n < 1100; n++) void engine.commit([put(table, itemOf('a', n))])
    await engine.define(table.id, deleting)
    left = 1
    const removed = new Promise<number>((resolve) => void engine.removeTable(table.id, resolve).catch(() => undefined))
    await removed
    const { engine: again } = await openRegion(us, store.crash(0, { durable: () => Promise.resolve() }))
    expect(again.tableNamed('T')?.status).toBe('DELETING')
    expect(again.rows(table.id, undefined, 10_000, 1e9).length).toBe(600)
    await again.removeTable(table.id)
    expect(again.tables()).toEqual([])
  })

  it('keeps what the replicas share of a table that other regions still have', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T', { replicas: [us, eu] })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.define(table.id, deleting)
    await engine.removeTable(table.id)
    expect(engine.tables()).toEqual([])
    expect(engine.registers(table.id).map(({ key }) => key.toString())).toContain('definition')
    await engine.define(table.id, tableEdits('T', { replicas: [us, eu] }).slice(1, 2))
    const again = engine.tableNamed('T')
    expect(again?.number).toBeGreaterThan(table.number)
    expect(engine.rows(table.id, undefined, 10, 1e6)).toEqual([])
  })
})

describe('removeTombstones', () => {
  it('removes those up to a moment, the oldest first, at most so many', async () => {
    const { engine, clock } = await openRegion(us)
    const table = await makeTable(engine, 'T', { replicas: [us, eu] })
    for (let n = 0; n < 10; n++) {
      clock.wall += 10
      await engine.commit([put(table, itemOf('a', n))])
      await engine.commit([del(table, itemOf('a', n))])
    }
    const stamps = engine.rows(table.id, undefined, 100, 1e6).map(({ row }) => decodeRow(row).stamp)
    const upTo = stamps.toSorted((a, b) => a.wallMs - b.wallMs)[6]
    if (upTo === undefined) throw new Error('seven tombstones')
    expect(await engine.removeTombstones(table.id, upTo, 4)).toBe(4)
    expect(await engine.removeTombstones(table.id, upTo, 4)).toBe(3)
    expect(await engine.removeTombstones(table.id, upTo, 4)).toBe(0)
    const left = engine.rows(table.id, undefined, 100, 1e6).map(({ row }) => decodeRow(row).stamp.wallMs)
    expect(left.every((wallMs) => wallMs > upTo.wallMs)).toBe(true)
    expect(left.length).toBe(3)
  })

  it('leaves an item alone that came back meanwhile', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T', { replicas: [us, eu] })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.commit([del(table, itemOf('a', 1))])
    const { stamp } = decodeRow(engine.rows(table.id, undefined, 1, 1e6)[0]?.row ?? Buffer.alloc(0))
    void engine.commit([put(table, itemOf('a', 1))])
    await engine.removeTombstones(table.id, stamp, 10)
    expect(itemAt(engine, table, itemOf('a', 1))).toBeDefined()
    expect(engine.size(table).items).toBe(1)
  })

  it('lets a later write be no conflict where the tombstone is still known', async () => {
    const [a, b] = [await openRegion(us), await openRegion(eu)]
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
    await replicate(a.engine, b.engine)
    await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    await b.engine.commit([put(table, itemOf('a', 1))])
    await b.engine.commit([del(table, itemOf('a', 1))])
    await replicate(b.engine, a.engine)
    expect(await a.engine.removeTombstones(table.id, { ...a.engine.clock(), region: everyRegion }, 10)).toBe(1)
    await a.engine.commit([put(table, itemOf('a', 1))])
    await replicate(a.engine, b.engine)
    expect(b.engine.conflicts(0, 10)).toEqual([])
    expect(itemAt(b.engine, table, itemOf('a', 1))).toBeDefined()
    await b.engine.commit([put(table, itemOf('a', 1, { v: { S: 'again' } }))])
    await replicate(b.engine, a.engine)
    expect(a.engine.conflicts(0, 10)).toEqual([])
    expect(itemAt(a.engine, table, itemOf('a', 1))).toMatchObject({ v: { S: 'again' } })
  })
})

describe('trimLog', () => {
  it('removes the oldest, never what is not durable, and remembers it', async () => {
    const store = new MemoryStore()
    const { engine } = await openRegion(us, store)
    const table = await makeTable(engine, 'T')
    for (let n = 0; n < 1200; n++) void engine.commit([put(table, itemOf('a', n))])
    await engine.commit([put(table, itemOf('a', 0))])
    const entries = [...store.keys({ from: logKey(0), to: logKey(702) })].map((key) => Number(key.readBigUInt64BE(1)))
    await engine.trimLog(700)
    // Whole entries: small writes share one.
    expect(engine.oldest()).toBe(entries.at(-1))
    expect(engine.oldest()).toBeGreaterThan(400)
    expect(engine.readLog(0, 10_000, 1e9)[0]?.position).toBe(engine.oldest())
    await engine.trimLog(1e9)
    expect(engine.oldest()).toBe(engine.flushed() + 1)
    const { engine: again } = await openRegion(us, store.crash())
    expect(again.oldest()).toBe(engine.oldest())
    expect(again.flushed()).toBe(engine.flushed())
    await again.commit([put(table, itemOf('a', 0))])
    expect(again.readLog(0, 10, 1e6)).toMatchObject([{ position: engine.flushed() + 1 }])
  })
})

describe('readLog', () => {
  it('ends at the first bound that it meets, but gives at least one change', async () => {
    const { engine } = await openRegion(us)
    const table = await makeTable(engine, 'T')
    const before = engine.flushed()
    for (let n = 0; n < 10; n++) await engine.commit([put(table, itemOf('a', n, { text: { S: 'x'.repeat(1000) } }))])
    expect(engine.readLog(before, 4, 1e6).length).toBe(4)
    expect(engine.readLog(before, 100, 3500).length).toBe(3)
    expect(engine.readLog(before, 100, 1).length).toBe(1)
    expect(engine.readLog(engine.flushed(), 100, 1e6)).toEqual([])
  })
})
