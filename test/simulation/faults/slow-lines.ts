/** Lines that carry little: what is written waits for them, and all of it comes. */
import type { Link } from '../../../src/adapters/memory/memory-link.ts'
import type { World } from '../world.ts'
import type { Fault, Pair, Scene } from './fault.ts'
import { placeOf } from './lacks.ts'

const bitsPerSecond = [64_000, 64_000, 64_000, 300_000, 2_000_000]
/** One way; a satellite, or a line whose other users fill its queue. */
const longDelayMs = [0, 0, 300, 1000]
/** More than this of the line waits: words and parts wait too. */
const aimMs = 500

/** How the slowed lines of a world were before. */
const slowed = new WeakMap<World, Map<Link, { readonly delayMs: number }>>()

export const slowLine: Fault = {
  name: 'slow line',
  world: 7,
  weight: 1,
  aim: 'while more waits for it than it carries in half a second, and changes come over it all the same',
  inject: async (scene) => {
    const { world, random, pair } = scene
    const [a, b] = pair
    const ways: readonly Pair[] = random.chance(0.7) ? [pair, [b, a]] : [pair]
    const how = { bytesPerSecond: random.pick(bitsPerSecond) / 8, addedMs: random.pick(longDelayMs) }
    if (a === b || ways.some((way) => slowedIn(world).has(linkOf(world, way)))) return
    for (const way of ways) {
      slow(world, way, how)
      meetWhenFull(scene, way)
    }
    // So slow a line needs some time until it is full.
    await scene.during(5000 + 2 * scene.durationMs, () => ways.forEach((way) => quicken(world, linkOf(world, way))))
  },
  heal: (world) => {
    for (const link of slowedIn(world).keys()) quicken(world, link)
  },
}

function slow(world: World, way: Pair, { bytesPerSecond, addedMs }: { bytesPerSecond: number; addedMs: number }): void {
  const link = linkOf(world, way)
  slowedIn(world).set(link, { delayMs: link.delayMs })
  Object.assign(link, { bytesPerSecond, delayMs: link.delayMs + addedMs })
}

function quicken(world: World, link: Link): void {
  Object.assign(link, { bytesPerSecond: undefined, ...slowedIn(world).get(link) })
  slowedIn(world).delete(link)
}

function linkOf({ network }: World, [from, to]: Pair): Link {
  return network.link(from.name, to.name)
}

function slowedIn(world: World): Map<Link, { readonly delayMs: number }> {
  const links = slowed.get(world) ?? new Map<Link, { readonly delayMs: number }>()
  slowed.set(world, links)
  return links
}

function meetWhenFull({ world, meetWhen }: Scene, [from, to]: Pair): void {
  let placeWhenFull: number | undefined
  meetWhen(() => {
    const { bytesPerSecond } = world.network.link(from.name, to.name)
    if (bytesPerSecond === undefined) return false
    const isFull = world.network.line(from.name, to.name).waitingBytes * 1000 > bytesPerSecond * aimMs
    if (isFull) placeWhenFull ??= placeOf(to, from)
    return placeWhenFull !== undefined && placeOf(to, from) > placeWhenFull
  })
}
