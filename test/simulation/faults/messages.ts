/** Peers that send what cannot be right: another version, garbage, changes that no honest region makes. */
import { otherVersion } from '../corruption.ts'
import type { World } from '../world.ts'
import type { Fault, Scene } from './fault.ts'
import { forging, forgingPositions } from '../forging.ts'
import { placeOf } from './lacks.ts'
import { mendLinks } from './links.ts'

/** How often nodes have said this of a peer, in all regions. */
export function said({ regions, story }: World, event: string): number {
  return regions.reduce((sum, { name }) => sum + story.count(name, event), 0)
}

function meetWhenSaid({ world, meetWhen }: Scene, event: string): void {
  const before = said(world, event)
  meetWhen(() => said(world, event) > before)
}

/** One link at a time, in the one direction or in both. */
async function corrupt(scene: Scene, kind: 'garbage' | 'poison'): Promise<void> {
  const { world, pair, random, durationMs, during } = scene
  const { network } = world
  if (world.pairs().some(([from, to]) => network.link(from.name, to.name).alter !== undefined)) return
  const alter = world.poison.alter(kind)
  // Garbage is nobody's; a poisoned change is the origin's own.
  const how = kind === 'garbage' ? alter : world.signedWrong(alter)
  const [a, b] = pair
  const links = [network.link(a.name, b.name), ...(random.chance(0.5) ? [network.link(b.name, a.name)] : [])]
  for (const link of links) link.alter = how
  await during(durationMs, () => {
    for (const link of links) link.alter = undefined
  })
}

export const garbage: Fault = {
  name: 'garbage',
  world: 1,
  weight: 1,
  aim: 'that the peer notices',
  inject: async (scene) => {
    meetWhenSaid(scene, 'garbage from the peer')
    await corrupt(scene, 'garbage')
  },
  heal: mendLinks,
}

export const poison: Fault = {
  name: 'poison',
  world: 1,
  weight: 1,
  aim: 'of a change that the peer sets apart',
  inject: async (scene) => {
    meetWhenSaid(scene, 'set a peer’s change aside')
    await corrupt(scene, 'poison')
  },
  heal: mendLinks,
}

/** All that `a` says to `b` is of another version, as if it had been upgraded alone; then it is set back. */
export const anotherVersion: Fault = {
  name: 'other version',
  world: 1,
  weight: 1,
  aim: 'that the peer refuses',
  inject: async (scene) => {
    const { world, pair, durationMs, during } = scene
    const [a, b] = pair
    const name = `${a.name}>${b.name}`
    const link = world.network.link(a.name, b.name)
    if (link.alter !== undefined) return
    meetWhenSaid(scene, 'peer is refused')
    link.alter = otherVersion(world.keys)
    const { epoch, position: flushed } = a.watch
    world.unreadable.set(name, { epoch, flushed, sinceMs: world.scheduler.nowMs })
    await during(durationMs, () => {
      link.alter = undefined
      world.unreadable.delete(name)
    })
  },
  heal: ({ unreadable }) => unreadable.clear(),
}

/** Well-formed messages that lie: with the sender's own signature as of a peer that is confused, and without as of somebody else. */
export const forgery: Fault = {
  name: 'forged messages',
  world: 3,
  weight: 1,
  aim: 'while changes arrive all the same',
  inject: async (scene) => {
    const { world, random, durationMs, during, meetWhen } = scene
    const [from, to] = scene.pair
    const link = world.network.link(from.name, to.name)
    if (from === to || link.alter !== undefined) return
    const others = world.regions.filter((region) => region !== from)
    let forged = 0
    const place = placeOf(to, from)
    meetWhen(() => forged > 0 && placeOf(to, from) > place)
    const { keys } = world
    link.alter = forging({ random: random.fork(), keys, other: random.pick(others).region, onForged: () => forged++ })
    await during(durationMs, () => {
      link.alter = undefined
    })
  },
  heal: mendLinks,
}

/** Messages that claim positions beyond the origin's log: what follows them must arrive all the same, and be called missing until then. */
export const forgedPositions: Fault = {
  name: 'forged positions',
  world: 6,
  weight: 1,
  aim: 'while changes arrive all the same',
  inject: async (scene) => {
    const { world, random, durationMs, during, meetWhen } = scene
    const [from, to] = scene.pair
    const link = world.network.link(from.name, to.name)
    if (from === to || link.alter !== undefined) return
    let forged = 0
    const place = placeOf(to, from)
    meetWhen(() => forged > 0 && placeOf(to, from) > place)
    link.alter = forgingPositions({ random: random.fork(), keys: world.keys, onForged: () => forged++ })
    await during(durationMs, () => {
      link.alter = undefined
    })
  },
  heal: mendLinks,
}
