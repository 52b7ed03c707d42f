/** Joins of many tables at once. What is asserted is counted: how many questions are under way together, not how long they take. */
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { decodeRequest } from '../../src/core/change/control.ts'
import { joinsUnderWayMax, requestsUnderWayMax } from '../../src/core/limits/limits.ts'
import type { Answerer } from '../../src/ports/bus.ts'
import { eventually } from './eventually.ts'
import { TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const regions: TestRegion[] = []
const tables = Array.from({ length: 60 }, (_, n) => `T${n}`)

afterEach(async () => {
  await Promise.all(regions.map((region) => region.stop()))
  regions.length = 0
})

type Count = { readonly asked: Map<string, number>; underWay: number; most: number }

/** What a region is asked, each answered 20 ms later. */
function counting(handler: Answerer, count: Count): Answerer {
  return async (payload, asker) => {
    const { say } = decodeRequest(payload)
    if (say === 'confirm' || say === 'pulse' || say === 'hello') return handler(payload, asker)
    count.asked.set(say, (count.asked.get(say) ?? 0) + 1)
    count.most = Math.max(count.most, ++count.underWay)
    await systemClock.sleep(20)
    count.underWay--
    return handler(payload, asker)
  }
}

async function world() {
  const network = new MemoryNetwork(systemClock, systemRandom)
  regions.push(...names.map((name) => new TestRegion(name, names)))
  const [us, eu] = regions as [TestRegion, TestRegion, TestRegion]
  const counts = new Map<string, Count>()
  for (const region of regions) {
    const bus = network.join(region.name)
    await region.start(bus)
    const count: Count = { asked: new Map(), underWay: 0, most: 0 }
    counts.set(region.name, count)
    const { handler } = bus
    if (handler !== undefined) bus.handler = counting(handler, count)
  }
  return { us, eu, network, counts }
}

async function active(region: TestRegion, replica: string): Promise<void> {
  await eventually(
    `every table in ${replica} is active, as ${region.name} sees it`,
    () => tables.every((table) => region.replicaStatus(table, replica) === 'ACTIVE'),
    60_000,
  )
}

describe('many tables', () => {
  it('come to a region together, a bounded number at a time, with few questions for what they share', async () => {
    const { us, eu, counts } = await world()
    for (const table of tables) await us.makeTable(table, ['eu'])
    await active(us, 'eu')
    await active(eu, 'eu')
    const count = counts.get('us') as Count
    expect(count.most).toBeGreaterThan(joinsUnderWayMax / 2)
    // Joins, transfers of the whole state and merges of what is owed have a bound each; a region answers no more than this at once.
    expect(count.most).toBeLessThanOrEqual(requestsUnderWayMax)
    // A transfer of the whole state may have asked for those that were begun by then.
    expect(count.asked.get('rows')).toBeLessThan(2 * tables.length)
    // Each would have asked by itself.
    expect(count.asked.get('cursors')).toBeLessThan(tables.length)
  }, 90_000)

  it('have the state of a peer that lost its place merged, several tables at a time', async () => {
    const { us, eu, counts, network } = await world()
    for (const table of tables) await us.makeTable(table, ['eu'])
    await active(eu, 'eu')
    for (const table of tables) await us.put(table, 'id', table)
    await eu.stop()
    eu.wipe()
    const count = counts.get('us') as Count
    Object.assign(count, { most: 0 })
    await eu.start(network.join('eu'))
    await eventually('eu has everything again', () => tables.every((table) => eu.value(table, 'id') === table), 60_000)
    expect(count.most).toBeGreaterThan(4)
  }, 90_000)
})
