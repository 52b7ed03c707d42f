/** One run: a world from a seed, load and faults, then everything healed, time to settle, and the checks. */
import { untilExpired } from './expiring.ts'
import { randomOf } from './faults/plan.ts'
import { Administrator } from './administrator.ts'
import { worldNow } from './aims.ts'
import { overruledMax } from '../../src/core/limits/limits.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { streamsAtRest, type Variant } from './boot.ts'
import { checkConflicts, checkRegion, checkWritable, difference } from './checks.ts'
import { Client, type ClientHabits } from './client.ts'
import { failureOf } from './failure-of.ts'
import { Faults } from './faults.ts'
import { drawFaultPlan, type FaultPlan, type FaultPlanOptions } from './faults/plan.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import {
  allShapes,
  changeStreams,
  contradictions,
  expiringItems,
  hasShape,
  manyTables,
  oneRegionAlone,
  randomOfContradictions,
  removedTables,
  type Shape,
  streamsOf,
} from './shapes.ts'
import { SimulatedCache } from './simulated-cache.ts'
import { Inspector } from './inspector.ts'
import { isItem } from './log-watch.ts'
import { Prover } from './prover.ts'
import { Recovery } from './recovery.ts'
import { Refusals } from './refusals.ts'
import { removeTables, untilForgotten } from './removals.ts'
import { StreamWatch } from './stream-watch.ts'
import { TriggerWatch } from './trigger-watch.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { Violation } from './violation.ts'
import { World } from './world.ts'

export type RunOptions = {
  readonly seed: number
  /** The version of the world that the seed is one of; the present one when not said. */
  readonly world?: number
  readonly variant?: Variant
  /** Only these faults, by name, in every seed; those that chance says when not said. */
  readonly only?: readonly string[] | undefined
  /** Whether there are caches beside the regions; by chance when not said. */
  readonly caches?: boolean
  /** Whether regions refuse questions at times; by chance when not said. */
  readonly refusals?: boolean
  /** Whether change streams are read; by chance when not said. */
  readonly streams?: boolean
  /** Whether tables are restored to moments in the end; not when not said. */
  readonly recovery?: boolean
  /** Whether tables have triggers, which need change streams; not when not said. */
  readonly triggers?: boolean
  /** Prints the story as it happens. */
  readonly print?: (line: string) => void
  /** To look at the world as it was, before it is gone. */
  readonly onFailure?: (world: World) => void
}

export type RunResult = {
  readonly seed: number
  readonly failure?: Error
  readonly story: readonly string[]
  readonly accepted: number
  readonly refused: number
  readonly failed: number
  /** Reads that caches have answered from what they keep. */
  readonly cachedReads: number
  /** Tables that were restored to a moment. */
  readonly restored: number
  /** Records that triggers had handled, and how often they did so again. */
  readonly triggered: Pick<TriggerWatch, 'handled' | 'repeated'>
  /** What was drawn, and whether it met the state that it aims at. */
  readonly sightings: Readonly<Record<string, boolean>>
  readonly events: number
  readonly virtualMs: number
}

type Plan = {
  readonly seed: number
  readonly caches: boolean
  readonly regionCount: number
  readonly loadMs: number
  readonly clientsPerRegion: number
  readonly habits: ClientHabits
  /** Mean time between two moments at which every region writes one and the same item. */
  readonly rushEveryMs: number
  readonly faults: FaultPlan
  readonly shapes: readonly Shape[]
}

/** Of what caches draw: nothing of it changes a world without them. */
const cachesSeed = 0xcac4e
const manyTablesSeed = 0x7ab1e5
/** As many as a run can go through in a few seconds. */
const manyTablesCount = [6, 16] as const
const settleMsMax = 120_000
const settlePollMs = 250
/** After the first time that everything is equal. */
const steadyMs = 1500

