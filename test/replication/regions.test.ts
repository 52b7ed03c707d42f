/** Three regions, each with a nats-server of its own, and what happens to those. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { eventually } from './eventually.ts'
import { NatsServerProcess, quiet } from './nats.ts'
import { agreed, definition, TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const servers: NatsServerProcess[] = []
const regions: TestRegion[] = []

/** Generous: three regions and three servers on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 60_000 })

afterEach(async () => {
  const stopped = await Promise.allSettled(regions.map((region) => region.stop()))
  await Promise.all(servers.map((server) => server.remove()))
  regions.length = servers.length = 0
  expect(stopped.filter((each) => each.status === 'rejected')).toEqual([])
})

async function world(): Promise<TestRegion[]> {
  servers.push(...(await Promise.all(names.map(() => NatsServerProcess.start()))))
  regions.push(...names.map((name) => new TestRegion(name, names)))
  await Promise.all(regions.map((region) => region.start(busOf(region.name))))
  return regions
}

function busOf(region: string): NatsBus {
  const urls = Object.fromEntries(names.map((name, n) => [name, { url: servers[n]?.url ?? '' }]))
  const { [region]: own = { url: '' }, ...peers } = urls
  return startNatsBus({ region, own, peers, log: quiet })
}

async function sharedTable(): Promise<[TestRegion, TestRegion, TestRegion]> {
  const [us, eu, ap] = (await world()) as [TestRegion, TestRegion, TestRegion]
  await us.makeTable('T', ['eu', 'ap'])
  await eventually('all replicas are active everywhere', () =>
    [us, eu, ap].every((region) => names.every((name) => region.replicaStatus('T', name) === 'ACTIVE')),
  )
  return [us, eu, ap]
}

const allKnown = (region: TestRegion) =>
  eventually(`the peers have confirmed everything of ${region.name}`, () =>
    region.replication.status().peers.every((peer) => peer.pending === 0 && peer.lagMs === 0),
  )

/** Somebody else at a region's nats-server. */
async function meddle<T>(n: number, work: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: servers[n]?.url ?? '' })
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

const inject = (n: number, payload: Buffer) =>
  meddle(n, (connection) => jetstream(connection).publish(`log.${names[n]}.changes`, payload))

const forgetAllButLast = (n: number) =>
  meddle(n, async (connection) => {
    const manager = await jetstreamManager(connection)
    await manager.streams.purge(`LOG_${names[n]}`, { keep: 1 })
  })

