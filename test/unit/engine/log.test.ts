import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { copyChange, sharedEntryBytesMax } from '../../../src/core/change/record.ts'
import { proofByChange } from '../../../src/core/change/proof.ts'
import { stepRowsMax } from '../../../src/core/limits/limits.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { logKey } from '../../../src/engine/store/keys.ts'
import type { Edit } from '../../../src/ports/store.ts'
import { batchFrom, itemOf, makeTable, openRegion, put, regionNames, replicate } from './region.ts'

const [us, eu] = regionNames

async function regionWithTable(store = new MemoryStore()) {
  const { engine, clock } = await openRegion(us, store)
  const table = await makeTable(engine, 'T', { replicas: [us, eu] })
  const transaction = async (...sks: readonly number[]): Promise<void> =>
    void (await engine.commit(sks.map((sk) => put(table, itemOf('p', sk)))))
  return { store, engine, clock, table, transaction }
}

function visited(engine: Engine, after: number, upTo = engine.flushed(), bytesMax = 1e6): number[] {
  const positions: number[] = []
  const end = engine.visitOwnLog({ after, upTo, bytesMax }, ({ position }) => positions.push(position) > 0)
  expect(end).toBe(positions.at(-1) ?? after)
  return positions
}

const keysIn = (store: MemoryStore, from: number, to: number): number[] =>
  [...store.keys({ from: logKey(from), to: logKey(to + 1) })].map((key) => Number(key.readBigUInt64BE(1)))

it('a log in which a record is missing is not read past it as if nothing were', async () => {
  const { store, engine, transaction } = await regionWithTable()
  const before = engine.flushed()
  for (const n of [1, 2, 3]) await transaction(n)
  expect(visited(engine, before)).toEqual([before + 1, before + 2, before + 3])
  store.disk.map.delete(logKey(before + 2))
  expect(() => visited(engine, before)).toThrow('contiguous')
})

describe('small writes at once', () => {
  const large = { v: { S: 'x'.repeat(sharedEntryBytesMax / 2) } }

  it('share an entry of the log, which is read from any of its positions on', async () => {
    const { store, engine, table } = await regionWithTable()
    const before = engine.flushed()
    await Promise.all([1, 2, 3].map((sk) => engine.commit([put(table, itemOf('p', sk))])))
    expect(keysIn(store, before + 1, before + 3)).toEqual([before + 1])
    for (let n = 0; n <= 3; n++) {
      const rest = [1, 2, 3].slice(n).map((each) => before + each)
      expect(visited(engine, before + n)).toEqual(rest)
      const read = engine.readLog(before + n, 100, 1e6)
      expect(read.map(({ position }) => position)).toEqual(rest)
      // Each is a commit of its own all the same.
      expect(read.map(({ group }) => group)).toEqual(rest)
    }
  })

  it('share one in the log of a peer too', async () => {
    const { engine, table } = await regionWithTable()
    const store = new MemoryStore()
    const { engine: peer } = await openRegion(eu, store)
    await replicate(engine, peer)
    await peer.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    const before = peer.flushed()
    await Promise.all([1, 2, 3].map((sk) => engine.commit([put(table, itemOf('p', sk))])))
    await replicate(engine, peer)
    expect(keysIn(store, before + 1, peer.flushed())).toEqual([before + 1])
    const read = peer.readLog(before, 100, 1e6)
    expect(read.map(({ group }) => group - before)).toEqual([1, 2, 3])
    expect(new Set(read.map(({ origin }) => origin?.region))).toEqual(new Set([us]))
  })

  it('of another moment, in transactions, or too large, have entries of their own', async () => {
    const { store, engine, clock, table } = await regionWithTable()
    const before = engine.flushed()
    const writes = [
      engine.commit([put(table, itemOf('p', 1))]),
      engine.commit([put(table, itemOf('p', 2)), put(table, itemOf('p', 3))]),
      engine.commit([put(table, itemOf('p', 4))]),
    ]
    clock.wall += 1
    writes.push(engine.commit([put(table, itemOf('p', 5))]))
    for (const sk of [6, 7, 8]) writes.push(engine.commit([put(table, itemOf('p', sk, large))]))
    await Promise.all(writes)
    expect(keysIn(store, before + 1, before + 8).map((each) => each - before)).toEqual([1, 2, 4, 5, 7, 8])
    const changes = engine.readLog(before, 100, 1e6)
    expect(changes.map(({ group }) => group - before)).toEqual([1, 2, 2, 4, 5, 6, 7, 8])
    expect(changes.map(({ at }) => at - (changes[0]?.at ?? 0))).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
  })

  it('of a table that no other region has share none with those that leave', async () => {
    const { store, engine, table } = await regionWithTable()
    const alone = await makeTable(engine, 'alone')
    const before = engine.flushed()
    await Promise.all([table, table, alone, alone].map((each, sk) => engine.commit([put(each, itemOf('p', sk))])))
    expect(keysIn(store, before + 1, before + 4).map((each) => each - before)).toEqual([1, 3])
    expect(visited(engine, before, before + 2)).toEqual([before + 1, before + 2])
  })

  it('are gone together where the store refuses them, and what follows has its own entry', async () => {
    const store = new RefusingStore()
    const { engine, table } = await regionWithTable(store)
    const before = engine.flushed()
    store.refuses = true
    await Promise.allSettled([1, 2].map((sk) => engine.commit([put(table, itemOf('p', sk))])))
    store.refuses = false
    await engine.commit([put(table, itemOf('p', 3))])
    expect(engine.readLog(before, 100, 1e6).map(({ position }) => position)).toEqual([before + 1])
    expect(keysIn(store, before + 1, before + 3)).toEqual([before + 1])
  })
})

