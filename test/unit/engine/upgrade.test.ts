/** Stores of earlier formats are brought up to this one when they are opened, whatever is killed meanwhile. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { Change } from '../../../src/core/change/change.ts'
import { decodeRow } from '../../../src/core/item/row.ts'
import type { Write } from '../../../src/core/write/write.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { ForeignStore, wholeOf } from '../../../src/engine/store/identity.ts'
import {
  countsKey,
  headKey,
  identityKey,
  logKey,
  oldCounts,
  oldHeadKey,
  rowKey,
} from '../../../src/engine/store/keys.ts'
import { checkIndexes, checkLog } from './books.ts'
import { asFormat2 } from './format-2.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames

async function downgraded(store: MemoryStore, more: Readonly<Record<string, unknown>>): Promise<void> {
  await asFormat2(store)
  const identity = JSON.parse(String(store.get(identityKey))) as object
  await store.write([{ key: identityKey, value: Buffer.from(JSON.stringify({ ...identity, ...more })) }])
}

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
})

it('a store of a later format is left alone', async () => {
  const store = new MemoryStore()
  await (await openRegion(us, store)).engine.close()
  const identity = { ...(JSON.parse(String(store.get(identityKey))) as Parameters<typeof wholeOf>[0]), format: 4 }
  const later = JSON.stringify({ ...identity, whole: wholeOf(identity) })
  await store.write([{ key: identityKey, value: Buffer.from(later) }])
  await expect(openRegion(us, store)).rejects.toThrow(ForeignStore)
  await expect(openRegion(us, store)).rejects.toThrow('the data has format 4')
})

async function asFormat1(store: MemoryStore, table: number): Promise<void> {
  const oldCountsKey = Buffer.from(countsKey(table))
  oldCountsKey[0] = 0x70
  await downgraded(store, { format: 1 })
  await store.write([
    { key: oldHeadKey, value: store.get(headKey) },
    { key: headKey, value: undefined },
    { key: oldCountsKey, value: store.get(countsKey(table)) },
    { key: countsKey(table), value: undefined },
  ])
}

/** Commits of one to five writes, of this region or of its peer. */
const history = fc.array(
  fc.record({
    foreign: fc.boolean(),
    writes: fc.uniqueArray(fc.record({ sk: fc.nat(9), gone: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
      selector: ({ sk }) => sk,
    }),
  }),
  { maxLength: 12 },
)

type Commits = typeof history extends fc.Arbitrary<infer Value> ? Value : never

/** A region with an index and a stream with old images, whose peer writes as well. */
async function written(commits: Commits, disk = new MemoryDisk()): Promise<MemoryStore> {
  const store = new MemoryStore({ disk })
  const [own, peer] = [(await openRegion(us, store)).engine, (await openRegion(eu)).engine]
  const stream = { register: 'settings/stream', value: { enabled: true, viewType: 'NEW_AND_OLD_IMAGES', label: 'l' } }
  const options = { replicas: [us, eu], indexes: { 'by-color': {} }, more: [stream] } as const
  const tables = [await makeTable(own, 'T', options), await makeTable(peer, 'T', options)] as const
  await makeTable(own, 'alone')
  for (const { foreign, writes } of commits) {
    const [engine, table] = foreign ? [peer, tables[1]] : [own, tables[0]]
    const all = writes.map(({ sk, gone }): Write => {
      const item = itemOf('a', sk, { color: { S: `c${sk % 3}` } })
      return gone ? del(table, item) : put(table, item)
    })
    await engine.commit(all)
    if (foreign) await replicate(peer, own)
  }
  await own.setNote('a-note', { of: 'a reader' })
  await Promise.all([own.close(), peer.close()])
  return store
}

const logOf = (engine: Engine): readonly Change[] => engine.readLog(0, 1e6, 1e9)

/** What of a change the old format has too, less what it says of groups that the log holds a part of. */
const keptOf = ({ position, group, cause, table, ownNumber, key, row, previous, unshared }: Change) => ({
  position,
  group,
  cause,
  table,
  ownNumber,
  unshared,
  key: key.toString('hex'),
  row: decodeRow(row),
  previous: previous === undefined ? undefined : decodeRow(previous),
})

it('the log, items and notes of a store of format 2 are the same in this one', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (commits) => {
      const store = await written(commits)
      const before = (await openRegion(us, store)).engine
      const log = logOf(before).map(keptOf)
      await before.close()
      await asFormat2(store)

      const { engine } = await openRegion(us, store)
      const table = engine.tableNamed('T')!
      expect(logOf(engine).map(keptOf)).toEqual(log)
      expect(engine.note('a-note')).toEqual({ of: 'a reader' })
      checkIndexes(engine, table)
      checkLog(engine, table)
      // Times never go back, and are those of the writes.
      const times = logOf(engine).map(({ at }) => at)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      // Each commit is one entry, under the key of its first position.
      for (const { position, group } of logOf(engine))
        expect(store.get(logKey(position)) === undefined).toBe(position !== group)
      await engine.close()
    }),
    { numRuns: 40 },
  )
})

