/** How faults befall a world with quorum servers, one after the other; and those of the servers' stream, which every such world has. */
import type { MemoryQuorums } from '../../src/adapters/memory/quorum/memory-quorum.ts'
import type { Scheduler } from '../../src/adapters/memory/scheduler.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { Story } from './story.ts'

export type Scene<World> = { readonly world: World; readonly random: SeededRandom }

/** Returns what undoes it; undefined where it cannot befall the world now. */
export type Fault<World> = (scene: Scene<World>) => (() => void | Promise<void>) | undefined

export type Befallen = {
  readonly scheduler: Scheduler
  readonly story: Story
  /** How often each fault has begun. */
  readonly met: Map<string, number>
  /** Faults that have begun and not ended, and whether no other may begin meanwhile. */
  underWay: number
  isExclusive: boolean
}

export type Befalling<World> = {
  readonly faults: Readonly<Record<string, Fault<World>>>
  readonly pick: (random: SeededRandom) => string
  /** Between two faults, and of one, at most. */
  readonly restMsMax: number
  readonly lastsMsMax: number
}

/** Until the end; what has begun is undone. */
export async function befallUntil<World extends Befallen>(
  endMs: number,
  { world, random }: Scene<World>,
  { faults, pick, restMsMax, lastsMsMax }: Befalling<World>,
): Promise<void> {
  const { scheduler, story } = world
  for (;;) {
    await scheduler.sleep(random.between(200, restMsMax))
    while (world.isExclusive) await scheduler.sleep(100)
    if (scheduler.nowMs >= endMs) return
    const name = pick(random)
    const undo = faults[name]?.({ world, random })
    if (undo === undefined) continue
    world.underWay++
    story.tell('fault', name)
    world.met.set(name, (world.met.get(name) ?? 0) + 1)
    // Long enough for requests to wait in vain and for another to take over, or shorter than an election.
    await scheduler.sleep(random.pick([random.between(50, 1000), random.between(1000, lastsMsMax)]))
    await undo()
    world.underWay--
    story.tell('fault', `end of ${name}`)
  }
}

type Served = { readonly quorums: MemoryQuorums }

export function stopServer({ quorums }: Served, member: string): () => void {
  quorums.stop(member)
  return () => quorums.start(member)
}

/** Appends are refused, answered too late or twice placed. */
export function unrulyAppends({ world, random }: Scene<Served>): () => void {
  const { chances } = world.quorums
  for (const name of ['refuse', 'loseAnswer', 'placeTwice'] as const)
    if (random.chance(0.6)) chances[name] = 0.5 * random.fraction()
  return () => {
    chances.refuse = 0
    chances.loseAnswer = 0
    chances.placeTwice = 0
  }
}