describe('a transaction', () => {
  it('is one entry of the log, which is read from any of its positions on', async () => {
    const { store, engine, transaction } = await regionWithTable()
    const before = engine.flushed()
    await transaction(1)
    await transaction(1, 2, 3, 4)
    await transaction(5)
    const all = [1, 2, 3, 4, 5, 6].map((n) => before + n)
    expect(keysIn(store, before + 1, before + 6)).toEqual([before + 1, before + 2, before + 6])
    expect(engine.readLog(before, 100, 1e6).map(({ group }) => group - before)).toEqual([1, 2, 2, 2, 2, 6])
    for (let n = 0; n <= 6; n++) {
      expect(engine.readLog(before + n, 100, 1e6).map(({ position }) => position)).toEqual(all.slice(n))
      expect(visited(engine, before + n)).toEqual(all.slice(n))
      expect(visited(engine, before, before + n)).toEqual(all.slice(0, n))
      expect(engine.readLog(before, n, 1e6)).toHaveLength(n)
    }
    expect(visited(engine, before + 2, before + 4)).toEqual([before + 3, before + 4])
    // At least one, however few bytes are asked for.
    expect(visited(engine, before + 2, before + 6, 1)).toEqual([before + 3])
    expect(engine.readLog(before + 2, 100, 1)).toHaveLength(1)
  })

  it('is visited where it lies, also by a visitor that asks the engine meanwhile', async () => {
    const { engine, table, transaction } = await regionWithTable()
    const before = engine.flushed()
    await transaction(1, 2, 3)
    const copies: unknown[] = []
    engine.visitOwnLog({ after: before, upTo: engine.flushed(), bytesMax: 1e6 }, (head, entry) => {
      copies.push(copyChange(head, entry))
      // What was lent is gone with the next question.
      engine.rows(table.id, undefined, 10, 1e6)
      engine.get(table, Buffer.from('none'))
      return true
    })
    expect(copies).toEqual(engine.readLog(before, 100, 1e6))
  })

  it('proves each of its places, and no other log does', async () => {
    const { engine, transaction } = await regionWithTable()
    const before = engine.flushed()
    await transaction(1, 2, 3)
    for (const change of engine.readLog(before, 100, 1e6)) {
      const proof = proofByChange(change)
      expect(engine.lineage.proves(proof)).toBe('same')
      expect(engine.lineage.proves({ ...proof, of: 'w1.1' })).toBe('other')
      expect(engine.lineage.proves({ ...proof, at: engine.flushed() + 1 })).toBe('other')
    }
  })

  it('stays together in the log of a replica, which names the log that it came from', async () => {
    const { engine, transaction } = await regionWithTable()
    const store = new MemoryStore()
    const { engine: peer } = await openRegion(eu, store)
    await replicate(engine, peer)
    await makeTable(peer, 'T', { replicas: [us, eu] })
    const before = peer.flushed()
    await transaction(1, 2, 3)
    await transaction(4)
    await replicate(engine, peer)
    const changes = peer.readLog(before, 100, 1e6)
    expect(changes.map(({ group }) => group - before)).toEqual([1, 1, 1, 4])
    expect(keysIn(store, before + 1, before + 4)).toEqual([before + 1, before + 4])
    for (const { cause, origin } of changes) {
      expect(cause).toBe('replica')
      expect(origin).toEqual({ region: us, epoch: engine.epoch })
    }
    expect(engine.readLog(0, 100, 1e6).every(({ origin }) => origin === undefined)).toBe(true)
  })

  it('is applied from where a cursor stands within it', async () => {
    const { engine, transaction } = await regionWithTable()
    const { engine: peer } = await openRegion(eu)
    await replicate(engine, peer)
    await makeTable(peer, 'T', { replicas: [us, eu] })
    await transaction(1, 2, 3)
    const { changes, ...batch } = batchFrom(engine, peer.cursor(us)?.position ?? 0)
    const [first] = changes
    await peer.apply({ ...batch, upTo: first!.position, changes: [first!] }, 0)
    const before = peer.flushed()
    await peer.apply({ ...batch, changes }, 0)
    expect(peer.readLog(before, 100, 1e6).map(({ group }) => group - before)).toEqual([1, 1])
  })
})

