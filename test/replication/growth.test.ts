/** Tables come and go in three regions: what is kept of them comes back to what it was. */
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { prometheusMeter } from '../../src/adapters/metrics/prometheus-meter.ts'
import { Measures } from '../../src/readers/replication/status/measure.ts'
import type { Service } from '../../src/ports/service.ts'
import { registerSweeper } from '../../src/readers/sweepers/gone-registers.ts'
import type { Env } from '../../src/ports/env.ts'
import { eventually } from './eventually.ts'
import { newNetwork, startRegions } from './many.ts'
import { definition, type TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const running: Pick<Service, 'stop'>[] = []

afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop()
})

function sweep(region: TestRegion): Service {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const env = { clock: systemClock, log } as unknown as Env
  const horizon = (id: string) => region.replication.registerHorizon(id)
  const sweeper = registerSweeper(env, region.engine, horizon, { everyMs: 50, ageMsMin: 0 })
  void sweeper.start()
  return sweeper
}

async function makeAndRemove(region: TestRegion, tables: readonly string[]): Promise<void> {
  await Promise.all(
    tables.map((name) =>
      region.engine.define(name, [
        { register: 'definition', value: definition(name) },
        { register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } },
        { register: `replica/${region.name}`, value: { status: 'ACTIVE' } },
      ]),
    ),
  )
  for (const name of tables.slice(0, 20)) await region.put(name, 'id', 'value')
  await remove(region, tables)
}

/**
 * As DeleteTable does it; the region strikes itself from the list when nothing is here any more. Not in `replica/<region>`: a join
 * that comes to its end in the same moment says there that it is ACTIVE.
 */
async function remove(region: TestRegion, tables: readonly string[]): Promise<void> {
  const askedMs = systemClock.wallMs()
  const leaving = [
    { register: 'local/status', value: { status: 'DELETING', sinceMs: askedMs } },
    { register: `leave/${region.name}`, value: { by: region.name, askedMs } },
  ]
  await Promise.all(tables.map((name) => region.engine.define(name, leaving)))
}

const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

describe('global tables that come and go', () => {
  it('are known nowhere any more in the end, and leave no series of metrics', async () => {
    const regions = await startRegions(newNetwork(), names)
    running.push(...regions, ...regions.map(sweep))
    const [us] = regions as [TestRegion]
    const meter = prometheusMeter()
    const measures = new Measures({ meter, clock: systemClock })
    await eventually('they hear each other', () => us.replication.status().peers.every(({ state }) => state === 'idle'))
    await measures.take(us.replication.status())
    const before = meter.size
    for (let round = 0; round < 3; round++) {
      await makeAndRemove(us, named(`table-${round}`, 40))
      await measures.take(us.replication.status())
    }
    await eventually('all have forgotten them', () =>
      regions.every(({ engine }) => engine.knownTables().length === 0 && engine.tables().length === 0),
    )
    await eventually('nothing is pending', () => us.replication.status().peers.every(({ pending }) => pending === 0))
    await measures.take(us.replication.status())
    expect(meter.size).toBe(before)
  })

  it('stay known while one region has not heard that they are gone, so that none brings them back', async () => {
    const network = newNetwork()
    const regions = await startRegions(network, names)
    running.push(...regions)
    const [us, eu] = regions as [TestRegion, TestRegion]
    await us.makeTable('T', ['eu', 'ap'])
    await eventually('all have it', () => regions.every(({ engine }) => engine.tableNamed('T') !== undefined))
    for (const [from, to] of [
      ['us', 'ap'],
      ['eu', 'ap'],
    ] as const)
      network.cut(from, to, 'reset')
    running.push(...regions.map(sweep))
    await us.engine.define('id-T', [{ register: 'leave/ap', value: {} }])
    for (const region of [us, eu]) await remove(region, ['id-T'])
    await eventually('us and eu have it no more', () => [us, eu].every(({ engine }) => engine.tables().length === 0))
    const announcements = us.engine.clock().wallMs + 3000
    await eventually('regions have spoken again', () =>
      [us, eu].every(({ engine }) => engine.clock().wallMs > announcements),
    )
    expect([us.engine.knownTables(), eu.engine.knownTables()]).toEqual([['id-T'], ['id-T']])
    for (const to of ['us', 'eu']) network.heal(to, 'ap')
    await eventually(
      'all have forgotten it',
      () => regions.every(({ engine }) => engine.knownTables().length === 0),
      30_000,
    )
    expect(regions.map(({ engine }) => engine.tables().length)).toEqual([0, 0, 0])
  })
})
