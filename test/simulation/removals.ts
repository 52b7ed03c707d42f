/**
 * Tables that are removed in all regions: each region deletes its own replica at once, or one region removes the others and then deletes the
 * last. A table of the same name follows. In the end no region knows anything of those that are gone.
 */
import type { TableId } from '../../src/core/table/table.ts'
import type { Administrator } from './administrator.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { removedTables } from './shapes.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

const removalsSeed = 0x9e4e5
const name = 'removed'
/** Mean time between two of them: clients write to it meanwhile. */
const meanMs = 1500
/** Longer than the least age of what is forgotten, after everything has settled. */
const forgottenMsMax = 60_000
const pollMs = 500

export async function removeTables(world: World, administrator: Administrator, seed: number): Promise<void> {
  const { scheduler } = world
  const random = new SeededRandom(seed ^ removalsSeed)
  const regions = [...world.regions]
  for (let round = random.between(1, 3); round > 0; round--) {
    const home = random.pick(regions)
    const others = regions.filter((region) => region !== home)
    const pauses = [meanMs * 2 * random.fraction(), meanMs * 2 * random.fraction()] as const
    const isTogether = random.chance(0.5)
    await scheduler.sleep(pauses[0])
    await administrator.createTable(home, name, random.chance(0.5))
    const id = home.idOf(name)
    if (id === undefined) return
    if (others.length > 0) await administrator.addReplicas(home, name, others)
    await scheduler.sleep(pauses[1])
    await Promise.all(regions.map((region) => administrator.untilUsable(region, name)))
    if (isTogether) await Promise.all(regions.map((region) => administrator.deleteTable(region, name)))
    else {
      await Promise.all(others.map((other) => administrator.removeReplica(home, name, other)))
      await administrator.deleteTable(home, name)
    }
    if (others.length > 0) world.removedTables.add(id)
  }
}

/** Once all have settled: no region names a table to another for ever. */
export async function untilForgotten({ removedTables: ids, regions, scheduler, sightings }: World): Promise<void> {
  const untilMs = scheduler.nowMs + forgottenMsMax
  for (;;) {
    const known = knownBy(regions, ids)
    if (known === undefined) break
    expectThat(
      scheduler.nowMs < untilMs,
      'registers of removed tables are forgotten',
      () => `${known.region} still knows ${known.id} after ${forgottenMsMax} ms`,
    )
    await scheduler.sleep(pollMs)
  }
  if (ids.size > 0) sightings.meet(removedTables.name)
}

function knownBy(
  regions: readonly SimulatedRegion[],
  ids: ReadonlySet<TableId>,
): { readonly region: string; readonly id: TableId } | undefined {
  for (const { name: region, engine } of regions) {
    const id = engine?.knownTables().find((each) => ids.has(each))
    if (id !== undefined) return { region, id }
  }
  return undefined
}
