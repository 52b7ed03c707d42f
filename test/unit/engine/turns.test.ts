/** Work of one turn of the event loop, counted: what is read of the store between two moments at which others have their turn. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import {
  applyChangesMax,
  conflictAgeMsMax,
  conflictsToldBytesMax,
  mergeRowsMax,
  pageTurnWorkMax,
  registersLoadedAtOnceMax,
  stepBytesMax,
  stepRowsMax,
  tableChangesToldMax,
  verifyRangeRowsMax,
} from '../../../src/core/limits/limits.ts'
import type { Condition } from '../../../src/core/expression/condition.ts'
import { wholeRange } from '../../../src/core/key/key-range.ts'
import type { ReadPlan } from '../../../src/core/read/read-plan.ts'
import { inOneTurn, type Turns } from '../../../src/core/turns.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { ReadingEngine } from '../../../src/engine/reading-engine.ts'
import type { Edit, Entry, Range, Store } from '../../../src/ports/store.ts'
import { digestForPeer, digestOfRange } from '../../../src/readers/replication/compare/range-digests.ts'
import { attributeNamed, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames
const megabyte = 1024 * 1024

/** Counts what is read in each turn. */
class CountingStore extends MemoryStore {
  most = { reads: 0, bytes: 0 }
  mostWritten = 0
  #reads = 0
  #bytes = 0
  #watched = false

  override get(key: Uint8Array): Buffer | undefined {
    const value = super.get(key)
    this.#count(value?.length ?? 0)
    return value
  }

  override *entries(range: Range): Iterable<Entry> {
    for (const entry of super.entries(range)) {
      this.#count(entry.value.length)
      yield entry
    }
  }

  override write(edits: readonly Edit[]): Promise<void> {
    this.mostWritten = Math.max(this.mostWritten, edits.length)
    return super.write(edits)
  }

  begin(): void {
    this.#reads = this.#bytes = 0
    this.mostWritten = 0
    this.most = { reads: 0, bytes: 0 }
  }

  #count(bytes: number): void {
    if (!this.#watched) {
      this.#watched = true
      setImmediate(() => {
        this.#watched = false
        this.#reads = this.#bytes = 0
      })
    }
    this.#reads++
    this.#bytes += bytes
    this.most = { reads: Math.max(this.most.reads, this.#reads), bytes: Math.max(this.most.bytes, this.#bytes) }
  }
}

async function filled(store: Store, rows: number, text: string): Promise<{ engine: Engine; id: string }> {
  const { engine } = await openRegion(us, store)
  const table = await makeTable(engine, 'T', { indexes: { byColor: {} } })
  for (let n = 0; n < rows; n++) void engine.commit([put(table, itemOf('a', n, { text: { S: text } }))])
  await engine.commit([put(table, itemOf('a', rows, { text: { S: text } }))])
  return { engine, id: table.id }
}

async function turnByTurn<Result>(work: Turns<Result>): Promise<Result> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

describe('one turn reads no more than a step', () => {
  it('of large rows when a table is removed or an index filled', async () => {
    const store = new CountingStore()
    const { engine, id } = await filled(store, 60, 'x'.repeat(200 * 1024))
    const [index] = engine.tableWithId(id)?.indexes ?? []
    if (index === undefined) throw new Error('no index')
    store.begin()
    await engine.backfill(id, index.number)
    // What is read to be found is read once more as it is when its turn comes.
    expect(store.most.bytes).toBeLessThan(3 * stepBytesMax)
    store.begin()
    await engine.define(id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }])
    await engine.removeTable(id)
    expect(store.most.bytes).toBeLessThan(3 * stepBytesMax)
    expect(engine.tables()).toEqual([])
  })

  it('of a page of many tiny items, the fewer the more its filter asks of each', async () => {
    const store = new CountingStore()
    const { engine, id } = await filled(store, 7000, 'x')
    const table = engine.tableWithId(id)
    if (table === undefined) throw new Error('no table')
    const plan: ReadPlan = { table, range: wholeRange, forward: true, countOnly: false, fetchWhole: false }
    store.begin()
    const page = await turnByTurn(engine.read(plan))
    expect([page.count, page.items.length, page.lastItem]).toEqual([7001, 7001, undefined])
    expect(store.most.reads).toBeLessThan(pageTurnWorkMax + 10)
    const never = { op: 'attribute_exists', path: ['never'] } as const
    store.begin()
    const filter: Condition = { op: 'or', of: Array.from({ length: 300 }, () => never) }
    const none = await turnByTurn(engine.read({ ...plan, forward: false, filter }))
    expect(none).toMatchObject({ count: 0, scannedCount: 7001 })
    expect(store.most.reads).toBeLessThan(pageTurnWorkMax / 10)
  })

