/** What operations cost, in things that can be counted: a change for the worse shows here on every machine, however busy. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Edit, Entry, Range, Store } from '../../../src/ports/store.ts'
import { del, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'
import { inOneTurn } from '../../../src/core/turns.ts'

const [us, eu] = regionNames

class CountingStore implements Store {
  readonly #store = new MemoryStore()
  readonly work = { gets: 0, entries: 0, flushes: 0, edits: 0 }

  get(key: Uint8Array): Buffer | undefined {
    this.work.gets++
    return this.#store.get(key)
  }

  look(key: Uint8Array): Buffer | undefined {
    this.work.gets++
    return this.#store.look(key)
  }

  *entries(range: Range): Generator<Entry> {
    for (const entry of this.#store.entries(range)) {
      this.work.entries++
      yield entry
    }
  }

  *keys(range: Range): Generator<Buffer> {
    for (const { key } of this.entries(range)) yield key
  }

  write(batch: readonly Edit[]): Promise<void> {
    this.work.flushes++
    this.work.edits += batch.length
    return this.#store.write(batch)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** What happens to the store, and what is parsed, while `act` runs. */
async function workOf(store: CountingStore, act: () => unknown) {
  const before = { ...store.work }
  const parse = vi.spyOn(JSON, 'parse')
  await act()
  const { gets, entries, flushes, edits } = store.work
  return {
    gets: gets - before.gets,
    entries: entries - before.entries,
    flushes: flushes - before.flushes,
    edits: edits - before.edits,
    parses: parse.mock.calls.length,
  }
}

function ownPositions(engine: Engine, after: number): { readonly positions: readonly number[]; readonly upTo: number } {
  const positions: number[] = []
  const upTo = engine.visitOwnLog(
    { after, upTo: Infinity, bytesMax: 1e6 },
    ({ position }) => positions.push(position) > 0,
  )
  return { positions, upTo }
}

async function regionWithTable() {
  const store = new CountingStore()
  const { engine } = await openRegion(us, store)
  const table = await makeTable(engine, 'T')
  await engine.commit([put(table, itemOf('warm', 0))])
  return { store, engine, table }
}

const many = (count: number) => Array.from({ length: count }, (_, n) => itemOf('many', n, { v: { S: 'some text' } }))

afterEach(() => void vi.restoreAllMocks())

describe('work', () => {
  it('of a put is one read, and row, log record, counts and head in one flush', async () => {
    const { store, engine, table } = await regionWithTable()
    const work = { gets: 1, entries: 0, flushes: 1, edits: 4, parses: 0 }
    expect(await workOf(store, () => engine.commit([put(table, itemOf('x', 1))]))).toEqual(work)
    expect(await workOf(store, () => engine.commit([put(table, itemOf('x', 1, { v: { S: 'new' } }))]))).toEqual(work)
    expect(await workOf(store, () => engine.commit([del(table, itemOf('x', 1))]))).toEqual(work)
  })

  it('of small puts at once is one flush, with log entry, counts and head once', async () => {
    const { store, engine, table } = await regionWithTable()
    const work = await workOf(store, () => Promise.all(many(25).map((item) => engine.commit([put(table, item)]))))
    expect(work).toEqual({ gets: 25, entries: 0, flushes: 1, edits: 25 + 1 + 2, parses: 0 })
  })

  it('of trimming what they wrote is a key to be looked at, and an edit', async () => {
    const { store, engine, table } = await regionWithTable()
    await engine.trimLog(engine.flushed())
    await Promise.all(many(25).map((item) => engine.commit([put(table, item)])))
    const work = await workOf(store, () => engine.trimLog(engine.flushed()))
    expect(work).toEqual({ gets: 0, entries: 1, flushes: 1, edits: 1 + 1, parses: 0 })
  })

  it('of a transaction is that of its writes', async () => {
    const { store, engine, table } = await regionWithTable()
    const work = await workOf(store, () => engine.commit(many(4).map((item) => put(table, item))))
    expect(work).toEqual({ gets: 4, entries: 0, flushes: 1, edits: 4 + 1 + 2, parses: 0 })
  })

  it('of a read is one get, and nothing is parsed', async () => {
    const { store, engine, table } = await regionWithTable()
    const key = encodePrimaryKey(table.key, itemOf('warm', 0))
    expect(await workOf(store, () => engine.get(table, key))).toMatchObject({ gets: 1, entries: 0, parses: 0 })
  })

  it('of a page is its rows, and nothing is parsed', async () => {
    const { store, engine, table } = await regionWithTable()
    await engine.commit(many(40).map((item) => put(table, item)))
    const range = { from: Buffer.alloc(0), to: Buffer.alloc(1, 0xff) }
    const plan = { table, range, forward: true, limit: 20, countOnly: false, fetchWhole: false }
    const work = await workOf(store, () => inOneTurn(engine.read(plan)))
    expect(work).toMatchObject({ gets: 0, entries: 20, parses: 0 })
  })

  it('of a peer’s batch is one read for each change and no parse, in one flush with the cursor', async () => {
    const from = await openRegion(us)
    const store = new CountingStore()
    const to = await openRegion(eu, store)
    const table = await makeTable(from.engine, 'T', { replicas: [us, eu] })
    await replicate(from.engine, to.engine)
    await to.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    await from.engine.commit([put(table, itemOf('warm', 0))])
    await replicate(from.engine, to.engine)
    await from.engine.commit(many(20).map((item) => put(table, item)))
    const work = await workOf(store, () => replicate(from.engine, to.engine))
    // Beside the rows: the cursor, read and parsed once.
    expect(work).toEqual({ gets: 20 + 1, entries: 0, flushes: 1, edits: 20 + 1 + 3, parses: 1 })
  })

  it('of looking for what leaves the region is nothing for a table that no other has', async () => {
    const { store, engine, table } = await regionWithTable()
    const before = engine.flushed()
    await engine.commit(many(4).map((item) => put(table, item)))
    const work = await workOf(store, () =>
      expect(ownPositions(engine, before)).toEqual({ positions: [], upTo: before + 4 }),
    )
    expect(work).toMatchObject({ gets: 0, entries: 0 })
  })

  it('of looking for own changes is nothing for those of peers', async () => {
    const from = await openRegion(us)
    const store = new CountingStore()
    const to = await openRegion(eu, store)
    const table = await makeTable(from.engine, 'T', { replicas: [us, eu] })
    await replicate(from.engine, to.engine)
    await to.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    const before = to.engine.flushed()
    await from.engine.commit(many(20).map((item) => put(table, item)))
    await replicate(from.engine, to.engine)
    await to.engine.commit([put(table, itemOf('own', 1))])
    await from.engine.commit(many(10).map((item) => put(table, item)))
    await replicate(from.engine, to.engine)
    const found: unknown[] = []
    const work = await workOf(store, () => found.push(ownPositions(to.engine, before)))
    expect(work).toMatchObject({ gets: 1, entries: 0 })
    expect(found).toEqual([{ positions: [before + 21], upTo: before + 31 }])
  })
})