export async function runSeed({
  seed,
  world: version = worldNow,
  variant = {},
  only,
  caches: withCaches,
  refusals = only === undefined && version >= Refusals.world && Refusals.areIn(seed),
  streams,
  recovery = false,
  triggers = false,
  print,
  onFailure,
}: RunOptions): Promise<RunResult> {
  const plan = {
    ...drawPlan({ seed, world: version, only }),
    seed,
    caches: withCaches ?? new SeededRandom(seed ^ cachesSeed).chance(0.3),
  }
  const hasStreams = streams ?? plan.shapes.includes(changeStreams)
  const world = new World({
    seed,
    regionCount: plan.regionCount,
    variant,
    ...(print === undefined ? {} : { print }),
  })
  for (const { name } of plan.shapes) world.sightings.draw(name)
  if (hasStreams) world.streams = streamsOf(seed)
  if (plan.shapes.includes(expiringItems)) expireIn(world, seed)
  if (refusals) world.refusals = new Refusals(world, seed, plan.loadMs)
  if (recovery) world.recovery = new Recovery(world, seed)
  if (triggers) world.triggers = new TriggerWatch(world, seed)
  const clients: Client[] = []
  const caches: SimulatedCache[] = []
  const failure = await failureOf(world, () => script(world, plan, { clients, caches }))
  if (failure !== undefined) onFailure?.(world)
  for (const region of world.regions) region.crash()
  const sum = (count: (client: Client) => number): number => clients.reduce((total, client) => total + count(client), 0)
  return {
    seed,
    ...(failure === undefined ? {} : { failure }),
    story: world.story.last(),
    accepted: sum((client) => client.accepted),
    refused: sum((client) => client.refused),
    failed: sum((client) => client.failed),
    cachedReads: caches.reduce((total, cache) => total + cache.hits, 0),
    restored: world.recovery?.compared ?? 0,
    triggered: { handled: world.triggers?.handled ?? 0, repeated: world.triggers?.repeated ?? 0 },
    sightings: world.sightings.found(),
    events: world.scheduler.eventCount,
    virtualMs: world.scheduler.nowMs,
  }
}

type PlanOptions = Pick<FaultPlanOptions, 'seed' | 'world' | 'only'>

/** About as many writes whether a run is short or long: what takes long in a run is to go through them, not time. */
function drawPlan({ seed, world, only }: PlanOptions): Omit<Plan, 'seed' | 'caches'> {
  const random = new SeededRandom(seed ^ 0x5eed)
  const loadMs = random.pick([1000, 3000, 3000, 10_000, 10_000, 30_000])
  const shapes = allShapes.filter((shape) => only === undefined && hasShape(shape, { seed, world }))
  const drawnCount = random.pick([2, 3, 3, 3, 4])
  const regionCount = shapes.includes(oneRegionAlone) ? 1 : drawnCount
  return {
    shapes,
    regionCount,
    loadMs,
    clientsPerRegion: random.between(1, 3),
    habits: {
      thinkMs: loadMs / random.pick([4, 12, 30]),
      hotKeys: random.between(1, 3),
      coldKeys: 20,
      hotChance: random.pick([0.3, 0.8]),
      transactionChance: random.pick([0, 0.2]),
      deleteChance: random.pick([0.1, 0.4, 0.8]),
      largeChance: random.pick([0, 0, 0, 0, 0, 0, 0, 0.1]),
    },
    rushEveryMs: random.chance(0.3) ? loadMs / 8 : Infinity,
    faults: drawFaultPlan(random, { seed, world, only, loadMs }),
  }
}

type Actors = { readonly clients: Client[]; readonly caches: SimulatedCache[] }

