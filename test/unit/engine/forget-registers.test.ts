import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { type Stamp } from '../../../src/core/hybrid-logical-clock/stamp.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { openRegion, startMs } from './region.ts'

const late: Stamp = { wallMs: startMs + 1_000_000, counter: 0, region: 0xffff }
const early: Stamp = { wallMs: startMs - 1, counter: 0, region: 0xffff }
const key = { partition: [{ name: 'id', type: 'S' as const }], sort: [] }

async function makeGlobal(engine: Engine, id: string): Promise<void> {
  await engine.define(id, [
    { register: 'definition', value: { name: id, createdMs: 0, key, attributes: key.partition } },
    { register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } },
    { register: 'replica/us-east-1', value: { status: 'ACTIVE' } },
    { register: 'replica/eu-west-1', value: { status: 'ACTIVE' } },
  ])
}

async function removeEverywhere(engine: Engine, id: string): Promise<void> {
  await engine.removeTable(id)
  await engine.define(id, [
    { register: 'replica/us-east-1', value: undefined },
    { register: 'replica/eu-west-1', value: undefined },
  ])
}

describe('the registers of a table that no region has any more', () => {
  it('are forgotten once every region has them, and leave nothing in the store', async () => {
    const store = new MemoryStore()
    const { engine } = await openRegion('us-east-1', store)
    const keysOf = (): number =>
      [...store.entries({ from: Buffer.alloc(0), to: Buffer.alloc(8, 255) })].filter(({ key: bytes }) =>
        bytes.includes('orders'),
      ).length
    await makeGlobal(engine, 'orders')
    await removeEverywhere(engine, 'orders')
    expect(engine.knownTables()).toEqual(['orders'])
    expect(await engine.forgetRegisters('orders', early)).toBe(0)
    expect(engine.knownTables()).toEqual(['orders'])
    expect(await engine.forgetRegisters('orders', late)).toBeGreaterThan(0)
    expect([engine.knownTables(), keysOf()]).toEqual([[], 0])
  })

  it('stay while a region has a replica, and while the table is still here', async () => {
    const { engine } = await openRegion('us-east-1')
    await makeGlobal(engine, 'orders')
    expect(await engine.forgetRegisters('orders', late)).toBe(0)
    await engine.removeTable('orders')
    await engine.define('orders', [{ register: 'replica/us-east-1', value: undefined }])
    expect(await engine.forgetRegisters('orders', late)).toBe(0)
    expect(engine.knownTables()).toEqual(['orders'])
  })

  it('are forgotten when the only replica left is in a region that has left for good', async () => {
    const { engine } = await openRegion('us-east-1')
    await makeGlobal(engine, 'orders')
    await engine.removeTable('orders')
    await engine.define('orders', [{ register: 'replica/us-east-1', value: undefined }])
    expect(await engine.forgetRegisters('orders', late, ['ap-south-1'])).toBe(0)
    expect(await engine.forgetRegisters('orders', early, ['eu-west-1'])).toBe(0)
    expect(await engine.forgetRegisters('orders', late, ['eu-west-1'])).toBeGreaterThan(0)
    expect(engine.knownTables()).toEqual([])
  })

  it('stay while the table is here, though all others have left', async () => {
    const { engine } = await openRegion('us-east-1')
    await makeGlobal(engine, 'orders')
    expect(await engine.forgetRegisters('orders', late, ['eu-west-1', 'us-east-1'])).toBe(0)
  })

  it('may come back from a peer that still has them, and bring no table with them', async () => {
    const { engine } = await openRegion('us-east-1')
    await makeGlobal(engine, 'orders')
    await removeEverywhere(engine, 'orders')
    const kept = engine.registers('orders')
    await engine.forgetRegisters('orders', late)
    await engine.mergeRegisters('orders', kept)
    expect([engine.tables(), engine.knownTables()]).toEqual([[], ['orders']])
    await engine.forgetRegisters('orders', late)
    expect(engine.knownTables()).toEqual([])
  })
})

