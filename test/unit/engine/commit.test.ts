import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { StoreFailed, StoreFull } from '../../../src/ports/store.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, startMs } from './region.ts'

/** Writes become durable when the test says so. */
function gated() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  let open = true
  return {
    durable: () =>
      open ? Promise.resolve() : new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
    hold: () => (open = false),
    release: () => {
      open = true
      for (const each of waiting.splice(0)) each.resolve()
    },
    next: () => waiting.shift()?.resolve(),
    fail: (error: Error) => waiting.shift()?.reject(error),
    get waiting() {
      return waiting.length
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('commit', () => {
  it('stores an item, logs it, and counts it', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'T')
    const item = itemOf('a', 1, { color: { S: 'red' } })
    const result = await engine.commit([put(table, item)])
    expect(result).toMatchObject({ accepted: true, position: engine.flushed() })
    expect(itemAt(engine, table, item)).toEqual(item)
    expect(engine.size(table)).toEqual({ items: 1, bytes: 2 + 1 + 2 + 2 + 5 + 3 })
    expect(engine.readLog(0, 100, 1e6).at(-1)).toMatchObject({ cause: 'client', table: table.id, ownNumber: 2 })
  })

  it('shows nothing before it is durable', async () => {
    const gate = gated()
    const { engine } = await openRegion('us-east-1', new MemoryStore({ durable: gate.durable }))
    const table = await makeTable(engine, 'T')
    const before = engine.flushed()
    gate.hold()
    const committed = engine.commit([put(table, itemOf('a', 1))])
    await turn()
    expect(itemAt(engine, table, itemOf('a', 1))).toBeUndefined()
    expect(engine.flushed()).toBe(before)
    expect(engine.readLog(before, 10, 1e6)).toEqual([])
    gate.release()
    await committed
    expect(itemAt(engine, table, itemOf('a', 1))).toBeDefined()
    expect(engine.flushed()).toBe(before + 1)
  })

  it('decides a write on those that are under way', async () => {
    const gate = gated()
    const { engine } = await openRegion('us-east-1', new MemoryStore({ durable: gate.durable }))
    const table = await makeTable(engine, 'T')
    gate.hold()
    const ifAbsent = { op: 'attribute_not_exists', path: ['pk'] } as const
    const results = [1, 2, 3].map(() => engine.commit([put(table, itemOf('a', 1), ifAbsent)]))
    await turn()
    const late = engine.commit([put(table, itemOf('a', 1), ifAbsent)])
    gate.release()
    const accepted = (await Promise.all([...results, late])).map((result) => result.accepted)
    expect(accepted).toEqual([true, false, false, false])
  })

  it('does not answer a refusal before what it was decided on is durable', async () => {
    const gate = gated()
    const { engine } = await openRegion('us-east-1', new MemoryStore({ durable: gate.durable }))
    const table = await makeTable(engine, 'T')
    gate.hold()
    const first = engine.commit([put(table, itemOf('a', 1))])
    const refused = engine.commit([put(table, itemOf('a', 1), { op: 'attribute_not_exists', path: ['pk'] })])
    await turn()
    gate.fail(new StoreFull('no space left'))
    await expect(first).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    await expect(refused).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  })

  it('writes what is decided in one turn as one group, and what comes meanwhile as the next', async () => {
    const gate = gated()
    const { engine } = await openRegion('us-east-1', new MemoryStore({ durable: gate.durable }))
    const table = await makeTable(engine, 'T')
    let flushes = 0
    engine.onFlushed(() => flushes++)
    gate.hold()
    const first = Array.from({ length: 10 }, (_, n) => engine.commit([put(table, itemOf('a', n))]))
    await turn()
    const second = Array.from({ length: 10 }, (_, n) => engine.commit([put(table, itemOf('b', n))]))
    await turn()
    expect(gate.waiting).toBe(1)
    gate.release()
    await Promise.all([...first, ...second])
    expect(flushes).toBe(2)
  })

  it('makes a transaction as a whole or not at all', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'T')
    const before = engine.flushed()
    const refused = await engine.commit([
      put(table, itemOf('a', 1)),
      put(table, itemOf('a', 2), { op: 'attribute_exists', path: ['pk'] }),
    ])
    expect(refused).toMatchObject({ accepted: false, refusals: [undefined, { refused: 'condition' }] })
    expect(engine.flushed()).toBe(before)
    await engine.commit([put(table, itemOf('a', 1)), put(table, itemOf('a', 2)), del(table, itemOf('a', 3))])
    const changes = engine.readLog(before, 10, 1e6)
    expect(changes.map(({ position, group }) => [position - before, group - before])).toEqual([
      [1, 1],
      [2, 1],
    ])
  })

  it('forgets a failed group, and every one that was decided on top of it', async () => {
    const gate = gated()
    const { engine } = await openRegion('us-east-1', new MemoryStore({ durable: gate.durable }))
    const table = await makeTable(engine, 'T')
    const position = engine.flushed()
    gate.hold()
    const first = engine.commit([put(table, itemOf('a', 1))])
    await turn()
    const second = engine.commit([put(table, itemOf('a', 2))])
    gate.fail(new StoreFailed('the disk is gone'))
    const results = await Promise.allSettled([first, second])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    gate.release()
    const third = await engine.commit([put(table, itemOf('a', 3))])
    expect(third).toMatchObject({ accepted: true, position: position + 1 })
    expect([1, 2, 3].map((sk) => itemAt(engine, table, itemOf('a', sk)) !== undefined)).toEqual([false, false, true])
    expect(engine.size(table).items).toBe(1)
  })

  it('removes without a trace in a table of one region, and leaves a tombstone in a global one', async () => {
    const { engine } = await openRegion('us-east-1')
    const lone = await makeTable(engine, 'Lone')
    const global = await makeTable(engine, 'Global', { replicas: ['us-east-1', 'eu-west-1'] })
    for (const table of [lone, global]) {
      await engine.commit([put(table, itemOf('a', 1))])
      await engine.commit([del(table, itemOf('a', 1))])
      expect(itemAt(engine, table, itemOf('a', 1))).toBeUndefined()
      expect(engine.size(table)).toEqual({ items: 0, bytes: 0 })
    }
    expect(engine.rows(lone.id, undefined, 10, 1e6)).toEqual([])
    expect(engine.rows(global.id, undefined, 10, 1e6).length).toBe(1)
  })

  it('finds everything again after a restart', async () => {
    const store = new MemoryStore()
    const { engine } = await openRegion('us-east-1', store)
    const table = await makeTable(engine, 'T')
    for (let n = 0; n < 5; n++) await engine.commit([put(table, itemOf('a', n))])
    await engine.setNote('n', { at: 1 })
    await engine.setCursor('eu-west-1', { epoch: 'e', position: 3, sequence: 4 })
    await engine.close()
    const { engine: again } = await openRegion('us-east-1', new MemoryStore({ disk: store.disk }))
    expect(again.epoch).toBe(engine.epoch)
    expect(again.flushed()).toBe(engine.flushed())
    expect(again.tableNamed('T')).toEqual(table)
    expect(again.size(table).items).toBe(5)
    expect(again.note('n')).toEqual({ at: 1 })
    expect(again.cursor('eu-west-1')).toEqual({ epoch: 'e', position: 3, sequence: 4 })
    expect(again.readLog(0, 100, 1e6)).toEqual(engine.readLog(0, 100, 1e6))
  })

  it('refuses the store of another region', async () => {
    const store = new MemoryStore()
    await openRegion('us-east-1', store)
    await expect(openRegion('eu-west-1', store)).rejects.toThrow('that of us-east-1')
  })

  it('never gives a stamp twice nor an older one, whatever the wall clock does', async () => {
    const store = new MemoryStore()
    const { engine, clock } = await openRegion('us-east-1', store)
    const table = await makeTable(engine, 'T')
    await engine.commit([put(table, itemOf('a', 1))])
    clock.wall = startMs - 3_600_000
    await engine.commit([put(table, itemOf('a', 2))])
    const { engine: again, clock: clockAgain } = await openRegion('us-east-1', store.crash())
    clockAgain.wall = startMs - 7_200_000
    await again.commit([put(table, itemOf('a', 3))])
    const stamps = again.readLog(0, 100, 1e6).map(({ row }) => row.subarray(1, 9).toString('hex'))
    expect(stamps).toEqual([...new Set(stamps)].toSorted())
  })

  it('says that a table is not there when it is being deleted', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'T')
    await engine.define(table.id, [{ register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }])
    await expect(engine.commit([put(table, itemOf('a', 1))])).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    })
  })

  it('answers everybody under way before it closes, and nobody after', async () => {
    const { engine } = await openRegion('us-east-1')
    const table = await makeTable(engine, 'T')
    const last = engine.commit([put(table, itemOf('a', 1))])
    await engine.close()
    expect(await last).toMatchObject({ accepted: true })
    await expect(engine.commit([put(table, itemOf('a', 2))])).rejects.toThrow('closed')
    expect(engine.get(table, encodePrimaryKey(table.key, itemOf('a', 1)))).toBeDefined()
  })
})

describe('a broken invariant', () => {
  it('stops the engine before anything half-done is flushed', async () => {
    const store = new MemoryStore()
    const broken: Error[] = []
    const { engine } = await openRegion('us-east-1', store, { onBrokenInvariant: (error) => void broken.push(error) })
    const table = await makeTable(engine, 'T')
    const before = engine.flushed()
    const bad = { ...put(table, itemOf('a', 2)), key: Buffer.alloc(0) }
    await expect(engine.commit([put(table, itemOf('a', 1)), bad])).rejects.toThrow('a key has 1 to 65,535 bytes')
    await expect(engine.commit([put(table, itemOf('a', 3))])).rejects.toThrow()
    await turn()
    expect(broken.length).toBe(1)
    const { engine: again } = await openRegion('us-east-1', store.crash())
    expect(again.flushed()).toBe(before)
    expect(again.size(table).items).toBe(0)
  })
})
