/** One seed of a world of strongly consistent tables, from its beginning to its checks. */
import { failureOf } from '../failure-of.ts'
import type { SeedResult } from '../many-seeds.ts'
import { befall as befallNodes, heal as healNodes } from '../nodes/nodes-faults.ts'
import { evenOut } from '../nodes/run-nodes.ts'
import { expectThat, Violation } from '../violation.ts'
import { checkStrong } from './strong-checks.ts'
import { group } from './requests.ts'
import { StrongClient } from './strong-client.ts'
import { befall, heal } from './strong-faults.ts'
import { type StrongOptions, StrongWorld } from './strong-world.ts'

const loadMs = 20_000
const clientsMax = 3
/** After the last fault everything answers again within this. */
const backMs = 60_000

export type StrongResult = SeedResult & {
  readonly counts: StrongWorld['counts'] & { readonly terms: number }
  /** Entries that the stream does not hold any more. */
  readonly trimmed: number
  /** How often a replica has started from the state of another one. */
  readonly copied: number
}

export async function runStrong(options: StrongOptions): Promise<StrongResult> {
  const world = new StrongWorld(options)
  const failure = await failureOf(world, () => script(world))
  world.end()
  const { story, recorder, regions, quorums, several } = world
  const counts = { ...world.counts, terms: several?.nodes.counts.terms ?? 0 }
  const met = new Map([...world.met, ...(several?.nodes.met ?? [])])
  return {
    ...(failure === undefined ? {} : { failure }),
    story: story.last(),
    history: recorder.history(),
    counts,
    met,
    copied: regions.reduce((sum, { copied }) => sum + copied, 0),
    trimmed: Math.max(...regions.map(({ name }) => (quorums.server(name).copies.get(group)?.first ?? 1) - 1)),
  }
}

async function script(world: StrongWorld): Promise<void> {
  const { random, scheduler, regions, replicas } = world
  await world.begin()
  const endMs = scheduler.nowMs + loadMs
  const habits = {
    thinkMs: random.pick([20, 100, 300]),
    registers: random.between(1, 3),
    counters: random.between(1, 2),
    counterMax: random.between(3, 40),
  }
  const clients = replicas.flatMap((region) =>
    Array.from({ length: random.between(1, clientsMax) }, (_, n) => {
      return new StrongClient(world, region, { name: `${region.name}/${n + 1}`, habits })
    }),
  )
  const faults = Array.from({ length: random.between(0, regions.length) }, () => befall(world, random.fork(), endMs))
  const { several } = world
  if (several !== undefined)
    for (let n = random.between(0, 2); n > 0; n--) faults.push(befallNodes(several.nodes, random.fork(), endMs))
  const readers = replicas.map(
    (region) => new StrongClient(world, region, { name: `${region.name}/reader`, habits: { ...habits, thinkMs: 200 } }),
  )
  const load = Promise.all([
    ...clients.map((client) => client.run(endMs)),
    ...readers.map((client) => client.look(endMs)),
  ])
  await Promise.all(faults)
  await heal(world)
  if (several !== undefined) healNodes(several.nodes)
  await load
  expectThat(
    faults.length > 0 || world.counts.unknown === 0,
    'without faults every operation is answered',
    () => `${world.counts.unknown} were not`,
  )
  await settle(world)
  checkStrong(world)
}

/** In the end every region answers, and has all of it. */
async function settle(world: StrongWorld): Promise<void> {
  const { scheduler, replicas } = world
  const deadlineMs = scheduler.nowMs + backMs
  const probes = replicas.map(
    (region) => new StrongClient(world, region, { name: `${region.name}/last`, habits: probing }),
  )
  for (const [n, probe] of probes.entries()) {
    while ((await probe.last()) !== 'ok') {
      if (scheduler.nowMs > deadlineMs)
        throw new Violation(
          'every region answers again',
          `${replicas[n]?.name} does not, ${backMs} ms after the last fault`,
        )
      await scheduler.sleep(500)
    }
  }
  // What one region has answered last, the others may still have to apply.
  await Promise.all(replicas.map(async ({ member }) => await member?.barrier()))
  await scheduler.sleep(1000)
  if (world.several !== undefined) await evenOut(world.several.nodes)
}

const probing = { thinkMs: 0, registers: 1, counters: 1, counterMax: 0 }
