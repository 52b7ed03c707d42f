/** Replicas and regions that come and go while everybody writes. */
import { afterEach, describe, expect, it } from 'vitest'
import { leaveRegister, overrideRegister, replicaRegister } from '../../src/core/table/registers.ts'
import { eventually } from './eventually.ts'
import { fill, newNetwork, setTopology, startRegions, Writer } from './many.ts'
import { agreed, TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const running: TestRegion[] = []
afterEach(async () => void (await Promise.all(running.splice(0).map((region) => region.stop()))))

async function world(...of: string[]) {
  const network = newNetwork()
  running.push(...(await startRegions(network, of)))
  return { network, regions: running }
}

const isActive = (region: TestRegion, there: string) => region.replicaStatus('T', there) === 'ACTIVE'
const active = (regions: readonly TestRegion[], deadlineMs = 30_000) =>
  eventually(
    'all replicas are active everywhere',
    () => regions.every((here) => regions.every((there) => isActive(here, there.name))),
    deadlineMs,
  )

function expectAll(regions: readonly TestRegion[], writers: readonly Writer[]): void {
  for (const region of regions)
    for (const writer of writers) {
      const wrong = [...writer.expected].filter(([id, value]) => region.value('T', id) !== value)
      expect({ region: region.name, wrong }).toEqual({ region: region.name, wrong: [] })
    }
}

describe('a replica added to a table in use', { timeout: 90_000 }, () => {
  it('has every item that was there, and every write since, from all regions', async () => {
    const { regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    await fill(us, 'T', 6000)
    const writers = [new Writer(us, 'T'), new Writer(eu, 'T')]
    await eu.addReplicas('T', ['ap'])
    const told: number[] = []
    await eventually(
      'us is told that ap is complete',
      () => {
        const percent = us.engine.tableNamed('T')?.replicas.find(({ region }) => region === 'ap')?.percentProgress
        if (percent !== undefined) told.push(percent)
        return isActive(us, 'ap')
      },
      60_000,
    )
    const missing = Array.from({ length: 6000 }, (_, n) => `item ${n}`).filter((id) => ap.value('T', id) === undefined)
    expect(missing).toEqual([])
    expect(ap.table('T').status).toBe('ACTIVE')
    writers.push(new Writer(ap, 'T'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await Promise.all(writers.map((writer) => writer.stop()))
    await agreed([us, eu, ap], 'T', 30_000)
    expectAll([us, eu, ap], writers)
    expect(told.every((percent, n) => n === 0 || percent >= (told[n - 1] ?? 0))).toBe(true)
  })

  it('goes on where it was when its node dies half-way, and its source too', async () => {
    const { network, regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    await fill(us, 'T', 8000)
    await agreed([us, eu], 'T', 30_000)
    const writer = new Writer(eu, 'T')
    await us.addReplicas('T', ['ap'])
    for (const part of [2000, 5000]) {
      await eventually(`ap has ${part}`, () => ap.items('T') >= part, 30_000)
      await ap.stop()
      await ap.start(network.join('ap'))
      expect(ap.items('T')).toBeGreaterThanOrEqual(part)
    }
    await us.stop()
    await eventually('ap is complete from eu', () => isActive(ap, 'ap'), 30_000)
    await us.start(network.join('us'))
    await writer.stop()
    await active([us, eu, ap])
    await agreed([us, eu, ap], 'T', 30_000)
    expectAll([us, eu, ap], [writer])
    expect(ap.items('T')).toBe(us.items('T'))
  })

  it('does not take a source for complete that has the table paused', async () => {
    const { network, regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    await eu.replication.pauses.pause({ table: 'id-T' }, 3_600_000)
    await us.put('T', 'eu lacks it', 'x')
    await eventually('eu passes over it', () => us.peer('ap').pending === 0 && us.peer('eu').pending === 1)
    await eventually('eu’s cursor is past it', () => (eu.engine.cursor('us')?.position ?? 0) >= us.engine.flushed())
    await us.addReplicas('T', ['ap'])
    await eventually('ap has begun', () => ap.engine.tableNamed('T') !== undefined || isActive(ap, 'ap'))
    await us.stop()
    await new Promise((resolve) => setTimeout(resolve, 600))
    if (isActive(ap, 'ap')) expect(ap.value('T', 'eu lacks it')).toBe('x')
    await us.start(network.join('us'))
    await eu.replication.pauses.resume({ table: 'id-T' })
    await active([us, eu, ap])
    expect(ap.value('T', 'eu lacks it')).toBe('x')
    await agreed([us, eu, ap], 'T')
  })

  it('is given up half-way when that is asked for, whatever it says of itself meanwhile', async () => {
    const { regions } = await world('us', 'eu', 'ap')
    const [us, eu] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T')
    await fill(us, 'T', 5000)
    await us.addReplicas('T', ['eu'])
    await eventually('eu has some', () => eu.items('T') > 500)
    // As if it had said so at the same moment, and later by the clock.
    await us.engine.define('id-T', [{ register: leaveRegister('eu'), value: {} }])
    await eu.engine.define('id-T', [{ register: 'replica/eu', value: { status: 'ACTIVE' } }])
    await eventually('eu is rid of it', () => eu.engine.tableWithId('id-T') === undefined)
    await eventually('us has an ordinary table', () => us.table('T').replicas.length === 0)
    expect(us.items('T')).toBe(5000)
  })
})

describe('a replica that another region has struck from the list', { timeout: 60_000 }, () => {
  it('goes, unless it is protected: then it goes on as a table of its own', async () => {
    const { regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu', 'ap'])
    await active([us, eu, ap])
    await us.put('T', 'a', 'x')
    await agreed([us, eu, ap], 'T')
    await ap.engine.define('id-T', [{ register: 'local/deletion-protection', value: true }])
    const struck = ['eu', 'ap'].map((region) => ({ register: replicaRegister(region), value: undefined }))
    await us.engine.define('id-T', struck)
    await eventually('eu is rid of it', () => eu.engine.tableNamed('T') === undefined)
    await eventually('ap has a table of its own', () => ap.engine.tableNamed('T')?.replicas.length === 0)
    expect(ap.engine.tableNamed('T')?.id).not.toBe('id-T')
    expect(ap.value('T', 'a')).toBe('x')
    await us.put('T', 'b', 'y')
    await ap.put('T', 'b', 'z')
    expect([us.value('T', 'b'), ap.value('T', 'b')]).toEqual(['y', 'z'])
  })
})

describe('a region that was away longer than the logs reach', { timeout: 90_000 }, () => {
  it('comes back by itself, brings nothing deleted back, and loses nothing that it had accepted', async () => {
    const { network, regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu', 'ap'])
    await active([us, eu, ap])
    await fill(us, 'T', 3000)
    await agreed([us, eu, ap], 'T', 30_000)
    for (const other of ['us', 'eu'])
      for (const [from, to] of [
        ['ap', other],
        [other, 'ap'],
      ] as const)
        network.cut(from, to, 'reset')
    const writers = [new Writer(us, 'T'), new Writer(eu, 'T'), new Writer(ap, 'T')]
    for (let n = 0; n < 1000; n++) await us.remove('T', `item ${n}`)
    for (let n = 1000; n < 1100; n++) await ap.put('T', `item ${n}`, 'of ap')
    for (let n = 1100; n < 1200; n++) await ap.remove('T', `item ${n}`)
    for (const region of regions) await region.engine.trimLog(region.engine.flushed())
    for (const name of names) network.server(name).trim(1)
    for (const other of ['us', 'eu'])
      for (const [from, to] of [
        ['ap', other],
        [other, 'ap'],
      ] as const)
        network.heal(from, to)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await Promise.all(writers.map((writer) => writer.stop()))
    await agreed([us, eu, ap], 'T', 60_000)
    expectAll([us, eu, ap], writers)
    const wrong = Array.from({ length: 3000 }, (_, n) => n).filter((n) => {
      const value = eu.value('T', `item ${n}`)
      if (n < 1000 || (n >= 1100 && n < 1200)) return value !== undefined
      return n < 1100 ? value !== 'of ap' : value === undefined
    })
    expect(wrong).toEqual([])
    await eventually('nothing is pending', () =>
      regions.every((region) => region.replication.status().peers.every(({ pending }) => pending === 0)),
    )
  })
})

describe('a table of which no region has all any more', { timeout: 90_000 }, () => {
  it('is what is left of it, when the only complete replica was lost while another was being made', async () => {
    const { network, regions } = await world('us', 'eu')
    const [us, eu] = regions as [TestRegion, TestRegion]
    await us.makeTable('T')
    await fill(us, 'T', 12_000)
    await us.addReplicas('T', ['eu'])
    await eventually('eu has a part of it', () => eu.items('T') > 0)
    await us.stop()
    const part = eu.items('T')
    expect([part < 12_000, isActive(eu, 'eu')]).toEqual([true, false])
    us.wipe()
    network.server('us').wipe()
    await us.start(network.join('us'))
    await active([us, eu])
    await agreed([us, eu], 'T')
    expect(us.items('T')).toBeGreaterThanOrEqual(part)
    await eu.put('T', 'new', 'x')
    await agreed([us, eu], 'T')
  })
})

describe('a replica with deletion protection', { timeout: 90_000 }, () => {
  it('keeps it when its region loses its disk, and is not struck afterwards', async () => {
    const { network, regions } = await world('us', 'eu')
    const [us, eu] = regions as [TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    await us.put('T', 'a', 'x')
    await eu.engine.define('id-T', [{ register: 'local/deletion-protection', value: true }])
    const isKnown = (): boolean =>
      us.table('T').replicas.some(({ region, deletionProtection }) => region === 'eu' && deletionProtection === true)
    await eventually('us knows it', isKnown)
    await eu.stop()
    eu.wipe()
    network.server('eu').wipe()
    await eu.start(network.join('eu'))
    await active([us, eu])
    expect(eu.table('T').settings.deletionProtection).toBe(true)
    expect(isKnown()).toBe(true)
    await us.engine.define('id-T', [{ register: leaveRegister('eu'), value: {} }])
    await eventually('us has heard that it stays', () => eu.peer('us').pending === 0 && isActive(us, 'eu'))
    expect([isActive(eu, 'eu'), eu.value('T', 'a')]).toEqual([true, 'x'])
  })
})

describe('a table that is gone everywhere', { timeout: 90_000 }, () => {
  it('is not brought back by a region that still knows of it, nor by one that lost its disk', async () => {
    const { network, regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    await us.put('T', 'a', 'x')
    for (const [here, there] of [
      [us, eu],
      [us, us],
    ] as const) {
      const leaving = [{ register: leaveRegister(there.name), value: {} }]
      const own = { register: 'local/status', value: { status: 'DELETING', sinceMs: 0 } }
      await here.engine.define('id-T', here === there ? [own, ...leaving] : leaving)
      await eventually(`gone from ${there.name}`, () => there.engine.tables().length === 0)
    }
    await eventually('ap has heard all', () => us.peer('ap').pending === 0 && eu.peer('ap').pending === 0)
    for (const region of [us, eu, ap]) {
      await region.stop()
      region.wipe()
      network.server(region.name).wipe()
      await region.start(network.join(region.name))
      await eventually('all have met it again', () =>
        regions.every((each) => each.replication.status().peers.every(({ state }) => state === 'idle')),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(regions.map(({ engine }) => engine.tables())).toEqual([[], [], []])
  })
})

describe('regions', { timeout: 90_000 }, () => {
  it('join a running system, and get replicas, without anybody being stopped', async () => {
    const { network, regions } = await world('us', 'eu')
    const [us, eu] = regions as [TestRegion, TestRegion]
    await us.makeTable('T', ['eu'])
    await active([us, eu])
    const writer = new Writer(us, 'T')
    const ap = new TestRegion('ap', names)
    running.push(ap)
    for (const region of [us, eu]) setTopology(region, names, names)
    await ap.start(network.join('ap'))
    await eu.addReplicas('T', ['ap'])
    await active([us, eu, ap])
    await ap.put('T', 'of ap', 'x')
    await writer.stop()
    await agreed([us, eu, ap], 'T')
    expectAll([ap], [writer])
    expect(us.value('T', 'of ap')).toBe('x')
    await eventually('nothing is pending to ap', () => us.peer('ap').pending === 0)
  })

  it('leave: their replicas can be struck from the list, and what only one had heard reaches the other', async () => {
    const { network, regions } = await world('us', 'eu', 'ap')
    const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T', ['eu', 'ap'])
    await active([us, eu, ap])
    for (const [from, to] of [
      ['us', 'ap'],
      ['ap', 'us'],
    ] as const)
      network.cut(from, to, 'reset')
    await ap.put('T', 'told to eu only', 'x')
    await eventually('eu has it', () => eu.value('T', 'told to eu only') === 'x')
    await ap.stop()
    for (const region of [us, eu]) setTopology(region, ['us', 'eu'], names)
    await eventually('us has it from eu', () => us.value('T', 'told to eu only') === 'x')
    await us.engine.define('id-T', [
      { register: 'replica/ap', value: undefined },
      { register: overrideRegister('ap'), value: undefined },
    ])
    await eventually('eu knows', () => eu.replicaStatus('T', 'ap') === undefined)
    await us.put('T', 'after', 'x')
    await agreed([us, eu], 'T')
    expect(us.replication.status().peers.map(({ peer }) => peer)).toEqual(['eu'])
    await eventually('nothing is pending', () => us.peer('eu').pending === 0)
    // It comes back, and finds that it has been given up.
    for (const [from, to] of [
      ['us', 'ap'],
      ['ap', 'us'],
    ] as const)
      network.heal(from, to)
    await ap.start(network.join('ap'))
    for (const region of [us, eu]) setTopology(region, names, names)
    await eventually('ap is rid of its copy', () => ap.engine.tableNamed('T') === undefined)
    expect(us.table('T').replicas.map(({ region }) => region)).toEqual(['us', 'eu'])
  })
})
