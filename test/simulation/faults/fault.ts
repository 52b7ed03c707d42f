/**
 * One kind of thing that goes wrong. A fault is one entry: how often it is drawn, how it begins, how it ends, and the state
 * that it exists for. Add yours to `all-faults.ts`; nothing else needs to know of it.
 */
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { SimulatedRegion } from '../simulated-region.ts'
import type { World } from '../world.ts'

export type Pair = readonly [SimulatedRegion, SimulatedRegion]

export type Fault = {
  readonly name: string
  /**
   * The version of the world that it came with: one more than the highest so far. A seed that is recorded with an earlier
   * version (`seeds.ts`) never meets it, so that the seed keeps its meaning.
   */
  readonly world: number
  /** Only where `--only` names it: the simulator's README says what it still finds. */
  readonly onlyNamed?: true
  /** How often it is drawn beside the others of the same run; 1 is usual. */
  readonly weight: number
  /** The state that it exists for, in words that follow its name: `simulate` prints in how many seeds it was met. */
  readonly aim: string
  /** Begins, and as a rule ends, the fault. It never throws for what a region answers while it is broken. */
  readonly inject: (scene: Scene) => void | Promise<void>
  /**
   * Ends what still lasts of it when a run's load is over; the regions that do not run are started after that. The same
   * function of several faults runs once.
   */
  readonly heal?: (world: World) => void
}

/** What a fault is given. Everything here is drawn for every fault, whether it uses it or not. */
export type Scene = {
  readonly world: World
  readonly random: SeededRandom
  readonly region: SimulatedRegion
  /** Two regions, or one region twice where there is only one. */
  readonly pair: Pair
  readonly durationMs: number
  readonly how: 'black-hole' | 'reset'
  /** How wrong clocks are in this run, at most. */
  readonly clockErrorMs: number
  /** Everything was healed meanwhile: nothing more may be broken. */
  readonly healed: boolean
  /** Waits, then undoes, unless everything was healed meanwhile. */
  readonly during: (ms: number, undo: () => void) => Promise<void>
  /** The aim is met. */
  readonly meet: () => void
  /** The aim is met as soon as this holds: asked now, every 400 ms, and once more before everything is healed. */
  readonly meetWhen: (holds: () => boolean) => void
}
