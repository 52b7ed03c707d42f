/** A copy of a disk is put back, as a snapshot of a virtual machine is: its region knows less of itself than its peers do. */
import { differenceOfTables } from '../checks.ts'
import type { World } from '../world.ts'
import type { Fault } from './fault.ts'

/**
 * Once or twice, with time to write at the same positions again in between. What was acknowledged since the copy, and nobody
 * else knows, is rightly lost. A clock that goes back with the disk could give a stamp twice, and so it does not.
 */
export const oldDisk: Fault = {
  name: 'old disk',
  world: 6,
  weight: 2,
  aim: 'of which the peers know more than is on it',
  inject: async (scene) => {
    const { world, region, random, durationMs } = scene
    const tables = settledTables(world)
    // A log that is trimmed past what peers have would take with it what nobody else has.
    if (world.logPositionsMax < 1000 || world.cached || tables === undefined || world.oldDisks > 0) return
    // What two regions lost at once, only a third may show: a store is put back when no other one waits to be found out.
    if (world.regions.some(({ setBackEpoch, watch }) => setBackEpoch !== undefined && watch.epoch === setBackEpoch))
      return
    world.oldDisks++
    const putBack = region.copyDisk()
    const times = random.between(1, 2)
    for (let time = 1; time <= times; time++) {
      await world.scheduler.sleep(durationMs / times)
      const isLater = region.clock.wallMs() > (region.watch.latest?.wallMs ?? 0)
      if (scene.healed || !isLater || settledTables(world) !== tables) break
      world.story.tell('world', 'the disk is set back', { region: region.name, time })
      world.wipes++
      putBack()
      const { setBackEpoch } = region
      scene.meetWhen(() => setBackEpoch !== undefined && region.running && region.watch.epoch !== setBackEpoch)
      await world.scheduler.sleep(random.between(0, 500))
      if (!region.running && !scene.healed) await region.start()
    }
    world.oldDisks--
  },
}

/** What tables there are, in every region alike; undefined while that changes. */
export function settledTables(world: World): string | undefined {
  const { chores, regions, replicas } = world
  if (chores > 0 || regions.some(({ engine }) => engine === undefined)) return undefined
  if (differenceOfTables(world) !== undefined) return undefined
  const tables = regions.map(({ engine }) => engine?.tables().map(({ id }) => id))
  return JSON.stringify([tables, [...replicas].map(([id, having]) => [id, [...having].map(({ name }) => name)])])
}