async function script(world: World, plan: Plan, { clients, caches }: Actors): Promise<void> {
  const { scheduler, random, regions } = world
  const founders = [...regions]
  await Promise.all(founders.map((region) => region.start()))
  const streams = world.streams === streamsAtRest ? undefined : new StreamWatch(world)
  streams?.start()
  const refusing = world.refusals?.run(scheduler.nowMs + plan.loadMs)
  const administrator = new Administrator(world)
  const home = random.pick(regions)
  await administrator.createTable(home, 'orders', true)
  if (world.expiring !== undefined) await administrator.expireItems(home, 'orders')
  const welcome = (region: SimulatedRegion): void => {
    const client = new Client(world, region, { name: `${region.name}1`, habits: plan.habits })
    clients.push(client)
    newcomers.push(client.run(endMs))
  }
  const newcomers: Promise<void>[] = []
  let endMs = scheduler.nowMs + plan.loadMs
  const recovering = world.recovery?.enable(administrator)
  const triggering = world.triggers?.enable(administrator)
  const administration = administer(world, { administrator, home, plan, welcome })
  // Half of the worlds begin with all replicas in place.
  if (random.chance(0.5)) await scheduler.sleep(3000)
  endMs = scheduler.nowMs + plan.loadMs
  for (const region of founders)
    for (let n = 1; n <= plan.clientsPerRegion; n++)
      clients.push(new Client(world, region, { name: `${region.name}${n}`, habits: plan.habits }))
  const inspector = new Inspector(world)
  inspector.start()
  const faults = new Faults(world, plan.faults)
  const prover = new Prover(world)
  world.cached = plan.caches
  if (plan.caches)
    caches.push(...regions.map((region, n) => new SimulatedCache(world, region, plan.seed ^ (cachesSeed + n))))
  await Promise.all([
    ...caches.map((cache) => cache.run(endMs)),
    plan.shapes.includes(contradictions)
      ? quarrel(world, administrator, { seed: plan.seed, endMs })
      : Promise.resolve(),
    plan.caches ? remakeTable(administrator, home, { world, endMs }) : Promise.resolve(),
    faults.run(endMs),
    prover.run(endMs),
    rush(world, { clients, endMs, everyMs: plan.rushEveryMs }),
    ...clients.map((client) => client.run(endMs)),
  ])
  await refusing
  world.refusals?.end()
  await faults.heal()
  await administration
  await recovering
  await triggering
  await Promise.all(newcomers)
  await prover.repairAll()
  await settle(world)
  if (world.expiring !== undefined) {
    await untilExpired(world, settleMsMax)
    await settle(world)
  }
  await untilForgotten(world)
  await world.recovery?.check(administrator)
  for (const cache of caches) await cache.settle()
  for (const cache of caches) await cache.stop()
  inspector.stop()
  await streams?.finish()
  if (streams !== undefined) await world.triggers?.check(streams)
  if (random.chance(0.3)) await prover.damage()
  for (const region of regions) {
    checkRegion(region)
    await checkWritable(region)
  }
  checkConflicts(world)
}

function expireIn(world: World, seed: number): void {
  world.expiring = randomOf(seed, 'times of expiry')
  world.sightings.meetWhen(expiringItems.name, () => world.oracle.expiredIn.size > 1)
}

/** Moments at which the administrators of several regions set one table at the same time, not knowing of each other. */
async function quarrel(
  world: World,
  administrator: Administrator,
  { seed, endMs }: { readonly seed: number; readonly endMs: number },
): Promise<void> {
  const random = randomOfContradictions(seed)
  const everyMs = random.pick([300, 1500, 5000])
  world.sightings.meetWhen(contradictions.name, () => world.regions.some(({ engine }) => hasContradiction(engine)))
  for (;;) {
    await world.scheduler.sleep(everyMs * 2 * random.fraction())
    if (world.scheduler.nowMs >= endMs) return
    world.chores++
    await Promise.all(world.regions.map((region) => administrator.contradict(region, 'orders', random)))
    world.chores--
  }
}

/** Of two registers, not only of one that was set twice. */
function hasContradiction(engine: Engine | undefined): boolean {
  return engine?.overruled(0, overruledMax).some(({ register, by }) => register !== by) === true
}

/** Tables without number, made in all regions at once, each with replicas in all others: joins, transfers and registers in bulk. */
async function makeManyTables(world: World, administrator: Administrator, seed: number): Promise<void> {
  const random = new SeededRandom(seed ^ manyTablesSeed)
  const regions = [...world.regions]
  const names = Array.from({ length: random.between(...manyTablesCount) }, (_, n) => `many${n}`)
  const ids = new Set<string>()
  const isEverywhere = (): boolean =>
    ids.size === names.length && [...ids].every((id) => world.complete.get(id)?.size === regions.length)
  world.sightings.meetWhen(manyTables.name, () => regions.length > 1 && isEverywhere())
  await Promise.all(
    names.map(async (name) => {
      const region = random.pick(regions)
      await administrator.createTable(region, name, false)
      ids.add(region.idOf(name) ?? name)
      const others = regions.filter((other) => other !== region)
      if (others.length > 0) await administrator.addReplicas(region, name, others)
    }),
  )
}

type Remaking = { readonly world: World; readonly endMs: number }

/** A table that is deleted and made again under its name, again and again, in a region that stays. */
async function remakeTable(
  administrator: Administrator,
  region: SimulatedRegion,
  { world, endMs }: Remaking,
): Promise<void> {
  const { scheduler } = world
  while (scheduler.nowMs < endMs) {
    world.chores++
    await administrator.createTable(region, 'scratch', false)
    world.chores--
    await scheduler.sleep(700)
    await administrator.deleteTable(region, 'scratch')
  }
}

type Rush = { readonly clients: readonly Client[]; readonly endMs: number; readonly everyMs: number }

