import type { BatchChange } from '../../../src/core/change/batch.ts'
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { decodeRow, encodeRow, type Row } from '../../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { RemoteBatch } from '../../../src/engine/commands/command.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { StoreFull } from '../../../src/ports/store.ts'
import {
  batchFrom,
  del,
  itemAt,
  itemOf,
  makeTable,
  openRegion,
  put,
  regionNames,
  replicate,
  tableEdits,
} from './region.ts'

const [us, eu, ap] = regionNames

/** Two regions with one global table, made in the first. */
async function twoRegions() {
  const a = await openRegion(us)
  const b = await openRegion(eu)
  const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
  await replicate(a.engine, b.engine)
  await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
  const there = b.engine.tableNamed('T')
  if (there === undefined) throw new Error('the table did not arrive')
  return { a, b, table, there }
}

const contents = (engine: Engine): string[] =>
  engine.rows('id-T', undefined, 1000, 1e9).map(({ key, row }) => `${key.toString('hex')} ${row.toString('hex')}`)

const changeOf = (batch: RemoteBatch, change: Partial<BatchChange>): RemoteBatch => ({
  ...batch,
  changes: batch.changes.map((each) => ({ ...each, ...change })),
})

const withRow = (bytes: Buffer, row: Partial<Row>): Buffer => encodeRow({ ...decodeRow(bytes), ...row })

