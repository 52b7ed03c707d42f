/** What befalls a world of strongly consistent tables. Each fault begins, lasts, and is undone; several may overlap. */
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { type Befalling, befallUntil, type Fault as AnyFault, stopServer, unrulyAppends } from '../befalling.ts'
import { group } from './requests.ts'
import type { StrongWorld } from './strong-world.ts'

type Fault = AnyFault<StrongWorld>

const nothing = (): void => {}

/** A copy that has not caught up by then finds a promise broken: that every region answers again. */
const copyPatienceMs = 30_000

/** kill -9 of a node, perhaps while a batch is half written. */
const crash: Fault = ({ world, random }) => {
  const region = random.pick(world.replicas)
  region.crash(random.between(0, region.writesUnderWay))
  return async () => await world.startNode(region)
}

const crashAll: Fault = ({ world }) => {
  for (const region of world.replicas) region.crash()
  return async () => void (await Promise.all(world.replicas.map((region) => world.startNode(region))))
}

const stopLeader: Fault = ({ world }) => {
  const leader = world.quorums.leader(group)
  return leader === undefined ? undefined : stopServer(world, leader)
}

const stopAnyServer: Fault = ({ world, random }) => stopServer(world, random.pick(world.regions).name)

/** All of a region loses its power. */
const powerLoss: Fault = ({ world, random }) => {
  const region = random.pick(world.regions)
  region.crash()
  const startServer = stopServer(world, region.name)
  return async () => {
    startServer()
    await world.startNode(region)
  }
}

const isolate: Fault = ({ world, random }) => {
  const region = random.pick(world.regions)
  if (world.isolated.size > 0) return undefined
  world.isolate(region)
  return () => world.rejoin(region)
}

/** The leader goes on leading, and does not know that another one is elected. */
const isolateLeader: Fault = ({ world }) => {
  const leader = world.quorums.leader(group)
  if (leader === undefined || world.isolated.size > 0) return undefined
  const region = world.region(leader)
  world.isolate(region)
  return () => world.rejoin(region)
}

const cutLink =
  (isOneWay: boolean): Fault =>
  ({ world, random }) => {
    const from = random.pick(world.regions)
    const to = random.pick(world.regions.filter((region) => region !== from))
    if (world.isolated.has(from) || world.isolated.has(to)) return undefined
    const state = random.pick(['black-hole', 'reset'] as const)
    world.network.cut(from.name, to.name, state)
    if (!isOneWay) world.network.cut(to.name, from.name, state)
    return () => {
      // Of a region that is isolated by now the isolation's end heals it.
      if (!world.isolated.has(from) && !world.isolated.has(to)) {
        world.network.heal(from.name, to.name)
        world.network.heal(to.name, from.name)
      }
    }
  }

const slowLink: Fault = ({ world, random }) => {
  const [from, to] = [random.pick(world.regions).name, random.pick(world.regions).name]
  if (from === to) return undefined
  const link = world.network.link(from, to)
  const { delayMs } = link
  link.delayMs = random.between(300, 3000)
  return () => {
    link.delayMs = delayMs
  }
}

const stepClock: Fault = ({ world, random }) => {
  random.pick(world.regions).clock.step(random.between(-5000, 5000))
  return nothing
}

const slowDisk: Fault = ({ world, random }) => {
  const region = random.pick(world.replicas)
  region.flushMs = random.between(20, 800)
  return () => {
    region.flushMs = 1
  }
}

/** A node loses its store, and starts from the state of another replica. What it had answered, the order has. */
const loseDisk: Fault = ({ world, random }) => {
  // A node of several fills its disk from another node.
  const region = random.pick(world.replicas.filter(({ hasSeveral }) => !hasSeveral))
  // Two that copy have no one to copy from.
  if (world.replicas.some((other) => other !== region && other.member === undefined)) return undefined
  region.loseDisk()
  return async () => await world.startNode(region)
}

/**
 * The disk of a server that follows is lost, wholly or its last entries, while all else is well, and until it has caught up. A leader's,
 * or one of a group that has lost another member, may take answered writes with it: a majority is one disk then.
 */
const loseCopy: Fault = ({ world, random }) => {
  const leader = world.quorums.leader(group)
  if (world.underWay > 0 || leader === undefined) return undefined
  const { name } = random.pick(world.regions.filter((region) => region.name !== leader))
  const server = world.quorums.server(name)
  world.isExclusive = true
  if (random.chance(0.5)) server.wipe()
  else server.loseTail(group, random.between(1, 20))
  const last = (member: string): number => world.quorums.server(member).copies.get(group)?.last ?? 0
  const endMs = world.scheduler.nowMs + copyPatienceMs
  return async () => {
    const upTo = last(leader)
    while (last(name) < upTo && world.scheduler.nowMs < endMs) await world.scheduler.sleep(50)
    world.isExclusive = false
  }
}

const faults: Readonly<Record<string, Fault>> = {
  crash,
  'crash all': crashAll,
  'stop the leader': stopLeader,
  'stop a server': stopAnyServer,
  'power loss': powerLoss,
  isolate,
  'isolate the leader': isolateLeader,
  'cut link': cutLink(false),
  'cut one way': cutLink(true),
  'slow link': slowLink,
  'unruly appends': unrulyAppends,
  'step clock': stepClock,
  'slow disk': slowDisk,
  'lose a copy': loseCopy,
  'lose a disk': loseDisk,
}

export const strongFaultNames = Object.keys(faults)

const befalling: Befalling<StrongWorld> = {
  faults,
  pick: (random) => random.pick(strongFaultNames),
  restMsMax: 4000,
  lastsMsMax: 15_000,
}

/** One after the other until the end; what has begun is undone. */
export async function befall(world: StrongWorld, random: SeededRandom, endMs: number): Promise<void> {
  await befallUntil(endMs, { world, random }, befalling)
}

/** Everything is well again. */
export async function heal(world: StrongWorld): Promise<void> {
  const { network, quorums, regions } = world
  for (const region of world.isolated.keys()) world.rejoin(region)
  for (const from of regions)
    for (const to of regions) {
      if (from === to) continue
      network.heal(from.name, to.name)
    }
  for (const { name } of regions) if (!quorums.server(name).up) quorums.start(name)
  await Promise.all(world.replicas.map((region) => world.startNode(region)))
}
