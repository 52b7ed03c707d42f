/** The history of tables that several regions share: it is of one replica's log, and begins again when that is lost. */
import { afterEach, expect, test, vi } from 'vitest'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import type { Table } from '../../../../src/core/table/table.ts'
import type { Engine } from '../../../../src/engine/engine.ts'
import type { Service } from '../../../../src/ports/service.ts'
import { Archiver, type ArchiveSettings } from '../../../../src/readers/archive/archiver.ts'
import { Backups } from '../../../../src/readers/archive/backups.ts'
import { Restores } from '../../../../src/readers/archive/restores.ts'
import { groupArchive } from '../../../../src/region/strong/group-archive.ts'
import { differs } from '../../../differences/difference.ts'
import { itemAt, itemOf, openRegion, put, tableEdits } from '../../engine/region.ts'

const group = 'ap-northeast-1_eu-west-1_us-east-1'
const often: ArchiveSettings = { everyMs: 0, segmentMs: 0, heldBytesMax: Infinity }
const patience = { timeout: 60_000, interval: 5 }

const running: Service[] = []
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop()
})

async function region() {
  const { engine: main, env, clock, logged } = await openRegion('us-east-1')
  const own = { ...env, random: new SeededRandom(1) }
  const start = (...services: readonly Service[]): void => {
    for (const each of services) void each.start()
    running.push(...services)
  }
  start(new Restores(own, main))
  /** Another process, or another store, of this region's part of the group. Its clock is that of the order. */
  const replica = async (settledMs: () => Promise<number> = () => Promise.resolve(clock.wall)) => {
    const { engine } = await openRegion('us-east-1', undefined, { clock })
    const archive = groupArchive(group, main, engine)
    const of = { shared: { group, log: engine.epoch }, region: main, isWhole: () => true, settledMs }
    const services = [
      new Archiver({ env: own, engine: archive, settings: often, of }),
      new Backups(own, archive, group),
    ] as const
    const strong = { name: group, replicas: group.split('_'), table: 'id-things', by: 'us-east-1' }
    const recovery = { days: 35, sinceMs: clock.wall, after: engine.flushed(), shared: of.shared }
    await engine.define('id-things', [
      ...tableEdits('things'),
      { register: 'settings/strong', value: strong },
      { register: 'local/recovery', value: recovery },
    ])
    start(...services)
    return { engine, services }
  }
  const restore = async (name: string, from: Engine, atMs: number): Promise<void> => {
    const [definition] = tableEdits(name)
    const { id, recovery } = from.tableNamed('things') as Table
    const { after = 0, shared } = recovery ?? {}
    await main.define(`id-${name}`, [
      definition as NonNullable<typeof definition>,
      { register: 'local/status', value: { status: 'CREATING', sinceMs: 0 } },
      { register: 'local/restore', value: { logOf: id, after, shared, tableArn: 'arn', atMs } },
    ])
  }
  const done = (name: string) => vi.waitFor(() => expect(main.tableNamed(name)?.restore?.isDone).toBe(true), patience)
  return { main, clock, logged, replica, restore, done }
}

const write = (engine: Engine, n: number) =>
  engine.commit([put(engine.tableNamed('things') as Table, itemOf('a', n, { n: { N: `${n}` } }))])

const based = (main: Engine) =>
  vi.waitFor(() => expect(main.archive.backups().map(({ status }) => status)).toEqual(['AVAILABLE']), patience)

const has = (engine: Engine, name: string, n: number): boolean =>
  itemAt(engine, engine.tableNamed(name) as Table, itemOf('a', n)) !== undefined

test('a restore waits until the order of the group has come to its moment', async () => {
  const { main, clock, replica, restore, done } = await region()
  const ordered = vi.fn(() => Promise.reject<number>(new Error('no majority')))
  const { engine } = await replica(ordered)
  await based(main)
  clock.wall += 1000
  await write(engine, 1)
  await restore('Copy', engine, clock.wall + 500)
  await vi.waitFor(() => expect(ordered.mock.calls.length).toBeGreaterThan(2), patience)
  expect(main.tableNamed('Copy')?.restore?.isDone).toBeUndefined()
  // What another region has written meanwhile comes before the moment.
  clock.wall += 100
  await write(engine, 2)
  ordered.mockImplementation(() => Promise.resolve(clock.wall + 500))
  await done('Copy')
  expect([1, 2].map((n) => has(main, 'Copy', n))).toEqual([true, true])
})

test(differs('strong-consistency-history'), async () => {
  const { main, clock, logged, replica, restore, done } = await region()
  const former = await replica()
  await based(main)
  clock.wall += 1000
  await write(former.engine, 1)
  for (const each of former.services) await each.stop()
  await restore('Lost', former.engine, clock.wall)
  const { engine } = await replica()
  await vi.waitFor(() => expect(main.tableNamed('Lost')?.status).toBe('DELETING'), patience)
  expect(logged).toContain('a restore is given up, and its table removed')
  expect(logged).toContain(
    'the log of a group of regions was lost with its replica: point-in-time recovery begins again',
  )
  await based(main)
  clock.wall += 1000
  await write(engine, 2)
  clock.wall += 1000
  await restore('Copy', engine, clock.wall - 500)
  await done('Copy')
  expect([1, 2].map((n) => has(main, 'Copy', n))).toEqual([false, true])
})
