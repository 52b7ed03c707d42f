/** The archive of the log over weeks, on a store of blobs that fails, and beyond the cap of its hold. */
import { describe, expect, test } from 'vitest'
import { BlobShelf, MemoryBlobs } from '../../../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import { backupId, newBackup, snapshotEdit } from '../../../../src/core/archive/backup.ts'
import type { Item } from '../../../../src/core/attribute/value.ts'
import type { Table } from '../../../../src/core/table/table.ts'
import type { Engine } from '../../../../src/engine/engine.ts'
import { BlobsFailed } from '../../../../src/ports/blobs.ts'
import type { Env } from '../../../../src/ports/env.ts'
import type { Service } from '../../../../src/ports/service.ts'
import { Lender } from '../../../../src/readers/archive/lender.ts'
import { lentMs } from '../../../../src/core/archive/archive-question.ts'
import { noBuckets } from '../../../../src/region/copies.ts'
import { archiveServices, type ArchiveSettings } from '../../../../src/readers/archive/archive-services.ts'
import { del, itemAt, itemOf, makeTable, openRegion, put, tableEdits, TestClock } from '../../engine/region.ts'

const dayMs = 24 * 60 * 60 * 1000
const often: ArchiveSettings = { everyMs: 0, segmentMs: 0, heldBytesMax: Infinity }

/** Time that the test moves passes for everything. */
class WholeClock extends TestClock {
  override monotonicMs = (): number => this.wall + (this.monotonic += 0.0001)
}

type Before = ConstructorParameters<typeof MemoryBlobs>[0]

async function scene(settings = often, before?: Before, onLag: (seconds: number) => void = () => {}) {
  const clock = new WholeClock()
  const disk = new MemoryDisk()
  const shelf = new BlobShelf()
  const { engine, env: bare, counted } = await openRegion('us-east-1', new MemoryStore({ disk }), { clock })
  const random = new SeededRandom(1)
  const gauge = (name: string, value: number): void => {
    if (name === 'longitude_archive_lag_seconds') onLag(value)
  }
  const meter = { ...bare.meter, gauge }
  const env = { ...bare, meter, random, blobs: new MemoryBlobs({ shelf, ...before }) }
  const table = await makeTable(engine, 'things')
  return { clock, disk, shelf, engine, env, counted, table, running: start(env, engine, settings) }
}

function start(env: Env, engine: Engine, settings: ArchiveSettings): readonly Service[] {
  const services = archiveServices(
    { env, engine, copying: { ...noBuckets, arnsOf: () => ({ exportArn: '', tableArn: '' }) } },
    settings,
  )
  for (const service of services) expect(service.start()).toBeUndefined()
  return services
}

const stop = async (services: readonly Service[]): Promise<void> => {
  for (const service of services) await service.stop()
}

async function enable(engine: Engine, env: Env, days = 35): Promise<void> {
  const table = engine.tableNamed('things') as Table
  const createdMs = env.clock.wallMs()
  const id = backupId(createdMs, '0000000a')
  const base = newBackup(table, { id, name: 'base', type: 'BASE', createdMs }, { items: 0, bytes: 0 })
  await engine.archive.putBackup(base)
  const value = { days, sinceMs: createdMs, after: engine.flushed() }
  await engine.define(table.id, [{ register: 'local/recovery', value }, snapshotEdit(table, base)])
}

async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 20_000 && !isSo(); n++) await new Promise<void>((resolve) => setImmediate(resolve))
  expect(isSo()).toBe(true)
}

const archived = (engine: Engine): number =>
  (engine.note('archive/cursor') as { readonly position: number } | undefined)?.position ?? 0

async function restoreTo(engine: Engine, atMs: number): Promise<Table> {
  const name = `at-${atMs}`
  const [definition] = tableEdits(name)
  const source = engine.tableNamed('things') as Table
  const after = source.recovery?.after ?? 0
  await engine.define(`id-${name}`, [
    definition as NonNullable<typeof definition>,
    { register: 'local/status', value: { status: 'CREATING', sinceMs: 0 } },
    { register: 'local/restore', value: { logOf: source.id, after, tableArn: 'arn', atMs } },
  ])
  await until(() => engine.tableNamed(name)?.restore?.isDone === true)
  return engine.tableNamed(name) as Table
}

const itemsOf = (engine: Engine, table: Table): readonly (Item | undefined)[] =>
  Array.from({ length: 8 }, (_, sk) => itemAt(engine, table, itemOf('a', sk)))