describe('three regions', () => {
  it('bring a table with its items to the others, and every write after that', async () => {
    const [us, eu, ap] = (await world()) as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T')
    for (let n = 0; n < 50; n++) await us.put('T', `before ${n}`, 'x')
    await us.addReplicas('T', ['eu', 'ap'])
    await eventually('eu has it', () => eu.replicaStatus('T', 'eu') === 'ACTIVE' && eu.items('T') === 50)
    await eventually('ap has it', () => ap.replicaStatus('T', 'ap') === 'ACTIVE' && ap.items('T') === 50)
    await ap.put('T', 'from ap', 'hello')
    await us.remove('T', 'before 7')
    await eventually('us sees ap’s', () => us.value('T', 'from ap') === 'hello')
    await agreed([us, eu, ap], 'T')
    expect(eu.items('T')).toBe(50)
    expect(eu.table('T').status).toBe('ACTIVE')
    await allKnown(us)
  })

  it('do not tell the others of what was deleted before they had the table', async () => {
    const [us, eu] = (await world()) as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T')
    await us.put('T', 'a', '1')
    await us.put('T', 'b', '2')
    await us.remove('T', 'b')
    await us.addReplicas('T', ['eu'])
    await agreed([us, eu], 'T')
    await allKnown(us)
    expect(eu.rows('T')).toHaveLength(1)
  })

  it('agree on one winner when all write the same item at once', async () => {
    const all = await sharedTable()
    await Promise.all(all.map((region) => region.put('T', 'hot', region.name)))
    await agreed(all, 'T')
    expect(names).toContain(all[0].value('T', 'hot'))
  })

  it('lose nothing when a nats-server is killed and comes back wiped while they write', async () => {
    const [us, eu, ap] = await sharedTable()
    const write = async (from: number) => {
      for (let n = from; n < from + 100; n++) await us.put('T', `item ${n}`, 'x')
    }
    await write(0)
    await servers[0]?.kill()
    await write(100)
    servers[0]?.wipe()
    await servers[0]?.start()
    await write(200)
    await agreed([us, eu, ap], 'T', 20_000)
    expect(ap.items('T')).toBe(300)
    await allKnown(us)
  })

  it('count what a peer lacks and how long, while it is away', async () => {
    const [us, eu] = await sharedTable()
    await allKnown(us)
    await eu.stop()
    for (let n = 0; n < 7; n++) await us.put('T', `item ${n}`, 'x')
    expect(us.peer('eu').pending).toBe(7)
    await eventually('lag grows', () => us.peer('eu').lagMs > 300)
    await eventually('ap has it all', () => us.peer('ap').pending === 0)
    await eu.start(busOf('eu'))
    await eventually('eu has it all', () => us.peer('eu').pending === 0 && eu.items('T') === 7)
    expect(us.peer('eu').lagMs).toBe(0)
  })

  it('bring a wiped region back from its peers, with what it had told only one of them', async () => {
    const [us, eu, ap] = await sharedTable()
    for (let n = 0; n < 20; n++) await us.put('T', `item ${n}`, 'x')
    await agreed([us, eu, ap], 'T')
    await ap.stop()
    await us.put('T', 'told to eu only', 'x')
    await eventually('eu knows', () => eu.value('T', 'told to eu only') === 'x')
    await us.stop()
    await servers[0]?.kill()
    servers[0]?.wipe()
    await servers[0]?.start()
    us.wipe()
    await us.start(busOf('us'))
    await ap.start(busOf('ap'))
    await eventually('us has its table again', () => us.replicaStatus('T', 'us') === 'ACTIVE', 30_000)
    await agreed([us, eu, ap], 'T', 30_000)
    expect(ap.value('T', 'told to eu only')).toBe('x')
    await us.put('T', 'again', 'y')
    await agreed([us, eu, ap], 'T')
    expect(ap.value('T', 'again')).toBe('y')
  })

  it('let a region leave, and join again', async () => {
    const [us, eu, ap] = await sharedTable()
    await us.put('T', 'a', '1')
    await agreed([us, eu, ap], 'T')
    await us.engine.define('id-T', [{ register: 'replica/ap', value: { status: 'DELETING' } }])
    await eventually('ap is rid of it', () => ap.engine.tableNamed('T') === undefined)
    await eventually('us knows', () => us.replicaStatus('T', 'ap') === undefined)
    await us.put('T', 'b', '2')
    await us.addReplicas('T', ['ap'])
    await eventually('ap has it again', () => ap.replicaStatus('T', 'ap') === 'ACTIVE')
    await agreed([us, eu, ap], 'T')
    expect(ap.value('T', 'b')).toBe('2')
  })

  it('refuse a replica where another table has the name', async () => {
    const [us, eu] = (await world()) as [TestRegion, TestRegion, TestRegion]
    await eu.engine.define('another', [
      { register: 'definition', value: definition('T') },
      { register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } },
    ])
    await us.makeTable('T', ['eu'])
    await eventually('us knows', () => us.replicaStatus('T', 'eu') === 'CREATION_FAILED')
    expect(eu.table('T').id).toBe('another')
  })

  it('fill what a stream has forgotten from the origin’s log', async () => {
    const [us, eu, ap] = await sharedTable()
    await eu.stop()
    for (let n = 0; n < 60; n++) await us.put('T', `item ${n}`, 'x')
    await eventually('ap has it all', () => us.peer('ap').pending === 0)
    await forgetAllButLast(0)
    await eu.start(busOf('eu'))
    await eventually('eu has it all', () => eu.items('T') === 60)
    await agreed([us, eu, ap], 'T')
  })

  it('catch up with many messages of one change from the origin’s log, and read on in its stream behind them', async () => {
    const told: string[] = []
    const note = (event: string): void => void told.push(event)
    const log = { ...quiet, info: note, warn: note }
    const [us, eu] = await sharedTable()
    await eu.stop()
    regions.splice(regions.indexOf(eu), 1)
    const count = 700
    for (let n = 0; n < count; n++) {
      await us.put('T', `item ${n}`, `${n}`)
      while (us.replication.status().published < us.engine.flushed()) await new Promise((sent) => setImmediate(sent))
    }
    const back = new TestRegion('eu', names, { log })
    back.disk = eu.disk
    regions.push(back)
    await back.start(busOf('eu'))
    await eventually('all of it is there', () => back.value('T', `item ${count - 1}`) !== undefined)
    await us.put('T', 'one more', 'written later')
    await agreed([us, back], 'T')
    expect(back.items('T')).toBe(count + 1)
    expect(told).toContain('ask for the backlog')
    expect(told).not.toContain('fill a gap')
    await allKnown(us)
  })

  it('merge the state where the origin’s log no longer reaches back, and bring nothing deleted back', async () => {
    const [us, eu, ap] = await sharedTable()
    for (let n = 0; n < 10; n++) await us.put('T', `item ${n}`, 'x')
    await agreed([us, eu, ap], 'T')
    await eu.stop()
    for (let n = 10; n < 60; n++) await us.put('T', `item ${n}`, 'x')
    await us.remove('T', 'item 3')
    await forgetAllButLast(0)
    await us.engine.trimLog(us.engine.flushed())
    await eu.start(busOf('eu'))
    await eu.put('T', 'of eu', 'y')
    await agreed([us, eu, ap], 'T')
    expect(eu.items('T')).toBe(60)
    expect(us.value('T', 'of eu')).toBe('y')
    expect(eu.value('T', 'item 3')).toBeUndefined()
    await allKnown(us)
  })

  it('pass over garbage on a stream, and lose nothing by it', async () => {
    const [us, eu, ap] = await sharedTable()
    await us.put('T', 'before', 'x')
    await inject(0, Buffer.from('no message at all'))
    await us.put('T', 'after', 'x')
    await inject(0, Buffer.from('LGT\u0001\u0009 of another version'))
    await us.put('T', 'last', 'x')
    await agreed([us, eu, ap], 'T')
    expect(ap.value('T', 'last')).toBe('x')
    await allKnown(us)
  })

  // Again where a machine is so busy that the nine seconds are over before it is looked at.
  it('hold what a clock far ahead has written, name it, and let the rest flow', { retry: 2 }, async () => {
    const [us, eu, ap] = await sharedTable()
    await allKnown(us)
    // Far enough for a busy machine to see it held, and then to be waited for.
    let ahead = 9000
    await us.stop()
    const fast = new TestRegion('us', names, {
      clock: { ...systemClock, wallMs: () => systemClock.wallMs() + ahead },
    })
    fast.disk = us.disk
    regions[0] = fast
    await fast.start(busOf('us'))
    await fast.put('T', 'from the future', 'x')
    await eventually('eu holds it', () => eu.peer('us').state === 'held' && eu.peer('us').held === 1)
    await ap.put('T', 'meanwhile', 'y')
    await eventually('the rest flows', () => eu.value('T', 'meanwhile') === 'y')
    expect(eu.value('T', 'from the future')).toBeUndefined()
    expect(eu.engine.clock().wallMs).toBeLessThan(systemClock.wallMs() + 600)
    ahead = 0
    await agreed([fast, eu, ap], 'T')
    expect(eu.value('T', 'from the future')).toBe('x')
    expect(eu.peer('us').state).not.toBe('held')
  })

  it('bring a large table over although the joining region dies half-way, with writes going on', async () => {
    const [us, eu] = (await world()) as [TestRegion, TestRegion, TestRegion]
    await us.makeTable('T')
    const value = 'x'.repeat(500)
    for (let n = 0; n < 5000; n += 500)
      await us.engine.commit(Array.from({ length: 500 }, (_, i) => us.write('T', `item ${n + i}`, value)))
    await us.addReplicas('T', ['eu'])
    await eventually('eu has begun', () => (eu.engine.tableNamed('T') === undefined ? false : eu.items('T') > 0))
    expect(eu.items('T')).toBeLessThan(5000)
    await eu.stop()
    await us.put('T', 'item 5', 'newer')
    await us.remove('T', 'item 4900')
    await eu.start(busOf('eu'))
    await eventually('eu is complete', () => us.replicaStatus('T', 'eu') === 'ACTIVE')
    await agreed([us, eu], 'T')
    expect(eu.items('T')).toBe(4999)
    expect(eu.value('T', 'item 5')).toBe('newer')
  })

  it('apply nothing of a peer behind a wrong address, and let the rest flow', async () => {
    const [us, eu, ap] = await sharedTable()
    // Or it would still fetch ap's whole state, in which there is what us has told ap.
    await eventually('eu follows ap', () => ['live', 'idle'].includes(eu.peer('ap').state))
    await eu.stop()
    const astray = startNatsBus({
      region: 'eu',
      own: { url: servers[1]?.url ?? '' },
      peers: { us: { url: servers[2]?.url ?? '' }, ap: { url: servers[2]?.url ?? '' } },
      log: quiet,
    })
    await eu.start(astray)
    await us.put('T', 'a', '1')
    await eventually('ap has it', () => ap.value('T', 'a') === '1')
    await ap.put('T', 'b', '2')
    await eventually('ap’s changes come', () => eu.value('T', 'b') === '2')
    expect(eu.value('T', 'a')).toBeUndefined()
    expect(['cut', 'unknown', 'refused']).toContain(eu.peer('us').state)
  })

  it('refuse a peer of another version by name, and take it back when it speaks theirs again', async () => {
    const [us, eu, ap] = await sharedTable()
    await us.stop()
    await meddle(0, async (connection) => {
      const here = Buffer.from('LGT\u0003\u0003{"say":"here"}')
      connection.subscribe('ask.us.*', { callback: (_, message) => void message.respond(here) })
      connection.publish('here.us', here)
      await eventually('eu refuses us', () => eu.peer('us').state === 'refused')
      expect(eu.peer('us').reason).toContain('format 3')
      await ap.put('T', 'meanwhile', 'x')
      await eventually('the rest flows', () => eu.value('T', 'meanwhile') === 'x')
    })
    await us.start(busOf('us'))
    await us.put('T', 'again', 'x')
    await agreed([us, eu, ap], 'T')
    await eventually('nothing is refused', () => ['live', 'idle'].includes(eu.peer('us').state))
    expect(eu.peer('us').reason).toBeUndefined()
  })
})