describe('apply', () => {
  it('brings a peer’s table and its items over', async () => {
    const { a, b, table, there } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1, { v: { S: 'one' } }))])
    await replicate(a.engine, b.engine)
    expect(itemAt(b.engine, there, itemOf('x', 1))).toEqual(itemOf('x', 1, { v: { S: 'one' } }))
    expect(b.engine.size(there).items).toBe(1)
    expect(there.replicas.map(({ region }) => region)).toEqual([eu, us])
    expect(contents(b.engine)).toEqual(contents(a.engine))
  })

  it('logs what it applied as a peer’s, not to be published again', async () => {
    const { a, b, table } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    const before = b.engine.flushed()
    await replicate(a.engine, b.engine)
    expect(b.engine.readLog(before, 10, 1e6)).toMatchObject([{ cause: 'replica', ownNumber: 0, table: table.id }])
  })

  it('does nothing with what it has applied already', async () => {
    const { a, b, table } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    const batch = batchFrom(a.engine, 0)
    await b.engine.apply(batch, 1)
    const [before, position] = [contents(b.engine), b.engine.flushed()]
    expect(await b.engine.apply(batch, 1)).toMatchObject({ applied: 'all', cursor: batch.upTo, won: 0, conflicts: 0 })
    await b.engine.setCursor(us, { epoch: a.engine.epoch, position: 0, sequence: 0 })
    expect(await b.engine.apply(batch, 1)).toMatchObject({ applied: 'all', won: 0, conflicts: 0 })
    expect(contents(b.engine)).toEqual(before)
    expect(b.engine.flushed()).toBe(position)
  })

  it('applies of a batch that begins before the cursor only the rest', async () => {
    const { a, b, table } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    await replicate(a.engine, b.engine)
    await a.engine.commit([put(table, itemOf('x', 2))])
    expect(await b.engine.apply(batchFrom(a.engine, 0), 7)).toMatchObject({ applied: 'all', won: 1, ignored: 0 })
    expect(b.engine.cursor(us)).toEqual({ epoch: a.engine.epoch, position: a.engine.flushed(), sequence: 7 })
  })

  it('sees a hole, another epoch and an unknown origin, and applies nothing then', async () => {
    const { a, b, table } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    await a.engine.commit([put(table, itemOf('x', 2))])
    const cursor = b.engine.cursor(us)?.position ?? 0
    const late = batchFrom(a.engine, cursor + 1)
    expect(await b.engine.apply(late, 1)).toEqual({ applied: 'hole', cursor })
    expect(await b.engine.apply({ ...batchFrom(a.engine, cursor), epoch: 'another' }, 1)).toEqual({
      applied: 'hole',
      cursor,
    })
    expect(await b.engine.apply({ ...batchFrom(a.engine, 0), origin: ap }, 1)).toEqual({ applied: 'hole', cursor: 0 })
    expect(b.engine.size(table).items).toBe(0)
  })

  it('moves the cursor, the rows and the clock together or not at all', async () => {
    let failing = false
    const store = new MemoryStore({
      durable: () => (failing ? Promise.reject(new StoreFull('full')) : Promise.resolve()),
    })
    const a = await openRegion(us)
    const b = await openRegion(eu, store)
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
    await replicate(a.engine, b.engine)
    await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    const before = b.engine.cursor(us)
    await a.engine.commit([put(table, itemOf('x', 1))])
    failing = true
    await expect(replicate(a.engine, b.engine)).rejects.toThrow('full')
    expect(b.engine.cursor(us)).toEqual(before)
    expect(contents(b.engine)).toEqual([])
    failing = false
    await replicate(a.engine, b.engine)
    expect(contents(b.engine)).toEqual(contents(a.engine))
  })

  it('ends with the same rows in both regions, whoever wrote last, and keeps the conflict', async () => {
    const { a, b, table, there } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1, { v: { S: 'from a' } }))])
    b.clock.wall += 5
    await b.engine.commit([put(there, itemOf('x', 1, { v: { S: 'from b' } }))])
    await Promise.all([replicate(a.engine, b.engine), replicate(b.engine, a.engine)])
    expect(contents(a.engine)).toEqual(contents(b.engine))
    expect(itemAt(a.engine, table, itemOf('x', 1))).toMatchObject({ v: { S: 'from b' } })
    expect(a.engine.conflicts(0, 10)).toMatchObject([{ number: 1, tableName: 'T', winner: 'incoming' }])
    expect(b.engine.conflicts(0, 10)).toMatchObject([{ number: 1, tableName: 'T', winner: 'local' }])
    expect(a.counted).toContainEqual({ name: 'longitude_conflicts_total', labels: { table: 'T' }, by: 1 })
  })

  it('lets a delete travel, and an answer to it be no conflict', async () => {
    const { a, b, table, there } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    await replicate(a.engine, b.engine)
    await b.engine.commit([del(there, itemOf('x', 1))])
    await replicate(b.engine, a.engine)
    expect(itemAt(a.engine, table, itemOf('x', 1))).toBeUndefined()
    expect(a.engine.size(table)).toEqual({ items: 0, bytes: 0 })
    await a.engine.commit([put(table, itemOf('x', 1))])
    await replicate(a.engine, b.engine)
    expect(contents(a.engine)).toEqual(contents(b.engine))
    expect([...a.engine.conflicts(0, 10), ...b.engine.conflicts(0, 10)]).toEqual([])
  })

  it('writes after what it has seen, however far behind its own clock is', async () => {
    const { a, b, table, there } = await twoRegions()
    a.clock.wall += 400
    await a.engine.commit([put(table, itemOf('x', 1))])
    await replicate(a.engine, b.engine)
    await b.engine.commit([put(there, itemOf('x', 1, { v: { S: 'later' } }))])
    await replicate(b.engine, a.engine)
    expect(itemAt(a.engine, table, itemOf('x', 1))).toMatchObject({ v: { S: 'later' } })
    expect(a.engine.conflicts(0, 10)).toEqual([])
  })

  it('holds what is stamped beyond the drift bound, with all that follows, until its time has come', async () => {
    const { a, b, table, there } = await twoRegions()
    await a.engine.commit([put(table, itemOf('x', 1))])
    a.clock.wall += 60_000
    await a.engine.commit([put(table, itemOf('x', 2))])
    const held = a.engine.flushed()
    a.clock.wall -= 60_000
    await a.engine.commit([put(table, itemOf('x', 3))])
    const cursor = b.engine.cursor(us)?.position ?? 0
    const batch = batchFrom(a.engine, cursor)
    const result = await b.engine.apply(batch, 1)
    expect(result).toMatchObject({ applied: 'held', cursor: held - 1, until: { wallMs: a.clock.wall + 60_000 } })
    expect(b.engine.clock().wallMs).toBeLessThan(b.clock.wall + 500)
    expect(b.engine.size(there).items).toBe(1)
    b.clock.wall += 59_600
    expect(await b.engine.apply(batch, 1)).toMatchObject({ applied: 'all', won: 2 })
    expect(contents(b.engine)).toEqual(contents(a.engine))
  })

  it('sets aside what cannot be right, says so, and applies the rest', async () => {
    const { a, b, table, there } = await twoRegions()
    const good = { ...itemOf('x', 1), color: { S: 'red' } }
    await a.engine.commit([put(table, good)])
    const cursor = b.engine.cursor(us)?.position ?? 0
    const batch = batchFrom(a.engine, cursor)
    const row = batch.changes[0]?.row ?? Buffer.alloc(0)
    const { stamp } = decodeRow(row)
    const wrong: Partial<BatchChange>[] = [
      { row: Buffer.from('garbage') },
      { row: withRow(row, { body: Buffer.from('no json') }) },
      { row: withRow(row, { body: Buffer.from('{"pk":{"S":"x"},"sk":{"N":"abc"}}') }) },
      { row: withRow(row, { body: Buffer.from('{"pk":{"S":"x"}}') }) },
      { row: withRow(row, { body: Buffer.from('{"pk":{"S":"x"},"sk":{"N":"1"},"l":{"L":[{"X":1}]}}') }) },
      { row: withRow(row, { itemSizeBytes: 3 }) },
      { row: withRow(row, { stamp: { ...stamp, region: 3 } }) },
      { row: withRow(row, { seen: [{ ...stamp, wallMs: stamp.wallMs + 1, region: 3 }] }) },
      { key: encodePrimaryKey(table.key, itemOf('y', 1)) },
      { kind: 'register', key: Buffer.from('definition'), row: withRow(row, { body: Buffer.from('{"name":5}') }) },
      { kind: 'register', key: Buffer.from('local/status') },
      { kind: 'register', key: Buffer.from('index/gone'), row: withRow(row, { tombstone: true }) },
    ]
    for (const each of wrong) {
      await b.engine.setCursor(us, { epoch: a.engine.epoch, position: cursor, sequence: 0 })
      const proof = { at: batch.changes[0]?.position ?? 0, of: 'w1.0' }
      expect(await b.engine.apply({ ...changeOf(batch, each), proof }, 1)).toMatchObject({
        applied: 'all',
        won: 0,
        cursor: batch.upTo,
        setAside: [expect.any(Number)],
      })
      // What the origin may never have made proves no place in its log.
      expect(b.engine.cursor(us)?.proof).toBeUndefined()
    }
    expect(contents(b.engine)).toEqual([])
    expect(b.engine.setAside(0, 100).map(({ reason }) => reason)).toHaveLength(wrong.length)
    expect(b.engine.setAside(0, 100)[0]).toMatchObject({ origin: us, table: table.id, reason: 'not a row' })
    expect(b.logged.filter((event) => event === 'set a peer’s change aside')).toHaveLength(wrong.length)
    await b.engine.setCursor(us, { epoch: a.engine.epoch, position: cursor, sequence: 0 })
    await b.engine.apply(batch, 1)
    expect(itemAt(b.engine, there, good)).toEqual(good)
  })

  it('passes over items of tables that it has no replica of, and learns of the tables', async () => {
    const a = await openRegion(us)
    const c = await openRegion(ap)
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
    await a.engine.commit([put(table, itemOf('x', 1))])
    await replicate(a.engine, c.engine)
    expect(c.engine.tables()).toEqual([])
    expect(c.engine.knownTables()).toEqual([table.id])
    expect(c.engine.rows(table.id, undefined, 10, 1e6)).toEqual([])
    expect(c.engine.registers(table.id).map(({ key }) => key.toString())).toEqual(
      ['definition', `identity/${us}`, `replica/${eu}`, `replica/${us}`].toSorted(),
    )
  })

  it('merges registers one by one, so two regions may change different settings at once', async () => {
    const { a, b, table } = await twoRegions()
    const ttl = { attribute: 'expires', enabled: true }
    await a.engine.define(table.id, [{ register: 'settings/time-to-live', value: ttl }])
    await b.engine.define(table.id, [{ register: 'settings/table-class', value: 'STANDARD_INFREQUENT_ACCESS' }])
    await Promise.all([replicate(a.engine, b.engine), replicate(b.engine, a.engine)])
    const expected = { timeToLive: ttl, tableClass: 'STANDARD_INFREQUENT_ACCESS' }
    expect(a.engine.tableNamed('T')?.settings).toMatchObject(expected)
    expect(b.engine.tableNamed('T')?.settings).toMatchObject(expected)
  })

  it('never sends what is local to a region', async () => {
    const { a, b, table } = await twoRegions()
    await a.engine.define(table.id, [
      { register: 'local/tags', value: { team: 'a' } },
      { register: 'local/deletion-protection', value: true },
    ])
    await replicate(a.engine, b.engine)
    expect(b.engine.tableNamed('T')?.settings).toMatchObject({ tags: {}, deletionProtection: false })
    expect(a.engine.registers(table.id).every(({ key }) => !key.toString().startsWith('local/'))).toBe(true)
  })
})

