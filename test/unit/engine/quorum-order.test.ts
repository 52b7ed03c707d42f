import { describe, expect, test } from 'vitest'
import { AesKeySeal } from '../../../src/adapters/encryption/key-seal.ts'
import type { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { quorumReportMs, quorumWaitMsMax } from '../../../src/core/limits/quorum-limits.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Write } from '../../../src/core/write/write.ts'
import { unsealed } from '../../../src/engine/store/sealed-store.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { orderKey, rowKey } from '../../../src/engine/store/keys.ts'
import { del, itemAt, itemOf, put, type RegionName, regionNames, tableEdits } from './region.ts'
import { groupName, SharedWorld, type SharedRegion } from './shared-world.ts'

/** Rows, index rows and deletes, and the order's place with the digest. */
function stateOf(store: MemoryStore): readonly string[] {
  const rows = [...store.disk.map.entries({ from: Buffer.of(0x10), to: Buffer.of(0x23) })]
  const book = JSON.parse(unsealed(orderKey, store.get(orderKey) as Buffer).toString()) as { digest?: number }
  return [
    String(book.digest),
    ...rows.map(({ key, value }) => `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`),
  ]
}

const counter = (table: Table, n: number): Write => {
  const { key, keyAttributes } = del(table, itemOf('p', n))
  const update = { actions: [{ action: 'add' as const, path: ['n'] as const, value: { N: '1' } }] }
  return { kind: 'update', table: table.id, key, keyAttributes, update }
}

const tableIn = ({ engine }: SharedRegion): Table => engine.tableNamed('t') as Table

async function begin(world: SharedWorld, replicas: readonly RegionName[] = regionNames): Promise<void> {
  for (const name of replicas) await world.start(name)
  const [first] = world.all()
  await (first as SharedRegion).engine.define('id-t', tableEdits('t'))
  for (const { engine } of world.all()) await engine.barrier()
}

type Counts = { accepted: number; unknown: number }

async function increment(engine: Engine, write: Write, count: Counts): Promise<void> {
  const { accepted } = await engine.commit([write])
  count.unknown -= 1
  if (accepted) count.accepted += 1
}

/** One client of a region that increments counters, and writes and deletes other items. */
async function client(world: SharedWorld, name: RegionName, counts: readonly Counts[]): Promise<void> {
  for (let n = 0; n < 25; n++) {
    await world.time.sleep(world.random.between(1, 800))
    const { engine } = world.regions.get(name) as SharedRegion
    const table = engine.tableNamed('t')
    if (table === undefined) continue
    const at = world.random.between(0, 1)
    const count = counts[at] as Counts
    // A process that has died answers nothing.
    count.unknown += 1
    const written = increment(engine, counter(table, at), count).catch(() => undefined)
    const item = itemOf('other', world.random.between(0, 3))
    const other = engine.commit([world.random.chance(0.6) ? put(table, item) : del(table, item)])
    await Promise.race([Promise.all([written, other.catch(() => undefined)]), world.time.sleep(10_000)])
  }
}

async function trouble(world: SharedWorld, replicas: readonly RegionName[]): Promise<void> {
  const { random, quorums, time } = world
  for (let n = 0; n < 12; n++) {
    await time.sleep(random.between(200, 3000))
    const name = random.pick(regionNames)
    const what = random.between(0, 5)
    if (what === 0) world.cutOff(name)
    else if (what === 1) world.heal()
    else if (what === 2) {
      quorums.stop(name)
      time.after(random.between(10, 4000), () => quorums.start(name))
    } else if (what === 3) await world.restart(random.pick(replicas))
    else if (what === 4) world.clockOf(name).step(random.between(-5000, 5000))
    else
      Object.assign(quorums.chances, {
        refuse: random.fraction() / 5,
        loseAnswer: random.fraction() / 3,
        placeTwice: random.fraction() / 3,
      })
  }
}

async function calm(world: SharedWorld): Promise<void> {
  world.heal()
  world.storeFails = 0
  Object.assign(world.quorums.chances, { refuse: 0, loseAnswer: 0, placeTwice: 0 })
  for (const name of regionNames) world.quorums.start(name)
  await world.time.sleep(15_000)
  for (const { engine } of world.all()) await engine.barrier()
  // Every replica has decided the barriers of the others.
  await world.time.sleep(1000)
  for (const { engine } of world.all()) await engine.setNote('flushed', 1)
}

function run(
  seed: number,
  replicas: readonly RegionName[],
  work: (world: SharedWorld) => Promise<void>,
): Promise<void> {
  const world = new SharedWorld(seed, replicas)
  return world.time.run(work(world))
}

describe('an order that regions share', () => {
  test.each(Array.from({ length: 4 }, (_, n) => n + 1))(
    'holds the same bytes everywhere, and counts once (seed %i)',
    async (seed) => {
      const replicas = seed % 3 === 0 ? regionNames.slice(0, 2) : regionNames
      const counts: Counts[] = [
        { accepted: 0, unknown: 0 },
        { accepted: 0, unknown: 0 },
      ]
      await run(seed, replicas, async (world) => {
        await begin(world, replicas)
        world.storeFails = seed % 2 === 0 ? 0.02 : 0
        await Promise.all([...replicas.map((name) => client(world, name, counts)), trouble(world, replicas)])
        await calm(world)
        const [first, ...others] = world.all() as [SharedRegion, ...SharedRegion[]]
        expect(world.all().flatMap(({ ends }) => ends)).toEqual([])
        for (const other of others) expect(stateOf(other.store)).toEqual(stateOf(first.store))
        for (const [n, { accepted, unknown }] of counts.entries()) {
          const value = Number(
            (itemAt(first.engine, tableIn(first), itemOf('p', n))?.['n'] as { N: string } | undefined)?.N ?? 0,
          )
          expect(value).toBeGreaterThanOrEqual(accepted)
          expect(value).toBeLessThanOrEqual(accepted + unknown)
          expect(accepted).toBeGreaterThan(3)
        }
      })
    },
  )

  const inWorld = async (work: (world: SharedWorld) => Promise<void>, guards = false): Promise<void> => {
    await run(7, regionNames, async (world) => {
      world.guards = guards
      await begin(world)
      await work(world)
    })
  }
  const pair = (world: SharedWorld): readonly [SharedRegion, SharedRegion] =>
    world.all().slice(0, 2) as unknown as readonly [SharedRegion, SharedRegion]
  const entriesIn = (world: SharedWorld): number => world.quorums.server('us-east-1').copies.get(groupName)?.placed ?? 0

  test('a write is durable in its region, and a strong read finds it in another', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      const item = itemOf('p', 1, { color: { S: 'red' } })
      await here.engine.commit([put(tableIn(here), item)])
      expect(itemAt(here.engine, tableIn(here), item)).toEqual(item)
      await there.engine.barrier()
      expect(itemAt(there.engine, tableIn(there), item)).toEqual(item)
    }))

  test('a condition is decided on what another region wrote before, whether it is known here or not', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      const isNew = { op: 'attribute_not_exists', path: ['pk'] } as const
      const results = await Promise.all(
        [here, there].map((each) => each.engine.commit([put(tableIn(each), itemOf('p', 1), isNew)])),
      )
      expect(results.filter(({ accepted }) => accepted).length).toBe(1)
    }))

  test('two regions that write one item at a time: one is refused, unless conflicts are not told', async () => {
    const outcomes = (guards: boolean): Promise<readonly string[]> =>
      new Promise((resolve, reject) => {
        inWorld(async (world) => {
          const written = pair(world).map((each) => each.engine.commit([put(tableIn(each), itemOf('p', 1))]))
          const settled = await Promise.allSettled(written)
          // Both know of it now.
          const [here] = pair(world)
          await here.engine.barrier()
          await here.engine.commit([put(tableIn(here), itemOf('p', 1))])
          resolve(settled.map((each) => (each.status === 'rejected' ? (each.reason as ServiceError).code : 'written')))
        }, guards).catch(reject)
      })
    expect([...(await outcomes(true))].toSorted()).toEqual(['ReplicatedWriteConflictException', 'written'])
    expect(await outcomes(false)).toEqual(['written', 'written'])
  })

  test('a region without a majority refuses after six seconds, reads on, and takes part again', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      const item = itemOf('p', 1)
      await here.engine.commit([put(tableIn(here), item)])
      world.cutOff('us-east-1')
      const fromMs = world.time.nowMs
      await expect(here.engine.commit([put(tableIn(here), itemOf('p', 2))])).rejects.toMatchObject({
        code: 'InternalServerError',
      })
      await expect(here.engine.barrier()).rejects.toThrow(ServiceError)
      expect(world.time.nowMs - fromMs).toBeLessThan(2 * quorumWaitMsMax + 10)
      expect(here.order.sight()).toMatchObject({ state: 'minority' })
      expect(itemAt(here.engine, tableIn(here), item)).toEqual(item)
      await world.time.sleep(5000)
      await there.engine.commit([put(tableIn(there), itemOf('p', 3))])
      world.heal()
      await world.time.sleep(5000)
      await here.engine.barrier()
      expect(itemAt(here.engine, tableIn(here), itemOf('p', 3))).toBeDefined()
    }))

  test('what is appended together goes together, and reads that wait share one entry', () =>
    inWorld(async (world) => {
      const [here] = pair(world)
      const before = entriesIn(world)
      await Promise.all(Array.from({ length: 500 }, (_, n) => here.engine.commit([put(tableIn(here), itemOf('p', n))])))
      expect(entriesIn(world) - before).toBeLessThan(6)
      const between = entriesIn(world)
      await Promise.all(Array.from({ length: 500 }, () => here.engine.barrier()))
      expect(entriesIn(world) - between).toBeLessThan(6)
    }))

  test('a replica whose rows differ from those of the two others stops, and they go on', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      const key = put(tableIn(here), itemOf('p', 1)).key
      await here.engine.commit([put(tableIn(here), itemOf('p', 1, { n: { N: '1' } }))])
      await world.time.sleep(1000)
      const at = rowKey(tableIn(here).number, key)
      await here.store.write([{ key: at, value: undefined }])
      for (const each of world.all()) {
        await each.engine.commit([counter(tableIn(each), 1)])
        await world.time.sleep(1000)
      }
      for (const each of world.all().slice(1)) await each.engine.barrier()
      await world.time.sleep(1000)
      expect(here.ends).toEqual([expect.stringContaining('differs')])
      await expect(here.engine.commit([counter(tableIn(here), 1)])).rejects.toMatchObject({
        code: 'ServiceUnavailable',
      })
      expect(there.ends).toEqual([])
      await there.engine.commit([counter(tableIn(there), 1)])
    }))

  test('entries that every replica has durably are trimmed, and a replica that lacks trimmed ones says so', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      for (let n = 0; n < 1200; n += 1) {
        await here.engine.barrier()
        if (n % 500 === 0) for (const each of world.all()) await each.engine.commit([counter(tableIn(each), 1)])
      }
      for (const each of world.all()) await each.engine.commit([counter(tableIn(each), 1)])
      await world.time.sleep(quorumReportMs + 5000)
      const first = world.quorums.server('us-east-1').copies.get(groupName)?.first ?? 0
      expect(first).toBeGreaterThan(1024)
      there.clock.crash()
      world.quorums.crash(there.name)
      const late = await world.start(there.name)
      await world.time.sleep(5000)
      expect(late.ends).toEqual([expect.stringContaining('trimmed')])
      const fresh = await world.replace(there.name, here.name)
      await fresh.engine.barrier()
      await fresh.engine.commit([counter(tableIn(fresh), 1)])
      await here.engine.barrier()
      expect(fresh.ends).toEqual([])
    }))

  test('entries of reads alone are trimmed too', () =>
    inWorld(async (world) => {
      const [here] = pair(world)
      for (let n = 0; n < 1700; n += 1) await here.engine.barrier()
      await world.time.sleep(2 * quorumReportMs + 5000)
      expect(world.quorums.server('us-east-1').copies.get(groupName)?.first).toBeGreaterThan(1024)
      await world.restart(here.name)
      const again = world.regions.get(here.name) as SharedRegion
      await again.engine.barrier()
      expect(again.ends).toEqual([])
    }))

  test('an idle replica has no timer: it tells once what it has decided, and then nothing is due', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      await here.engine.commit([put(tableIn(here), itemOf('p', 1))])
      await there.engine.barrier()
      await world.time.sleep(1000)
      expect(world.all().map(({ timers }) => timers.waiting)).toEqual([1, 1, 1])
      await world.time.sleep(quorumReportMs + quorumWaitMsMax)
      const [entries, fired] = [entriesIn(world), world.all().map(({ timers }) => timers.fired)]
      expect(world.all().map(({ timers }) => timers.waiting)).toEqual([0, 0, 0])
      await world.time.sleep(60 * quorumReportMs)
      expect(entriesIn(world)).toBe(entries)
      expect(world.all().map(({ timers }) => timers.fired)).toEqual(fired)
      await here.engine.barrier()
      await world.time.sleep(1000)
      expect(world.all().map(({ timers }) => timers.waiting)).toEqual([0, 0, 0])
      await there.engine.commit([put(tableIn(there), itemOf('p', 2))])
      await here.engine.barrier()
      await world.time.sleep(1000)
      expect(world.all().map(({ timers }) => timers.waiting)).toEqual([1, 1, 1])
      for (const { order } of world.all()) order.close()
      expect(world.all().map(({ timers }) => timers.waiting)).toEqual([0, 0, 0])
    }))

  test('what is appended without the key is passed over in every region', () =>
    inWorld(async (world) => {
      const [here, there] = pair(world)
      const stream = await world.quorums
        .join('us-west-2')
        .open(groupName, [...regionNames])
        .catch(() => undefined)
      expect(stream).toBeUndefined()
      const server = world.quorums.server('us-east-1')
      const sealed = new AesKeySeal(world.random).seal(Buffer.alloc(32, 1), Buffer.from('x'), Buffer.from('anything'))
      const names = ['us-east-1/9/a/1', 'another/1/a/1', 'no name at all', '', `${'x'.repeat(120)}/1/a/1`]
      for (const id of names)
        for (const bytes of [sealed, Buffer.alloc(0)]) server.place(groupName, { id, bytes }, () => {}, 'again')
      await here.engine.commit([put(tableIn(here), itemOf('p', 1))])
      await there.engine.barrier()
      expect(itemAt(there.engine, tableIn(there), itemOf('p', 1))).toBeDefined()
      expect(world.all().flatMap(({ ends }) => ends)).toEqual([])
      expect(entriesIn(world)).toBeGreaterThan(10)
    }))

  test.each([21, 22])('a replica starts from the state of another that goes on (seed %i)', async (seed) => {
    await run(seed, regionNames, async (world) => {
      await begin(world)
      const [here, there] = pair(world)
      const counts = [0, 1].map((): Counts => ({ accepted: 0, unknown: 0 }))
      const items = Array.from({ length: 40 }, (_, n) => put(tableIn(here), itemOf('many', n)))
      for (const item of items) await here.engine.commit([item])
      const others = regionNames.filter((name) => name !== there.name)
      const clients = Promise.all(others.map((name) => client(world, name, counts)))
      await world.time.sleep(3000)
      const fresh = await world.replace(there.name, here.name)
      await clients
      await calm(world)
      expect(fresh.ends).toEqual([])
      for (const { store } of world.all()) expect(stateOf(store)).toEqual(stateOf(here.store))
      await world.replace(here.name, fresh.name)
      await calm(world)
      for (const { store } of world.all()) expect(stateOf(store)).toEqual(stateOf(fresh.store))
    })
  })
})
