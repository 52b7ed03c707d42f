/**
 * Quorum servers that flush late, as JetStream does unless `sync_interval` is `always`: a power cut of two of three takes entries that were acknowledged.
 * The stores of the replicas have what they have decided, and none goes on as if nothing had happened.
 */
import { expect, test } from 'vitest'
import type { Table } from '../../../src/core/table/table.ts'
import { itemAt, itemOf, put, type RegionName, regionNames, tableEdits } from './region.ts'
import { groupName, type SharedRegion, SharedWorld } from './shared-world.ts'

const [one, two, third] = regionNames as readonly [RegionName, RegionName, RegionName]
const lost = 3
const tableIn = ({ engine }: SharedRegion): Table => engine.tableNamed('t') as Table
const has = (region: SharedRegion, n: number): boolean =>
  itemAt(region.engine, tableIn(region), itemOf('p', n)) !== undefined

/** Three replicas with ten acknowledged writes; then the power of two servers fails, and they elect without the third. */
async function cut(world: SharedWorld): Promise<void> {
  for (const name of regionNames) await world.start(name)
  const here = world.regions.get(one) as SharedRegion
  await here.engine.define('id-t', tableEdits('t'))
  for (const { engine } of world.all()) await engine.barrier()
  for (let n = 0; n < 10; n++) await here.engine.commit([put(tableIn(here), itemOf('p', n))])
  await world.time.sleep(2000)
  for (const name of regionNames) world.quorums.stop(name)
  for (const name of [one, two]) world.quorums.server(name).loseTail(groupName, lost)
  for (const name of [one, two]) world.quorums.start(name)
  await world.time.sleep(5000)
}

function run(work: (world: SharedWorld) => Promise<void>): Promise<void> {
  const world = new SharedWorld(11)
  return world.time.run(work(world))
}

const placed = (world: SharedWorld, name: RegionName): number =>
  world.quorums.server(name).copies.get(groupName)?.placed ?? 0

test('acknowledged entries are lost with the power of two servers, and the replica that writes next says so', () =>
  run(async (world) => {
    await cut(world)
    const region = world.regions.get(one) as SharedRegion
    expect(placed(world, one)).toBeLessThan(region.order.sight().applied)
    await expect(region.engine.commit([put(tableIn(region), itemOf('p', 20))])).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    })
    expect(region.ends).toEqual([expect.stringMatching(/^trimmed: the stream gave place \d+/)])
    // What was acknowledged is in the stores of all replicas that decided it.
    for (const each of world.all()) for (let n = 0; n < 10; n++) expect(has(each, n)).toBe(true)
  }))

test('no replica answers a strong read from a state that the others have not', () =>
  run(async (world) => {
    await cut(world)
    world.quorums.start(third)
    await world.time.sleep(5000)
    const reads = world.all().map(async ({ engine, ends }) => {
      await engine.barrier().catch(() => undefined)
      return ends.length
    })
    const ended = await Promise.all(reads)
    await world.time.sleep(120_000)
    // A read is an entry too, so each replica meets the other history with its first one, or with what the others tell of their rows.
    expect(ended.some((count) => count > 0)).toBe(true)
    const going = world.all().filter(({ ends }) => ends.length === 0)
    for (const each of going) for (let n = 0; n < 10; n++) expect(has(each, n)).toBe(true)
  }))

/** As a region does it: each that has ended takes the state of another one, whether that has ended or not. */
async function renewed(world: SharedWorld): Promise<void> {
  for (let round = 0; round < 30; round++) {
    for (const { engine } of world.all()) await engine.barrier().catch(() => undefined)
    const ended = world.all().filter(({ ends }) => ends.length > 0)
    if (ended.length === 0) return
    const [{ name }] = ended as [SharedRegion]
    const source = regionNames.find((each) => each !== name) as RegionName
    await world.replace(name, source)
    await world.time.sleep(1000)
  }
}

test('the replicas go on once the stream has passed what it lost, with all that they had decided', () =>
  run(async (world) => {
    await cut(world)
    world.quorums.start(third)
    await world.time.sleep(5000)
    await renewed(world)
    for (const each of world.all()) {
      await each.engine.barrier()
      for (let n = 0; n < 10; n++) expect(has(each, n)).toBe(true)
    }
    const here = world.regions.get(one) as SharedRegion
    await here.engine.commit([put(tableIn(here), itemOf('p', 30))])
    for (const each of world.all()) {
      await each.engine.barrier()
      expect(has(each, 30)).toBe(true)
    }
  }))
