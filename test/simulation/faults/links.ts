/** Links that are cut, that stall, and that lose, repeat and reorder what they carry. */
import type { Link } from '../../../src/adapters/memory/memory-link.ts'
import type { World } from '../world.ts'
import type { Fault, Pair, Scene } from './fault.ts'
import { lacksChanges, placeOf } from './lacks.ts'

const behind = 'while one of the two lacks changes of the other'

/** All links, whatever has become of them. */
export const mendLinks = ({ network }: World): void => network.mend()

function cut(scene: Scene, pairs: readonly Pair[], durationMs: number): Promise<void> {
  const { network } = scene.world
  const directions = pairs.flatMap(([a, b]) => [[a.name, b.name] as const, [b.name, a.name] as const])
  for (const [from, to] of directions) network.cut(from, to, scene.how)
  scene.meetWhen(() => pairs.some(([a, b]) => isDown(scene.world, [a, b]) && lacksChanges(a, b)))
  return scene.during(durationMs, () => {
    for (const [from, to] of directions) network.heal(from, to)
  })
}

function isDown({ network }: World, [a, b]: Pair): boolean {
  return network.link(a.name, b.name).state !== 'up' || network.link(b.name, a.name).state !== 'up'
}

/** The one direction, as a rule: what the two say to each other goes both ways. */
async function disturb(scene: Scene, how: Partial<Link>): Promise<void> {
  const { world, pair, random, durationMs, during } = scene
  const [a, b] = pair
  const links = [
    world.network.link(a.name, b.name),
    ...(random.chance(0.5) ? [world.network.link(b.name, a.name)] : []),
  ]
  const before = Object.fromEntries(Object.keys(how).map((name) => [name, links[0]?.[name as keyof Link]]))
  for (const link of links) Object.assign(link, how)
  await during(durationMs, () => links.forEach((link) => Object.assign(link, before)))
}

/** Changes of one of the two arrive at the other while it lasts. */
function meetWhenUsed({ meetWhen, pair: [a, b] }: Scene, lasts: () => boolean): void {
  const from = [placeOf(a, b), placeOf(b, a)]
  meetWhen(() => lasts() && (placeOf(a, b) > (from[0] ?? 0) || placeOf(b, a) > (from[1] ?? 0)))
}

export const cutOneWay: Fault = {
  name: 'cut one way',
  world: 1,
  weight: 1,
  aim: behind,
  inject: async ({ world, pair: [a, b], how, durationMs, during, meetWhen }) => {
    world.network.cut(a.name, b.name, how)
    meetWhen(() => isDown(world, [a, b]) && (lacksChanges(a, b) || lacksChanges(b, a)))
    await during(durationMs, () => world.network.heal(a.name, b.name))
  },
  heal: mendLinks,
}

export const cutLink: Fault = {
  name: 'cut link',
  world: 1,
  weight: 1,
  aim: behind,
  inject: (scene) => cut(scene, [scene.pair], scene.durationMs),
  heal: mendLinks,
}

export const isolate: Fault = {
  name: 'isolate',
  world: 1,
  weight: 1,
  aim: 'while it lacks changes of another',
  inject: (scene) => {
    const { world, region, durationMs } = scene
    const others = world.regions.filter((other) => other !== region)
    return cut(
      scene,
      others.map((other) => [region, other] as const),
      durationMs,
    )
  },
  heal: mendLinks,
}

export const cutAll: Fault = {
  name: 'cut all',
  world: 1,
  weight: 1,
  aim: 'while some region lacks changes of another',
  inject: (scene) => cut(scene, scene.world.pairs(), scene.durationMs),
  heal: mendLinks,
}

export const flap: Fault = {
  name: 'flap',
  world: 1,
  weight: 1,
  aim: behind,
  inject: async (scene) => {
    const { world, random, pair, durationMs } = scene
    for (let times = random.between(2, 6); times > 0 && !scene.healed; times--) {
      await cut(scene, [pair], durationMs / 6)
      await world.scheduler.sleep(random.between(0, 500))
    }
  },
  heal: mendLinks,
}

export const stallLink: Fault = {
  name: 'stall link',
  world: 1,
  weight: 1,
  aim: 'while changes go over it',
  inject: async (scene) => {
    const [a, b] = scene.pair
    const link = scene.world.network.link(a.name, b.name)
    meetWhenUsed(scene, () => link.stallChance > 0)
    await disturb(scene, { stallChance: 0.05, stallMs: scene.random.pick([300, 1500]) })
  },
  heal: mendLinks,
}

export const unrulyLink: Fault = {
  name: 'unruly link',
  world: 1,
  weight: 1,
  aim: 'while changes go over it',
  inject: async (scene) => {
    const { random, world, pair } = scene
    const link = world.network.link(pair[0].name, pair[1].name)
    meetWhenUsed(scene, () => link.loseChance + link.duplicateChance + link.reorderChance > 0)
    await disturb(scene, {
      loseChance: random.pick([0, 0.05, 0.3]),
      duplicateChance: random.pick([0, 0.05, 0.3]),
      reorderChance: random.pick([0, 0.05, 0.3]),
    })
  },
  heal: mendLinks,
}