it('a deleted index is forgotten once its rows are gone here, whatever becomes of its table', async () => {
  const { engine } = await openRegion('us-east-1')
  await makeGlobal(engine, 'orders')
  const index = { kind: 'global', key, projection: { type: 'ALL' }, settings: {} }
  await engine.define('orders', [
    { register: 'index/kept', value: { id: 'a', ...index } },
    { register: 'index/gone', value: { id: 'b', ...index } },
  ])
  await engine.define('orders', [{ register: 'index/gone', value: { id: 'b', ...index, deleted: true } }])
  expect(await engine.forgetRegisters('orders', late)).toBe(0)
  await engine.define('orders', [{ register: 'local/index/gone', value: undefined }])
  expect(await engine.forgetRegisters('orders', late)).toBe(1)
  const names = engine.registers('orders').map(({ key: name }) => name.toString())
  expect(names.filter((name) => name.startsWith('index/'))).toEqual(['index/kept'])
  expect(engine.tableNamed('orders')?.indexes.map(({ name }) => name)).toEqual(['kept'])
})

describe('an index of which it is forgotten that it was deleted', () => {
  const index = { kind: 'global', key, projection: { type: 'ALL' }, settings: {} }
  const names = (engine: Engine): readonly string[] =>
    engine.registers('orders').flatMap(({ key: name }) => (name.toString().startsWith('index/') ? [String(name)] : []))

  /** Two regions with the table and two indexes, one of which the first has deleted and forgotten. */
  async function scene() {
    const [first, second] = [await openRegion('us-east-1'), await openRegion('eu-west-1')]
    await makeGlobal(first.engine, 'orders')
    await first.engine.define('orders', [
      { register: 'index/gone', value: { id: 'a', ...index } },
      { register: 'index/kept', value: { id: 'b', ...index } },
    ])
    await second.engine.mergeRegisters('orders', first.engine.registers('orders'))
    await second.engine.define('orders', [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    await first.engine.define('orders', [{ register: 'index/gone', value: { id: 'a', ...index, deleted: true } }])
    await first.engine.define('orders', [{ register: 'local/index/gone', value: undefined }])
    first.clock.wall += 1000
    const upTo = { ...first.engine.clock(), region: 0xffff }
    expect(await first.engine.forgetRegisters('orders', upTo)).toBe(1)
    return { first, second, upTo }
  }

  it('does not come back from a region that has not heard of it', async () => {
    const { first, second } = await scene()
    await first.engine.mergeRegisters('orders', second.engine.registers('orders'))
    expect(names(first.engine)).toEqual(['index/kept'])
  })

  it('comes back when it is made again', async () => {
    const { first, second } = await scene()
    for (const { clock } of [first, second]) clock.wall += 2000
    await second.engine.define('orders', [{ register: 'index/gone', value: { id: 'c', ...index } }])
    await first.engine.mergeRegisters('orders', second.engine.registers('orders'))
    expect(names(first.engine)).toEqual(['index/gone', 'index/kept'])
  })

  it('goes from that region with its rows, and is not taken there again', async () => {
    const { first, second, upTo } = await scene()
    const before = second.engine.registers('orders')
    const indexOf = (name: string) => second.engine.tableNamed('orders')?.indexes.find((each) => each.name === name)
    const number = indexOf('gone')?.number
    expect(number).toBeDefined()
    expect(first.engine.forgotten('orders')).toEqual(upTo)
    expect(await second.engine.followForgetting('orders', { upTo, has: names(first.engine) })).toBe(1)
    expect(names(second.engine)).toEqual(['index/kept'])
    expect([indexOf('gone'), indexOf('kept')?.name]).toEqual([undefined, 'kept'])
    expect(second.engine.tableNamed('orders')?.leftovers).toEqual([number])
    await second.engine.mergeRegisters('orders', before)
    expect([names(second.engine), second.engine.forgotten('orders')]).toEqual([['index/kept'], upTo])
  })

  it('goes by no time that lies too far ahead', async () => {
    const { second, upTo } = await scene()
    const ahead = { ...upTo, wallMs: upTo.wallMs + 1_000_000_000 }
    expect(await second.engine.followForgetting('orders', { upTo: ahead, has: [] })).toBe(0)
    expect(names(second.engine)).toEqual(['index/gone', 'index/kept'])
    expect(second.engine.forgotten('orders')).toBeUndefined()
  })
})