it('an upgrade that is killed at any write loses nothing', async () => {
  const commits = Array.from({ length: 30 }, (_, n) => ({
    foreign: n % 3 === 0,
    writes: [{ sk: n % 10, gone: n % 7 === 6 }, ...(n % 4 === 0 ? [{ sk: (n + 1) % 10, gone: false }] : [])],
  }))
  const store = await written(commits)
  await asFormat2(store)
  const whole = (await openRegion(us, new MemoryStore({ disk: store.disk.copy() }))).engine
  const expected = logOf(whole).map(keptOf)
  let kills = 0
  for (let writes = 0; ; writes++) {
    const disk = store.disk.copy()
    let left = writes
    const failing = new MemoryStore({
      disk,
      durable: async () => {
        if (left-- <= 0) throw new Error('killed')
      },
    })
    const killed = await openRegion(us, failing).then(
      () => false,
      () => true,
    )
    if (!killed) break
    kills++
    const again = (await openRegion(us, new MemoryStore({ disk }))).engine
    expect(logOf(again).map(keptOf)).toEqual(expected)
    checkIndexes(again, again.tableNamed('T')!)
    await again.close()
  }
  // Begun, a step for each kind that has something, and ended.
  expect(kills).toBeGreaterThan(6)
})

it('an upgrade that was begun is not opened by an earlier version, which reads the format first', async () => {
  const store = await written([])
  await asFormat2(store)
  let left = 1
  const failing = new MemoryStore({
    disk: store.disk,
    durable: async () => {
      if (left-- <= 0) throw new Error('killed')
    },
  })
  await expect(openRegion(us, failing)).rejects.toThrow('killed')
  expect(JSON.parse(String(store.get(identityKey)))).toMatchObject({ format: 3, upgradedFrom: 2 })
})

it('rows of format 2 are read as they are, and get a checksum with the next write', async () => {
  const store = await written([{ foreign: false, writes: [{ sk: 1, gone: false }] }])
  await asFormat2(store)
  const { engine } = await openRegion(us, store)
  const table = engine.tableNamed('T')!
  const write = put(table, itemOf('a', 1, { color: { S: 'new' } }))
  const stored = (): Buffer => store.get(rowKey(table.number, write.key))!
  expect(stored()[0]! & 0x3f).toBe(1)
  expect(itemAt(engine, table, itemOf('a', 1))).toEqual(itemOf('a', 1, { color: { S: 'c1' } }))
  await engine.commit([write])
  expect(stored()[0]! & 0x3f).toBe(2)
  expect(itemAt(engine, table, itemOf('a', 1))).toEqual(itemOf('a', 1, { color: { S: 'new' } }))
  checkIndexes(engine, table)
})
