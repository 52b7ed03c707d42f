import { timingOf } from '../../../src/core/table/waits.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { assert } from '../../../src/core/assert.ts'
import { Caretaker } from '../../../src/operations/tables/caretaker.ts'
import { registerValueOf } from '../../../src/engine/tables/catalog.ts'
import type { RegisterEdit } from '../../../src/engine/commands/command.ts'
import {
  attributeNamed,
  indexValue,
  itemOf,
  openRegion,
  put,
  startMs,
  tableEdits,
  type TestRegion,
} from '../engine/region.ts'

const stops: (() => void)[] = []
afterEach(() => stops.splice(0).forEach((stop) => stop()))

const status = (value: 'CREATING' | 'UPDATING' | 'DELETING'): RegisterEdit => ({
  register: 'local/status',
  value: { status: value, sinceMs: startMs },
})

async function tableOf(region: TestRegion, more: readonly RegisterEdit[] = []) {
  await region.engine.define('id', tableEdits('things', { more }))
  return region.engine.tableNamed('things')
}

function care({ engine, env }: TestRegion, waitMs = 100): void {
  const caretaker = new Caretaker({ engine, env, region: 'us-east-1', timing: timingOf(() => waitMs) })
  caretaker.start()
  stops.push(() => caretaker.stop())
}

const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 5000, interval: 2 })

test('a table that was CREATING when the process died is ACTIVE after the next start', async () => {
  const disk = new MemoryDisk()
  const before = await openRegion('us-east-1', new MemoryStore({ disk }))
  await tableOf(before, [status('CREATING')])
  await before.engine.close()
  const after = await openRegion('us-east-1', new MemoryStore({ disk }))
  expect(after.engine.tableNamed('things')?.status).toBe('CREATING')
  care(after)
  await eventually(() => expect(after.engine.tableNamed('things')?.status).toBe('ACTIVE'))
})

test('a table that was DELETING when the process died is gone after the next start', async () => {
  const disk = new MemoryDisk()
  const before = await openRegion('us-east-1', new MemoryStore({ disk }))
  const table = await tableOf(before)
  if (table !== undefined) await before.engine.commit([put(table, itemOf('a', 1))])
  await before.engine.define('id', [status('DELETING')])
  await before.engine.close()
  const after = await openRegion('us-east-1', new MemoryStore({ disk }))
  care(after)
  await eventually(() => expect(after.engine.tables()).toEqual([]))
})

test('a replica that another region removes is kept until a third one promises to stay', async () => {
  const region = await openRegion('us-east-1')
  const replicas: RegisterEdit[] = ['us-east-1', 'eu-west-1'].map((name) => ({
    register: `replica/${name}`,
    value: { status: 'ACTIVE' },
  }))
  await tableOf(region, replicas)
  care(region, 0)
  const order = { by: 'eu-west-1', askedMs: startMs }
  await region.engine.define('id', [{ register: 'leave/us-east-1', value: order }])
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(region.engine.tableNamed('things')).toMatchObject({ status: 'DELETING', mayStay: true })
  const leave = region.engine.registers('id').find(({ key }) => key.toString() === 'leave/us-east-1')
  const { heard: of } = registerValueOf(leave?.row as Buffer) as { heard: string }
  await region.engine.define('id', [{ register: 'keeper/us-east-1', value: { by: 'eu-west-1', of } }])
  await eventually(() => expect(region.engine.tables()).toEqual([]))
})

test('a replica whose removal is withdrawn while it waits for its turn stays', async () => {
  const region = await openRegion('us-east-1')
  const replicas: RegisterEdit[] = ['us-east-1', 'eu-west-1'].map((name) => ({
    register: `replica/${name}`,
    value: { status: 'ACTIVE' },
  }))
  await tableOf(region, replicas)
  const held: (() => void)[] = []
  vi.spyOn(region.clock, 'after').mockImplementation((_ms, work) => {
    held.push(work)
    return () => undefined
  })
  care(region, 0)
  await region.engine.define('id', [{ register: 'leave/us-east-1', value: {} }])
  expect(region.engine.tableNamed('things')?.status).toBe('DELETING')
  await region.engine.define('id', [{ register: 'leave/us-east-1', value: undefined }])
  vi.restoreAllMocks()
  expect(held).toHaveLength(1)
  for (const work of held) work()
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(region.engine.tableNamed('things')?.status).toBe('ACTIVE')
})

test('a table stays UPDATING while another replica is CREATING', async () => {
  const region = await openRegion('us-east-1')
  const replicas: RegisterEdit[] = [
    { register: 'replica/us-east-1', value: { status: 'ACTIVE' } },
    { register: 'replica/eu-west-1', value: { status: 'CREATING' } },
  ]
  await tableOf(region, [status('UPDATING'), ...replicas])
  care(region)
  await new Promise((resolve) => setImmediate(resolve))
  expect(region.engine.tableNamed('things')?.status).toBe('UPDATING')
  await region.engine.define('id', [{ register: 'replica/eu-west-1', value: { status: 'ACTIVE' } }])
  await eventually(() => expect(region.engine.tableNamed('things')?.status).toBe('ACTIVE'))
})

test('a replica that is still CREATING here is not called ACTIVE', async () => {
  const region = await openRegion('us-east-1')
  const replicas: RegisterEdit[] = [
    { register: 'replica/us-east-1', value: { status: 'CREATING' } },
    { register: 'replica/eu-west-1', value: { status: 'ACTIVE' } },
  ]
  await tableOf(region, [status('CREATING'), ...replicas])
  care(region)
  await new Promise((resolve) => setImmediate(resolve))
  expect(region.engine.tableNamed('things')?.status).toBe('CREATING')
})

test('an index that arrives as a register is numbered, filled and ACTIVE', async () => {
  const region = await openRegion('us-east-1')
  const table = await tableOf(region)
  assert(table !== undefined, 'the table was made')
  await region.engine.commit([put(table, itemOf('a', 1, { color: { S: 'red' } }))])
  care(region)
  await region.engine.define('id', [{ register: 'index/by-color', value: indexValue({}) }])
  await eventually(() => {
    const index = region.engine.tableNamed('things')?.indexes[0]
    expect(index).toMatchObject({ name: 'by-color', status: 'ACTIVE', backfilling: false })
  })
  const now = region.engine.tableNamed('things')
  expect(region.engine.size(now ?? table, now?.indexes[0]).items).toBe(1)
})

test('an index deleted and made again under its name is another one', async () => {
  const region = await openRegion('us-east-1')
  await tableOf(region, [{ register: 'index/by-color', value: indexValue({}) }])
  care(region)
  const index = () => region.engine.tableNamed('things')?.indexes[0]
  await eventually(() => expect(index()?.status).toBe('ACTIVE'))
  const first = index()?.number
  await region.engine.define('id', [{ register: 'index/by-color', value: indexValue({ deleted: true }) }])
  await eventually(() => expect(index()).toBeUndefined())
  const key = { partition: [attributeNamed('shape')], sort: [] }
  await region.engine.define('id', [{ register: 'index/by-color', value: indexValue({ id: 'two', key }) }])
  await eventually(() => expect(index()?.status).toBe('ACTIVE'))
  expect(index()?.number).not.toBe(first)
})