it('registers that are defined together are one entry', async () => {
  const { store, engine } = await regionWithTable()
  expect(keysIn(store, 1, engine.flushed())).toEqual([1])
  expect(new Set(engine.readLog(0, 100, 1e6).map(({ group }) => group))).toEqual(new Set([1]))
})

it('the time of an entry never goes back, whatever the clock does', async () => {
  const { engine, clock, transaction } = await regionWithTable()
  const before = engine.flushed()
  const times: number[] = []
  for (const step of [0, 1000, -5000, 1, 60_000]) {
    clock.wall += step
    await transaction(1)
    times.push(clock.wall)
  }
  const at = engine.readLog(before, 100, 1e6).map((change) => change.at)
  expect(at).toEqual(times.map((_, n) => Math.max(...times.slice(0, n + 1))))
})

describe('trimming', () => {
  it('takes whole entries, and leaves one of which a part is still needed', async () => {
    const { store, engine, transaction } = await regionWithTable()
    const before = engine.flushed()
    await transaction(1, 2)
    await transaction(3, 4, 5)
    await transaction(6)
    for (const [upTo, oldest] of [
      [before, before + 1],
      [before + 1, before + 1],
      [before + 2, before + 3],
      [before + 4, before + 3],
      [before + 5, before + 6],
      [before + 9, before + 7],
    ] as const) {
      await engine.trimLog(upTo)
      expect([upTo, engine.oldest()]).toEqual([upTo, oldest])
    }
    expect(keysIn(store, 0, before + 6)).toEqual([])
    await transaction(7)
    expect(engine.readLog(0, 100, 1e6).map(({ position }) => position)).toEqual([before + 7])
  })

  it('does so in steps, and does not read what it removes', async () => {
    const { store, engine, table } = await regionWithTable()
    for (let n = 0; n < 2 * stepRowsMax + 10; n++) void engine.commit([put(table, itemOf('p', n))])
    await engine.commit([put(table, itemOf('p', 0)), put(table, itemOf('p', 1))])
    const [first, last] = [engine.oldest(), engine.flushed()]
    store.disk.map.set(logKey(first), Buffer.from('damaged'))
    store.disk.map.set(logKey(last - 1), Buffer.from('damaged'))
    await engine.trimLog(last - 1)
    expect(engine.oldest()).toBe(last - 1)
    await engine.trimLog(last)
    expect(engine.oldest()).toBe(last + 1)
    expect(keysIn(store, 0, last)).toEqual([])
  })
})

class RefusingStore extends MemoryStore {
  refuses = false

  override async write(batch: readonly Edit[]): Promise<void> {
    if (this.refuses) throw new Error('refused')
    await super.write(batch)
  }
}
