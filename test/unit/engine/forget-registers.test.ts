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
