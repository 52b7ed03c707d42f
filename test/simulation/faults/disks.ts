/** Disks that are full, slow, or gone. */
import { differenceOfTables } from '../checks.ts'
import type { World } from '../world.ts'
import type { Fault, Scene } from './fault.ts'

const empty = ({ regions }: World): void => {
  for (const region of regions) Object.assign(region, { fullChance: 0, flushMs: 1 })
}

function fill({ region, durationMs, during, meetWhen }: Scene, chance: number, isMet: () => boolean): Promise<void> {
  region.fullChance = chance
  meetWhen(isMet)
  return during(durationMs, () => {
    region.fullChance = 0
  })
}

export const diskFull: Fault = {
  name: 'disk full',
  world: 1,
  weight: 1,
  aim: 'when something is to be written',
  inject: (scene) => {
    const { refusedFlushes } = scene.region
    return fill(scene, 1, () => scene.region.refusedFlushes > refusedFlushes)
  },
  heal: empty,
}

export const diskNearlyFull: Fault = {
  name: 'disk nearly full',
  world: 1,
  weight: 1,
  aim: 'so that some writes fail and some do not',
  inject: (scene) => {
    const { region } = scene
    const { refusedFlushes, flushes } = region
    return fill(
      scene,
      0.5,
      () =>
        region.fullChance === 0.5 &&
        region.refusedFlushes > refusedFlushes &&
        region.flushes - flushes > region.refusedFlushes - refusedFlushes,
    )
  },
  heal: empty,
}

export const slowDisk: Fault = {
  name: 'slow disk',
  world: 1,
  weight: 1,
  aim: 'so that batches wait for each other',
  inject: ({ region, random, durationMs, during, meetWhen }) => {
    region.flushMs = random.between(5, 400)
    meetWhen(() => region.flushMs > 1 && region.writesUnderWay > 0)
    return during(durationMs, () => {
      region.flushMs = 1
    })
  },
  heal: empty,
}

/** One at a time, and only when all replicas are complete: what nobody else has by then is rightly lost. */
export const wipeDisk: Fault = {
  name: 'wipe disk',
  world: 1,
  weight: 1,
  aim: 'with a replica on it that comes back from the others',
  inject: async (scene) => {
    const { world, region, durationMs, meetWhen } = scene
    if (world.chores > 0 || world.oldDisks > 0 || world.regions.some(({ engine }) => engine === undefined)) return
    if (differenceOfTables(world) !== undefined) return
    const shared = [...world.complete].filter(([, having]) => having.has(region) && having.size > 1)
    world.story.tell('world', 'the disk is gone', { region: region.name })
    world.wipes++
    region.wipeDisk()
    meetWhen(() => shared.some(([id]) => world.complete.get(id)?.has(region)))
    await world.scheduler.sleep(durationMs)
    if (!region.running && !scene.healed) await region.start()
  },
}