describe('merge', () => {
  it('brings a snapshot over, tombstones too, and nothing of it twice', async () => {
    const { a, b, table } = await twoRegions()
    for (let n = 0; n < 20; n++) await a.engine.commit([put(table, itemOf('x', n))])
    for (let n = 0; n < 5; n++) await a.engine.commit([del(table, itemOf('x', n))])
    for (let after: Buffer | undefined; ;) {
      const chunk = a.engine.rows(table.id, after, 7, 1e6)
      if (chunk.length === 0) break
      await b.engine.merge(table.id, chunk)
      after = chunk.at(-1)?.key
    }
    expect(contents(b.engine)).toEqual(contents(a.engine))
    const position = b.engine.flushed()
    await b.engine.merge(table.id, a.engine.rows(table.id, undefined, 100, 1e6))
    expect(b.engine.flushed()).toBe(position)
    expect(b.engine.size(table).items).toBe(15)
  })

  it('brings a table’s registers over', async () => {
    const a = await openRegion(us)
    const c = await openRegion(ap)
    const table = await makeTable(a.engine, 'T', { replicas: [us, ap], indexes: { byColor: {} } })
    await c.engine.mergeRegisters(table.id, a.engine.registers(table.id))
    await c.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    expect(c.engine.tableNamed('T')).toMatchObject({
      id: table.id,
      indexes: [{ name: 'byColor', number: 1, status: 'CREATING' }],
    })
  })

  it('waits for the time of a row that is stamped beyond the drift bound', async () => {
    const { a, b, table } = await twoRegions()
    a.clock.wall += 60_000
    await a.engine.commit([put(table, itemOf('x', 1))])
    let merged = false
    const merging = b.engine.merge(table.id, a.engine.rows(table.id, undefined, 10, 1e6)).then(() => (merged = true))
    for (let n = 0; n < 5; n++) await b.clock.sleep()
    expect(merged).toBe(false)
    b.clock.wall += 60_000
    await merging
    expect(contents(b.engine)).toEqual(contents(a.engine))
  })

  it('gives back a row whose time does not come soon, so that the peer can be asked again and a stop does not wait', async () => {
    const { a, b, table } = await twoRegions()
    a.clock.wall += 60_000
    await a.engine.commit([put(table, itemOf('x', 1))])
    const merging = b.engine.merge(table.id, a.engine.rows(table.id, undefined, 10, 1e6))
    b.clock.monotonic += 10_000
    await expect(merging).rejects.toThrow('ahead of this region')
    expect(b.engine.rows(table.id, undefined, 10, 1e6)).toEqual([])
  })
})

describe('a table made again under the same name', () => {
  it('is another table', async () => {
    const { engine } = await openRegion(us)
    const first = await makeTable(engine, 'T')
    await engine.commit([put(first, itemOf('x', 1))])
    await engine.define(first.id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }])
    await engine.removeTable(first.id)
    expect(engine.tables()).toEqual([])
    await engine.define('another', tableEdits('T'))
    const second = engine.tableNamed('T')
    expect(second?.number).toBeGreaterThan(first.number)
    expect(engine.rows('another', undefined, 10, 1e6)).toEqual([])
  })
})
