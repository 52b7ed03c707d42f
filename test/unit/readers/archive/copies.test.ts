/** Backups and restores on a store of blobs that fails, loses and tears. */
import { describe, expect, test } from 'vitest'
import { BlobShelf, MemoryBlobs } from '../../../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import type { Backup } from '../../../../src/core/archive/backup.ts'
import { snapshotRegister } from '../../../../src/core/table/registers.ts'
import type { Table } from '../../../../src/core/table/table.ts'
import type { Engine } from '../../../../src/engine/engine.ts'
import { BlobsFailed } from '../../../../src/ports/blobs.ts'
import { Backups } from '../../../../src/readers/archive/backups.ts'
import { Restores } from '../../../../src/readers/archive/restores.ts'
import { differs } from '../../../differences/difference.ts'
import { itemAt, itemOf, makeTable, openRegion, put, tableEdits } from '../../engine/region.ts'

const id = '01700000000000-0123abcd'
const items = Array.from({ length: 40 }, (_, n) => itemOf('a', n, { note: { S: 'x'.repeat(200_000) } }))

async function scene(before?: ConstructorParameters<typeof MemoryBlobs>[0]) {
  const shelf = new BlobShelf()
  const blobs = new MemoryBlobs({ shelf, ...before })
  const disk = new MemoryDisk()
  const opened = await openRegion('us-east-1', new MemoryStore({ disk }))
  const table = await makeTable(opened.engine, 'things')
  for (const item of items) await opened.engine.commit([put(table, item)])
  return { ...opened, env: { ...opened.env, blobs }, shelf, blobs, disk, table }
}

async function begin(engine: Engine, table: Table): Promise<void> {
  const backup: Backup = {
    id,
    name: 'nightly',
    type: 'USER',
    status: 'CREATING',
    createdMs: 0,
    of: table.id,
    table: { ...table, tableId: table.id, indexes: [], items: 0, bytes: 0 },
    progress: { segments: 0, items: 0, bytes: 0 },
  }
  await engine.archive.putBackup(backup)
  await engine.define(table.id, [{ register: snapshotRegister(1), value: { backup: id } }])
}

async function restored(engine: Engine): Promise<Table> {
  const [definition] = tableEdits('restored')
  const source = { backup: id, tableArn: 'arn', atMs: 0 }
  await engine.define('id-restored', [
    definition as NonNullable<typeof definition>,
    { register: 'local/status', value: { status: 'CREATING', sinceMs: 0 } },
    { register: 'local/restore', value: source },
  ])
  return engine.tableNamed('restored') as Table
}

async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 20_000 && !isSo(); n++) await new Promise<void>((resolve) => setImmediate(resolve))
  expect(isSo()).toBe(true)
}

const isMade = (engine: Engine) => () =>
  engine.archive.backup(id)?.status === 'AVAILABLE' && engine.tableNamed('things')?.snapshots === undefined

describe('a backup', () => {
  test('is whole although the blobs fail now and then, and its manifest comes last', async () => {
    const random = new SeededRandom(3)
    const { engine, env, table, shelf, counted } = await scene({
      before: () => (random.fraction() < 0.5 ? Promise.reject(new BlobsFailed('no')) : Promise.resolve()),
    })
    const names: (readonly string[])[] = []
    await begin(engine, table)
    const backups = new Backups(env, engine)
    backups.start()
    await until(() => {
      names.push(shelf.names)
      return isMade(engine)()
    })
    await backups.stop()
    expect(engine.archive.backup(id)?.progress).toMatchObject({ segments: 2, items: 40 })
    expect(shelf.names.map((name) => name.slice(`backups/${id}/`.length))).toEqual(['00000000', '00000001', 'manifest'])
    expect(names.every((seen) => !seen.some((name) => name.endsWith('manifest')) || seen.length === 3)).toBe(true)
    expect(counted).toContainEqual({ name: 'longitude_retries_total', labels: { work: 'backup' }, by: 1 })
  })

  test('that ended half-way goes on in the next process, with the rows of its beginning', async () => {
    let isDown = false
    const before = () => (isDown ? new Promise<void>(() => {}) : Promise.resolve())
    const { engine, env, table, shelf, disk } = await scene({
      before: async () => {
        await before()
        isDown = shelf.names.length === 1
        await before()
      },
    })
    await begin(engine, table)
    new Backups(env, engine).start()
    await until(() => isDown && engine.archive.backup(id)?.progress.segments === 1)
    await engine.commitEach(items.map((item) => put(table, { ...item, note: { S: 'changed' } })))
    const next = await openRegion('us-east-1', new MemoryStore({ disk: disk.copy() }))
    const nextEnv = { ...next.env, blobs: new MemoryBlobs({ shelf }) }
    const backups = new Backups(nextEnv, next.engine)
    backups.start()
    await until(isMade(next.engine))
    await backups.stop()
    const target = await restored(next.engine)
    const restores = new Restores(nextEnv, next.engine)
    restores.start()
    await until(() => next.engine.tableNamed('restored')?.restore?.isDone === true)
    await restores.stop()
    for (const item of items) expect(itemAt(next.engine, target, item)).toEqual(item)
    expect(next.engine.size(target).items).toBe(items.length)
  })

  test(differs('backups-beside-the-store'), async () => {
    const { engine, env, table, shelf } = await scene()
    await begin(engine, table)
    const backups = new Backups(env, engine)
    backups.start()
    await until(isMade(engine))
    expect(shelf.names.length).toBeGreaterThan(1)
    await engine.archive.putBackup({ ...(engine.archive.backup(id) as Backup), status: 'DELETED' })
    await until(() => engine.archive.backups().length === 0)
    await backups.stop()
    expect(shelf.names).toEqual([])
  })
})

describe('a restore', () => {
  test(differs('restores-that-cannot-end'), () =>
    givesUp((shelf) => shelf.tear(`backups/${id}/00000001`, 1000), '00000001 is not used: it is torn'),
  )

  test.each([
    ['is gone', (shelf: BlobShelf) => shelf.remove(`backups/${id}/00000000`), '00000000 is not used: it is not there'],
    ['was never written', (shelf: BlobShelf) => void shelf.loseLast(), 'manifest is not used: it is not there'],
    [
      'is another’s',
      (shelf: BlobShelf) => shelf.put(`backups/${id}/00000000`, shelf.read(`backups/${id}/00000001`) as Buffer),
      '00000000 is not used: it was written as',
    ],
  ])('is given up where a blob %s', (_, damage, says) => givesUp(damage, says))
})

async function givesUp(damage: (shelf: BlobShelf) => void, says: string): Promise<void> {
  const { engine, env, table, shelf } = await scene()
  await begin(engine, table)
  const backups = new Backups(env, engine)
  backups.start()
  await until(isMade(engine))
  await backups.stop()
  damage(shelf)
  const errors: unknown[] = []
  const log = { ...env.log, error: (_event: string, fields?: object) => void errors.push(fields) }
  await restored(engine)
  const restores = new Restores({ ...env, log }, engine)
  restores.start()
  await until(() => engine.tableNamed('restored')?.status === 'DELETING')
  await restores.stop()
  expect(errors).toEqual([{ table: 'restored', error: expect.stringContaining(says) }])
}