  it('of a page whose table goes meanwhile: it ends where it was, with a token', async () => {
    const { engine, id } = await filled(new MemoryStore(), 4000, 'x')
    const table = engine.tableWithId(id)
    if (table === undefined) throw new Error('no table')
    const read = engine.read({ table, range: wholeRange, forward: true, countOnly: false, fetchWhole: false })
    expect(read.next().done).toBe(false)
    await engine.define(id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }])
    await engine.removeTable(id)
    const page = inOneTurn(read)
    expect(page.count).toBeGreaterThan(1000)
    expect(page.lastItem).toEqual(page.items.at(-1))
  })

  it('of many rows of a peer that are merged', async () => {
    const store = new CountingStore()
    const { engine, id } = await filled(new MemoryStore(), 1900, 'x')
    const rows = engine.rows(id, undefined, 2048, 8 * megabyte)
    const { engine: other } = await openRegion(eu, store)
    const table = await makeTable(other, 'T')
    store.begin()
    await other.merge(table.id, rows)
    expect(other.size(table).items).toBe(1901)
    expect(store.most.reads).toBeLessThan(4 * mergeRowsMax)
    expect(stepRowsMax).toBeLessThanOrEqual(mergeRowsMax)
  })

  it('of rows of a peer that are merged into a table with 20 indexes, or removed from it', async () => {
    const store = new CountingStore()
    const { engine, id } = await filled(new MemoryStore(), 800, 'x')
    const rows = engine.rows(id, undefined, 2048, 8 * megabyte)
    const { engine: other } = await openRegion(eu, store)
    const indexes = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        `i${n}`,
        { id: `i${n}`, key: { partition: [attributeNamed('pk')], sort: [] } },
      ]),
    )
    const table = await makeTable(other, 'T', { indexes })
    store.begin()
    await other.merge(table.id, rows)
    expect(other.size(other.tableWithId(table.id) ?? table, table.indexes[7]).items).toBe(801)
    expect(store.mostWritten).toBeLessThan(1.2 * applyChangesMax)
    store.begin()
    await other.emptyTable(table.id)
    expect(other.size(table).items).toBe(0)
    expect(store.mostWritten).toBeLessThan(1.2 * applyChangesMax)
  })

  it('of the tables, when a region starts', async () => {
    const disk = new MemoryDisk()
    const { engine } = await openRegion(us, new MemoryStore({ disk }))
    await Promise.all(Array.from({ length: 1000 }, (_, n) => makeTable(engine, `T${n}`)))
    await engine.close()
    const store = new CountingStore({ disk })
    store.begin()
    const { engine: again } = await openRegion(us, store)
    expect(again.tables()).toEqual(engine.tables())
    expect(store.most.reads).toBeLessThan(1.1 * registersLoadedAtOnceMax)
  })

  it('of conflicts, however large they are, and however many are too old to be told', async () => {
    const store = new CountingStore()
    const a = await openRegion(us, store)
    const b = await openRegion(eu)
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
    await replicate(a.engine, b.engine)
    await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    const text = { text: { S: 'x'.repeat(100 * 1024) } }
    for (let sk = 0; sk < 30; sk++)
      await Promise.all([a, b].map(({ engine }) => engine.commit([put(table, itemOf('a', sk, text))])))
    await replicate(b.engine, a.engine)
    store.begin()
    const first = a.engine.conflicts(0, 500)
    expect(store.most.bytes).toBeLessThan(3 * conflictsToldBytesMax)
    let told = first.length
    for (let part = first; part.length > 0; told += part.length)
      part = a.engine.conflicts(part.at(-1)?.number ?? 0, 500)
    expect(told).toBe(30)
    a.clock.wall += conflictAgeMsMax + 1
    store.begin()
    expect(a.engine.conflicts(0, 500)).toEqual([])
    expect(store.most.reads).toBeLessThan(10)
  })

  it('of the tables, when the disk refuses a write', async () => {
    let full = false
    const durable = () => (full ? Promise.reject(new Error('no room')) : Promise.resolve())
    const store = new CountingStore({ durable })
    const { engine } = await openRegion(us, store)
    for (let n = 0; n < 300; n++) await makeTable(engine, `T${n}`)
    const table = engine.tableNamed('T7')
    if (table === undefined) throw new Error('no table')
    const before = engine.tables().length
    full = true
    store.begin()
    await engine.define(table.id, [{ register: 'local/tags', value: { a: 'b' } }]).catch(() => undefined)
    await engine.commit([put(table, itemOf('a', 1))]).catch(() => undefined)
    expect(store.most.reads).toBeLessThan(60)
    full = false
    expect(engine.tableNamed('T7')?.settings.tags).toEqual({})
    await engine.define(table.id, [{ register: 'local/tags', value: { c: 'd' } }])
    expect([engine.tables().length, engine.tableNamed('T7')?.settings.tags]).toEqual([before, { c: 'd' }])
  })

  it('of the tables, when a worker hears of a change of one', async () => {
    const store = new CountingStore()
    const { engine } = await openRegion(us, store)
    for (let n = 0; n < 200; n++) await makeTable(engine, `T${n}`)
    const reading = new ReadingEngine(Object.assign(store, { renew() {} }), engine.region)
    const [table, other] = [engine.tableNamed('T7'), engine.tableNamed('T8')]
    if (table === undefined || other === undefined) throw new Error('no table')
    await engine.define(table.id, [{ register: 'local/tags', value: { a: 'b' } }])
    await engine.removeTable(other.id)
    store.begin()
    reading.renew()
    expect(store.most.reads).toBeLessThan(30)
    expect(reading.tables()).toEqual(engine.tables())
    for (let n = 0; n < 2 * tableChangesToldMax; n++)
      await engine.define(table.id, [{ register: 'local/tags', value: { a: `${n}` } }])
    reading.renew()
    expect(reading.tables()).toEqual(engine.tables())
  })

  it('of a range that a peer compares, and of more than it can have says that they differ', async () => {
    const store = new CountingStore()
    const { engine, id } = await filled(store, 3 * verifyRangeRowsMax, 'x')
    const clock = { wallMs: Number.MAX_SAFE_INTEGER, counter: 0 }
    const whole = { after: undefined, upTo: undefined }
    store.begin()
    const cut = digestForPeer(engine, id, whole, clock)
    expect(store.most.reads).toBeLessThan(3 * verifyRangeRowsMax)
    expect(cut).not.toEqual(digestOfRange(engine, id, whole, clock))
    const upTo = engine.rows(id, undefined, verifyRangeRowsMax, megabyte).at(-1)?.key
    const part = { after: undefined, upTo }
    expect(digestForPeer(engine, id, part, clock)).toEqual(digestOfRange(engine, id, part, clock))
  })
})
