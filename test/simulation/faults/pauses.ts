/** Operators who hold replication back. */
import { StoreFailed, StoreFull } from '../../../src/ports/store.ts'
import type { Fault, Scene } from './fault.ts'
import { lacksChanges } from './lacks.ts'

type Paused = { readonly table: string } | { readonly link: readonly [string, string] }

async function pause({ region, durationMs }: Scene, paused: Paused): Promise<void> {
  const pausing = region.replication?.pauses.pause(paused, durationMs)
  await Promise.race([pausing, region.ended]).catch((error: unknown) => {
    if (!(error instanceof StoreFull) && !(error instanceof StoreFailed)) throw error
  })
}

export const pauseLink: Fault = {
  name: 'pause link',
  world: 1,
  weight: 1,
  aim: 'while changes come over it',
  inject: (scene) => {
    const { region, pair, meetWhen } = scene
    const [a, b] = pair
    const other = a === region ? b : a
    const paused = (): boolean => (region.replication?.pauses.ofLink(other.name, region.name) ?? 0) > 0
    meetWhen(() => (a === region || b === region) && paused() && lacksChanges(region, other))
    return pause(scene, { link: [a.name, b.name] })
  },
}

export const pauseTable: Fault = {
  name: 'pause table',
  world: 1,
  weight: 1,
  aim: 'while changes of it are passed over',
  inject: (scene) => {
    const { world, region, random, meetWhen } = scene
    const table = random.pick([...world.replicas.keys(), ''])
    meetWhen(() => world.regions.some(({ name }) => region.engine?.note(`replication/parked/${name}`) !== undefined))
    return pause(scene, { table })
  },
}
