/** One seed of a region of three nodes, from its beginning to its checks. */
import { localEdits, tableEdits, tableId } from '../strong/requests.ts'
import { failureOf } from '../failure-of.ts'
import type { SeedResult } from '../many-seeds.ts'
import { expectThat, Violation } from '../violation.ts'
import { group } from './node-process.ts'
import { checkNodes } from './nodes-checks.ts'
import { NodesClient, type NodesHabits } from './nodes-client.ts'
import { befall, heal } from './nodes-faults.ts'
import { type NodesOptions, NodesWorld } from './nodes-world.ts'

const loadMs = 30_000
const clientsMax = 2
const readerThinkMs = 60
/** After the last fault everything answers again within this. */
const backMs = 60_000

export type NodesResult = SeedResult & {
  readonly counts: NodesWorld['counts']
  /** Entries that the stream does not hold any more. */
  readonly trimmed: number
}

export async function runNodes(options: NodesOptions): Promise<NodesResult> {
  const world = new NodesWorld(options)
  const failure = await failureOf(world, () => script(world))
  world.end()
  const { story, recorder, counts, met, nodes, quorums } = world
  return {
    ...(failure === undefined ? {} : { failure }),
    story: story.last(),
    history: recorder.history(),
    counts,
    met,
    trimmed: Math.max(...nodes.map(({ name }) => (quorums.server(name).copies.get(group)?.first ?? 1) - 1)),
  }
}

async function script(world: NodesWorld): Promise<void> {
  const { random, scheduler, nodes } = world
  await begin(world)
  const endMs = scheduler.nowMs + loadMs
  const habits = {
    thinkMs: random.pick([30, 100, 300]),
    registers: random.between(1, 3),
    counters: random.between(1, 2),
    counterMax: random.between(3, 40),
    padBytes: random.pick([0, 400, 2000]),
  }
  const clients = nodes.flatMap((node) =>
    Array.from({ length: random.between(1, clientsMax) }, (_, n) => {
      return new NodesClient(node, `${node.name}/${n + 1}`, habits)
    }),
  )
  const faults = Array.from({ length: random.chance(0.05) ? 0 : random.between(1, 3) }, () =>
    befall(world, random.fork(), endMs),
  )
  const readers = nodes.flatMap((node) =>
    [1, 2].map((n) => new NodesClient(node, `${node.name}/reader-${n}`, { ...habits, thinkMs: readerThinkMs })),
  )
  const load = Promise.all([
    ...clients.map((client) => client.run(endMs)),
    ...readers.map((client) => client.look(endMs)),
  ])
  await Promise.all(faults)
  heal(world)
  await load
  expectThat(
    faults.length > 0 || (world.counts.unknown === 0 && world.counts.terms === 1),
    'without faults every operation is answered',
    () => `${world.counts.unknown} were not, in ${world.counts.terms} terms`,
  )
  await settle(world)
  checkNodes(world)
}

async function begin(world: NodesWorld): Promise<void> {
  for (const node of world.nodes) node.start()
  world.leads.watch()
  const leading = () => world.nodes.find(({ process }) => process?.member !== undefined)?.process?.member
  await world.until(() => leading() !== undefined, backMs)
  const nowMs = world.nodes[0]?.clock.peekMs() ?? 0
  await leading()?.engine.define(tableId, [...tableEdits([], nowMs), ...localEdits(nowMs)])
}

/** In the end every node answers, and has all of it. */
async function settle(world: NodesWorld): Promise<void> {
  const { scheduler, nodes } = world
  const deadlineMs = scheduler.nowMs + backMs
  for (const node of nodes) {
    const probe = new NodesClient(node, `${node.name}/last`, probing)
    while ((await probe.last()) !== 'ok') {
      if (scheduler.nowMs > deadlineMs)
        throw new Violation('every node answers again', `${node.name} does not, ${backMs} ms after the last fault`)
      await scheduler.sleep(500)
    }
  }
  await evenOut(world)
}

/** All nodes come to have the same. */
export async function evenOut(world: NodesWorld): Promise<void> {
  const { scheduler, nodes } = world
  const known = (): number => Math.max(...nodes.map(({ process }) => process?.log.status().sequence ?? 0))
  await world.until(() => nodes.every(({ isWhole }) => isWhole), backMs)
  const upTo = known()
  await world.until(() => nodes.every(({ process }) => (process?.log.status().sequence ?? 0) >= upTo), backMs)
  // What is taken may still have to be written.
  await scheduler.sleep(3000)
}

const probing: NodesHabits = { thinkMs: 0, registers: 1, counters: 1, counterMax: 0, padBytes: 0 }