describe('the archive', () => {
  test('after 40 days of overwrites has a base and 35 days, and each of these days restores right', async () => {
    const { clock, shelf, engine, env, table, running } = await scene()
    await enable(engine, env)
    const random = new SeededRandom(9)
    const model = new Map<number, Item>()
    const days: { readonly atMs: number; readonly items: readonly (Item | undefined)[] }[] = []
    const sizes: number[] = []
    for (let day = 0; day < 40; day++) {
      for (let n = 0; n < 6; n++) {
        const sk = Math.floor(random.fraction() * 8)
        const item = itemOf('a', sk, { v: { S: `${day}.${n}` }, note: { S: 'x'.repeat(1000) } })
        const isDelete = random.fraction() < 0.3
        if (isDelete) model.delete(sk)
        else model.set(sk, item)
        await engine.commit([isDelete ? del(table, item) : put(table, item)])
        clock.wall += 1000
      }
      days.push({ atMs: clock.wall, items: Array.from({ length: 8 }, (_, sk) => model.get(sk)) })
      clock.wall += dayMs - 6000
      await until(() => archived(engine) === engine.flushed())
      sizes.push(shelf.sizeBytes)
    }
    clock.wall += 11 * 60 * 1000
    await until(() => engine.archive.backups().every(({ status }) => status === 'AVAILABLE'))
    expect(engine.archive.backups().length).toBeGreaterThan(4)
    expect(Math.max(...sizes.slice(-3))).toBeLessThanOrEqual(1.4 * (sizes[34] as number))
    for (const { atMs, items } of days.slice(6).filter((_, n) => n % 3 === 0))
      expect(itemsOf(engine, await restoreTo(engine, atMs))).toEqual(items)
    await stop(running)
  })

  test('on blobs that fail now and then and leave torn ones, in processes that end at any moment, has every change', async () => {
    const random = new SeededRandom(4)
    const shelf = new BlobShelf()
    const before = async (operation: string, name: string): Promise<void> => {
      if (random.fraction() >= 0.4) return await Promise.resolve()
      if (operation === 'put') shelf.put(name, Buffer.from('torn'))
      throw new BlobsFailed('no')
    }
    const { clock, disk, engine: first, env, table, running } = await scene(often, { before, shelf })
    let engine = first
    let services = running
    await enable(engine, env)
    const states: { readonly atMs: number; readonly items: readonly (Item | undefined)[] }[] = []
    for (let n = 0; n < 60; n++) {
      await engine.commit([put(table, itemOf('a', n % 8, { v: { N: String(n) } }))])
      states.push({ atMs: clock.wall, items: itemsOf(engine, table) })
      clock.wall += 1000
      if (n % 10 !== 9) continue
      void stop(services)
      const opened = await openRegion('us-east-1', new MemoryStore({ disk }), { clock })
      engine = opened.engine
      services = start({ ...opened.env, random, blobs: new MemoryBlobs({ shelf, before }) }, engine, often)
    }
    for (const { atMs, items } of states.filter((_, n) => n % 7 === 3))
      expect(itemsOf(engine, await restoreTo(engine, atMs))).toEqual(items)
    await stop(services)
  })

  test('that the log was trimmed past begins again, and says so', async () => {
    let isDown = true
    const before = () => (isDown ? Promise.reject(new BlobsFailed('no')) : Promise.resolve())
    const { clock, engine, env, table, counted, running } = await scene({ ...often, heldBytesMax: 0 }, { before })
    await enable(engine, env)
    const sinceMs = clock.wall
    for (let n = 0; n < 10; n++) {
      await engine.commit([put(table, itemOf('a', n % 8, { v: { N: String(n) } }))])
      clock.wall += 1000
    }
    await engine.retention.trim()
    await until(() => counted.some(({ name }) => name === 'longitude_archive_behind_total'))
    isDown = false
    await until(() => (engine.tableNamed('things')?.recovery?.sinceMs ?? 0) > sinceMs)
    clock.wall += 5000
    expect(itemsOf(engine, await restoreTo(engine, clock.wall - 1000))).toEqual(itemsOf(engine, table))
    await stop(running)
  })

  test('says how long it has waited while blobs fail, and that it waits no more', async () => {
    let isDown = true
    const lags: number[] = []
    const before = () => (isDown ? Promise.reject(new BlobsFailed('no')) : Promise.resolve())
    const { clock, engine, env, table, running } = await scene(often, { before }, (seconds) => lags.push(seconds))
    await enable(engine, env)
    await engine.commit([put(table, itemOf('a', 1))])
    await until(() => (lags.at(-1) ?? 0) > 0)
    clock.wall += 20 * 60 * 1000
    await until(() => (lags.at(-1) ?? 0) > 1000)
    isDown = false
    await until(() => lags.at(-1) === 0)
    await stop(running)
  })

  test.each([
    ['that ends', undefined],
    ['that ends and begins again', 35],
  ])('of a recovery %s before anything was archived loses nothing, and leaves nothing behind', async (_, days) => {
    let isDown = true
    const before = () => (isDown ? Promise.reject(new BlobsFailed('no')) : Promise.resolve())
    const { engine, env, table, counted, shelf, running } = await scene(often, { before })
    await enable(engine, env)
    await engine.commit([put(table, itemOf('a', 1))])
    const failures = (): number => counted.filter(({ name }) => name !== 'longitude_archive_behind_total').length
    await until(() => failures() > 0)
    await engine.define(table.id, [{ register: 'local/recovery', value: undefined }])
    for (let n = 0; n < 10; n++) await engine.commit([put(table, itemOf('a', 2, { v: { N: String(n) } }))])
    await engine.retention.trim()
    if (days !== undefined) await enable(engine, env, days)
    isDown = false
    await engine.commit([put(table, itemOf('a', 3))])
    if (days !== undefined) await until(() => archived(engine) === engine.flushed())
    else await until(() => engine.archive.backups().length === 0 && shelf.names.length === 0)
    expect(counted.filter(({ name }) => name === 'longitude_archive_behind_total')).toEqual([])
    if (days === undefined) expect(engine.retention.bound()).toBe(engine.flushed() - 1)
    await stop(running)
  })

  test('of what another region restores from here goes on in the next process, before that region asks again', async () => {
    const { clock, disk, shelf, engine, env, table, running } = await scene()
    await enable(engine, env)
    await engine.commit([put(table, itemOf('a', 1))])
    await until(() => shelf.names.some((name) => name.startsWith('log/')))
    const { after = 0 } = engine.tableNamed('things')?.recovery ?? {}
    const question = JSON.stringify({ ask: 'ready', of: table.id, after, atMs: clock.wall + 5000 })
    await new Lender({ env, engine, tables: engine }).answer(question, 'eu-west-1')
    await engine.define(table.id, [{ register: 'local/recovery', value: undefined }])
    await stop(running)

    const next = await openRegion('us-east-1', new MemoryStore({ disk }), { clock })
    const services = start({ ...env, ...next.env, blobs: new MemoryBlobs({ shelf }) }, next.engine, often)
    await next.engine.commit([put(table, itemOf('a', 2))])
    const last = next.engine.flushed()
    await until(() => archived(next.engine) >= last)
    const kept = shelf.names.filter((name) => name.startsWith('log/'))
    expect(kept.length).toBeGreaterThan(1)

    clock.wall += lentMs
    await until(() => shelf.names.length === 0 && archived(next.engine) === 0)
    await stop(services)
  })

  test('keeps nothing once no table has recovery, and holds nothing of the log', async () => {
    const { engine, env, table, shelf, running } = await scene()
    await enable(engine, env)
    await engine.commit([put(table, itemOf('a', 1))])
    await until(() => shelf.names.some((name) => name.startsWith('log/')))
    await engine.define(table.id, [{ register: 'local/recovery', value: undefined }])
    await until(() => shelf.names.length === 0 && engine.archive.backups().length === 0 && archived(engine) === 0)
    expect(engine.retention.bound()).toBe(engine.flushed() - 1)
    await stop(running)
  })

  test('goes on where it was when recovery ends and begins again before it has taken note of the end', async () => {
    let isDown = false
    const before = () => (isDown ? Promise.reject(new BlobsFailed('no')) : Promise.resolve())
    const { clock, engine, env, table, counted, shelf, running } = await scene(often, { before })
    await enable(engine, env)
    await engine.commit([put(table, itemOf('a', 1))])
    await until(() => shelf.names.some((name) => name.startsWith('log/')))
    isDown = true
    await engine.define(table.id, [{ register: 'local/recovery', value: undefined }])
    for (let n = 0; n < 10; n++) await engine.commit([put(table, itemOf('a', 2, { v: { N: String(n) } }))])
    await engine.retention.trim()
    clock.wall += 1000
    await enable(engine, env)
    const sinceMs = engine.tableNamed('things')?.recovery?.sinceMs
    const tries = counted.length
    await until(() => counted.length > tries)
    isDown = false
    await engine.commit([put(table, itemOf('a', 3))])
    await until(() => archived(engine) === engine.flushed())
    expect(counted.filter(({ name }) => name === 'longitude_archive_behind_total')).toEqual([])
    expect(engine.tableNamed('things')?.recovery?.sinceMs).toBe(sinceMs)
    await stop(running)
  })
})
