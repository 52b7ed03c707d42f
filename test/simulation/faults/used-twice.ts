/** A copy of a region's store is started beside it: two processes speak for one region, until one of them is stopped. */
import type { World } from '../world.ts'
import type { Fault } from './fault.ts'
import { settledTables } from './old-disk.ts'

/** Words of two processes tell them apart after some seconds. */
const besideMsMin = 8000

/**
 * The operator does what the region's message says: stops the later process, which is the copy unless the region itself was started again meanwhile, and starts
 * the region again. Nothing that it has acknowledged may be lost, and no other region may take its own store for an older one.
 */
export const usedTwice: Fault = {
  name: 'store used twice',
  world: 11,
  onlyNamed: true,
  weight: 1,
  aim: 'until the copy was told to stop',
  inject: async (scene) => {
    const { world, region, durationMs } = scene
    if (!isPossible(world) || settledTables(world) === undefined) return
    world.oldDisks++
    world.chores++
    const copy = await region.startCopy()
    scene.meetWhen(copy.isStopped)
    await world.scheduler.sleep(besideMsMin + durationMs)
    copy.kill()
    region.crash()
    await region.start()
    world.chores--
    world.oldDisks--
  },
}

/** What a copy would do beside its replication is not watched. */
function isPossible({ recovery, triggers, expiring, cached, oldDisks, regions }: World): boolean {
  if ([recovery, triggers, expiring].some((each) => each !== undefined) || cached) return false
  return oldDisks === 0 && regions.length > 1
}