async function rush({ scheduler, random }: World, { clients, endMs, everyMs }: Rush): Promise<void> {
  if (everyMs === Infinity) return
  for (;;) {
    await scheduler.sleep(everyMs * 2 * random.fraction())
    if (scheduler.nowMs >= endMs) return
    const key = { id: 'hot1', part: random.pick(['a', 'b']) }
    await Promise.all(clients.map((client) => client.hurry('orders', key)))
  }
}

type Chores = {
  readonly administrator: Administrator
  readonly home: SimulatedRegion
  readonly plan: Plan
  /** Clients for a region that has joined. */
  readonly welcome: (region: SimulatedRegion) => void
}

/** Replicas at once or later, a local table somewhere, another global table and another index, and a region more, under load. */
async function administer(world: World, { administrator, home, plan, welcome }: Chores): Promise<void> {
  const { random, scheduler, regions } = world
  const others = regions.filter((region) => region !== home)
  const isAlone = others.length === 0
  const chores: Promise<void>[] = []
  world.chores++
  const later = (chance: number, chore: () => Promise<void>): void => {
    if (!random.chance(chance)) return
    chores.push(scheduler.sleep(random.between(0, 5000)).then(chore))
  }
  if (random.chance(0.6)) chores.push(administrator.addReplicas(home, 'orders', others))
  else for (const other of others) later(1, () => administrator.addReplicas(home, 'orders', [other]))
  if (plan.shapes.includes(manyTables)) chores.push(makeManyTables(world, administrator, plan.seed))
  if (plan.shapes.includes(removedTables)) chores.push(removeTables(world, administrator, plan.seed))
  later(0.3, () => administrator.createTable(random.pick(isAlone ? [home] : others), 'notes', false))
  later(0.3, () => administrator.addIndex(home, 'orders'))
  later(0.3, async () => {
    const other = random.pick([home, ...others])
    await administrator.createTable(other, 'late', false)
    await administrator.addReplicas(
      other,
      'late',
      [home, ...others].filter((region) => region !== other),
    )
  })
  // A replica that leaves has no state left to give to a peer that its log does not reach back to.
  later(world.logPositionsMax > 1000 && !isAlone ? 0.2 : 0, async () => {
    const leaver = random.pick(others)
    await administrator.addReplicas(home, 'orders', [leaver])
    await administrator.removeReplica(home, 'orders', leaver)
    if (random.chance(0.7)) await administrator.addReplicas(home, 'orders', [leaver])
  })
  later(isAlone ? 0.8 : 0.2, async () => {
    const region = await world.join()
    welcome(region)
    const { entries } = home.watch
    if (isAlone && entries.some(({ own, change }) => own && isItem(change)))
      world.sightings.meetWhen(oneRegionAlone.name, () => completeIn(world, home, 'orders').includes(region))
    await administrator.addReplicas(home, 'orders', [region])
  })
  await Promise.all(chores)
  await depart(world, administrator, home)
  world.chores--
}

/** The regions that have all of the table. */
function completeIn(world: World, home: SimulatedRegion, name: string): readonly SimulatedRegion[] {
  return world.completeReplicasOf(home.idOf(name) ?? '')
}

/** Once all that was to come is there: a replica becomes a table of its own, a region leaves for good. */
async function depart(world: World, administrator: Administrator, home: SimulatedRegion): Promise<void> {
  const { random, regions } = world
  const others = (): SimulatedRegion[] => regions.filter((region) => region !== home)
  const having = [...(world.replicas.get(home.idOf('orders') ?? '') ?? [])]
  if (world.logPositionsMax > 1000 && having.length > 1 && random.chance(0.15))
    await administrator.disassociate(random.pick(having), 'orders')
  if (others().length < 2 || !random.chance(0.15)) return
  const gone = random.pick(others())
  // Who leaves before anybody else has all of a table takes it along; and who has never heard of it misses what it told others.
  await administrator.untilComplete()
  await administrator.untilKnown(gone)
  world.leave(gone)
  for (const region of regions) await administrator.strike(region, gone)
}

/** Equal once is not enough: nothing that is still under way may undo it. */
async function settle(world: World): Promise<void> {
  const { scheduler } = world
  const deadlineMs = scheduler.nowMs + settleMsMax
  let last: string | undefined
  while (scheduler.nowMs < deadlineMs) {
    await scheduler.sleep(settlePollMs)
    last = difference(world)
    if (last !== undefined) continue
    await scheduler.sleep(steadyMs)
    last = difference(world)
    if (last === undefined) return
  }
  throw new Violation('replicas converge', last ?? 'never long enough')
}
