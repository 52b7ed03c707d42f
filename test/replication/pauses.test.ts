/** Replication paused by an operator, and where it stands by the word of the region that writes. */
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { TableStatus } from '../../src/readers/replication/send/outbound.ts'
import { eventually } from './eventually.ts'
import { agreed, TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const regions: TestRegion[] = []
let network: MemoryNetwork

afterEach(async () => {
  await Promise.all(regions.map((region) => region.stop()))
  regions.length = 0
})

async function world(...tables: string[]): Promise<[TestRegion, TestRegion, TestRegion]> {
  network = new MemoryNetwork(systemClock, systemRandom)
  regions.push(...names.map((name) => new TestRegion(name, names)))
  for (const region of regions) await region.start(network.join(region.name))
  const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
  for (const table of tables) {
    await us.makeTable(table, ['eu', 'ap'])
    await eventually(`all replicas of ${table} are active everywhere`, () =>
      regions.every((region) => names.every((name) => region.replicaStatus(table, name) === 'ACTIVE')),
    )
  }
  return [us, eu, ap]
}

const pauses = (region: TestRegion) => region.replication.pauses
const hour = 3_600_000

function tableAt(from: TestRegion, to: string, table: string): TableStatus {
  const found = from.peer(to).tables.find((each) => each.table === table)
  if (found === undefined) throw new Error(`nothing of ${table} on its way to ${to}`)
  return found
}

const settled = (from: TestRegion, table: string) =>
  eventually(`${from.name} is safe to evacuate`, () =>
    ['us', 'eu', 'ap'].filter((to) => to !== from.name).every((to) => tableAt(from, to, table).safeToEvacuate),
  )

describe('a paused table', () => {
  it('gets nothing while the others do, is counted exactly at the source, and has everything once it is resumed', async () => {
    const [us, eu, ap] = await world('T', 'Other')
    await us.put('T', 'before', '1')
    await agreed([us, eu, ap], 'T')
    await pauses(eu).pause({ table: us.table('T').id }, hour)
    for (let n = 0; n < 30; n++) await us.put('T', `id-${n}`, 'paused')
    await us.remove('T', 'before')
    await us.put('Other', 'id', 'flows')
    await eventually('the other table flows', () => eu.value('Other', 'id') === 'flows' && ap.items('T') === 30)
    await eventually('the source counts', () => tableAt(us, 'eu', 'T').pending === 31)
    expect(eu.items('T')).toBe(1)
    expect(tableAt(us, 'eu', 'T')).toMatchObject({ safeToEvacuate: false, pausedUntilMs: expect.any(Number) })
    await eventually('the others are confirmed', () =>
      [tableAt(us, 'eu', 'Other'), tableAt(us, 'ap', 'T')].every(
        (table) => table.pending === 0 && table.safeToEvacuate,
      ),
    )
    expect(us.peer('eu')).toMatchObject({ pending: 31, safeToEvacuate: false })
    await eu.put('T', 'from-eu', 'local writes go on')
    await pauses(eu).resume({ table: us.table('T').id })
    await agreed([us, eu, ap], 'T')
    expect(eu.value('T', 'id-29')).toBe('paused')
    expect(eu.value('T', 'before')).toBeUndefined()
    await eventually('nothing is pending', () => tableAt(us, 'eu', 'T').pending === 0)
    await us.put('T', 'after', 'x')
    await agreed([us, eu, ap], 'T')
  })

  it('does not keep the others from being compared up to now', async () => {
    const [us, eu] = await world('T', 'Other')
    await us.put('T', 'id', 'both')
    expect(await us.replication.compare(us.table('T'))).toMatchObject({ differing: [], inMotion: 0, rows: 1 })
    await pauses(eu).pause({ table: us.table('T').id }, hour)
    await us.put('T', 'id', 'passed over')
    await eventually('it is passed over', () => eu.peer('us').waiting.length === 1)
    const askedMs = Date.now()
    await us.put('Other', 'id', 'flows')
    const others = await us.replication.compare(us.table('Other'))
    expect(others).toMatchObject({ differing: [], inMotion: 0, rows: 1 })
    expect(others.watermark.wallMs).toBeGreaterThanOrEqual(askedMs)
    const paused = await us.replication.compare(us.table('T'))
    expect(paused).toMatchObject({ differing: [], inMotion: 1 })
    expect(paused.watermark.wallMs).toBeLessThan(askedMs)
    expect([us.replication.horizon(us.table('T')), eu.replication.horizon(eu.table('T'))]).toEqual([
      undefined,
      undefined,
    ])
    expect(eu.replication.horizon(eu.table('Other'))).toBeDefined()
  }, 20_000)

  it('stays paused when its node starts again, until its time is over, and then catches up by itself', async () => {
    const [us, eu, ap] = await world('T')
    const table = us.table('T').id
    await pauses(eu).pause({ table }, hour)
    for (let n = 0; n < 5; n++) await us.put('T', `id-${n}`, 'one')
    await eventually('it is passed over', () => eu.peer('us').cursor >= us.engine.flushed())
    await eu.stop()
    await eu.start(network.join('eu'))
    expect(pauses(eu).active()).toHaveLength(1)
    await us.put('T', 'id-5', 'two')
    await eventually('the source counts', () => tableAt(us, 'eu', 'T').pending === 6)
    expect(eu.items('T')).toBe(0)
    await pauses(eu).pause({ table }, 100)
    await agreed([us, eu, ap], 'T', 10_000)
    expect(eu.items('T')).toBe(6)
    expect(pauses(eu).active()).toHaveLength(0)
  })

  it('has its changes kept at the source, which forgets across a restart only what nobody waits for', async () => {
    const [us, eu, ap] = await world('T', 'Other')
    await pauses(eu).pause({ table: us.table('T').id }, hour)
    await us.put('T', 'id', 'kept')
    const { position } = us.engine.readLog(us.engine.flushed() - 1, 1, 1000).at(-1) as { position: number }
    for (let n = 0; n < 20; n++) await us.put('Other', `id-${n}`, 'x')
    await eventually('the rest is confirmed', () => us.peer('eu').confirmed >= us.engine.flushed() - 1)
    await eventually('the log is trimmed before it', () => us.engine.oldest() > 1, 15_000)
    expect(us.engine.oldest()).toBeLessThanOrEqual(position)
    await eu.stop()
    await us.stop()
    await us.start(network.join('us'))
    await eventually('ap confirms', () => us.peer('ap').confirmed >= us.engine.flushed())
    expect((us.engine.note('replication/confirmed') as Record<string, number>)['eu']).toBeLessThan(position)
    await eu.start(network.join('eu'))
    await pauses(eu).resume({ table: us.table('T').id })
    await agreed([us, eu, ap], 'T')
    expect(eu.value('T', 'id')).toBe('kept')
  }, 40_000)
})

describe('a paused link', () => {
  it('lets nothing through in either direction, by its two ends, and the rest flows', async () => {
    const [us, eu, ap] = await world('T')
    await pauses(us).pause({ link: ['us', 'eu'] }, hour)
    await pauses(eu).pause({ link: ['eu', 'us'] }, hour)
    await us.put('T', 'of-us', '1')
    await eu.put('T', 'of-eu', '1')
    await eventually('ap has both', () => ap.items('T') === 2)
    await eventually('the source counts', () => us.peer('eu').pending === 1 && eu.peer('us').pending === 1)
    expect([us.items('T'), eu.items('T')]).toEqual([1, 1])
    await eventually('it is told', () => us.peer('eu').pausedUntilMs !== undefined)
    expect(us.peer('eu').safeToEvacuate).toBe(false)
    await pauses(us).resume({ link: ['eu', 'us'] })
    await pauses(eu).resume({ link: ['eu', 'us'] })
    await agreed([us, eu, ap], 'T')
  })
})

describe('where replication stands', () => {
  it('is known at the source: pending and lag grow while the link is cut, the watermark stops, and it is not safe to evacuate', async () => {
    const [us, eu, ap] = await world('T')
    await us.put('T', 'id', '0')
    await agreed([us, eu, ap], 'T')
    await settled(us, 'T')
    network.cut('us', 'eu', 'black-hole')
    network.cut('eu', 'us', 'black-hole')
    const cutMs = Date.now()
    for (let n = 1; n <= 7; n++) await us.put('T', 'id', String(n))
    await eventually('the link is cut', () => us.peer('eu').outbound === 'cut', 10_000)
    const status = tableAt(us, 'eu', 'T')
    expect(status).toMatchObject({ pending: 7, safeToEvacuate: false })
    expect(status.lagMs).toBeGreaterThan(3000)
    expect(status.watermark?.wallMs).toBeGreaterThan(cutMs - 100)
    // It stands since the cut: by now that is as long ago as the link took to be called cut.
    expect(status.watermark?.wallMs).toBeLessThan(Date.now() - 2000)
    expect(us.replication.status().safeToEvacuate).toBe(false)
    expect(tableAt(us, 'ap', 'T')).toMatchObject({ pending: 0, lagMs: 0, safeToEvacuate: true })
    network.heal('us', 'eu')
    network.heal('eu', 'us')
    await agreed([us, eu, ap], 'T', 15_000)
    await settled(us, 'T')
    const latency = tableAt(us, 'eu', 'T').replicationLatency
    expect(latency?.maximumMs).toBeGreaterThan(3000)
    expect(tableAt(us, 'ap', 'T').replicationLatency?.averageMs).toBeLessThan(latency?.maximumMs ?? 0)
  }, 30_000)

  it('goes on for a table in which nothing happens', async () => {
    const [us] = await world('T')
    await settled(us, 'T')
    const was = tableAt(us, 'eu', 'T').watermark?.wallMs ?? 0
    await eventually('the watermark advances', () => (tableAt(us, 'eu', 'T').watermark?.wallMs ?? 0) > was + 1000)
  })
})
