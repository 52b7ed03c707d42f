/** Which faults a run draws from, and its pace: with everything at once all the time, nothing interesting would ever be reached. */
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { allFaults } from './all-faults.ts'
import type { Fault } from './fault.ts'

export type FaultPlan = {
  readonly faults: readonly Fault[]
  /** Mean time between two faults. */
  readonly everyMs: number
  /** Longest duration of one. */
  readonly lastMs: number
  readonly clockErrorMs: number
}

export type FaultPlanOptions = {
  readonly seed: number
  readonly world: number
  readonly loadMs: number
  /** Names; in place of those that chance says. */
  readonly only: readonly string[] | undefined
}

/**
 * The faults of the first world are drawn one after another, as they always were. Each later one is drawn by its own name, so
 * that a run that does not draw it goes as it went before there was such a fault.
 */
export function drawFaultPlan(random: SeededRandom, { seed, world, loadMs, only }: FaultPlanOptions): FaultPlan {
  const share = random.pick([0, 0.2, 0.5, 1])
  const first = allFaults.filter((fault) => fault.world === 1 && random.chance(share))
  const later = allFaults.filter((fault) => fault.world > 1 && fault.world <= world && fault.onlyNamed !== true)
  const drawn = [...first, ...later.filter(({ name }) => randomOf(seed, name).chance(share))]
  return {
    faults: only === undefined ? drawn : allFaults.filter(({ name }) => only.includes(name)),
    everyMs: loadMs / random.pick([4, 12, 30]),
    lastMs: random.pick([300, 2000, 8000, 20_000]),
    clockErrorMs: random.pick([50, 800, 5000]),
  }
}

/** Chance that belongs to one name in one seed, and moves nothing else. */
export function randomOf(seed: number, name: string): SeededRandom {
  let hash = 0x811c9dc5
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return new SeededRandom(seed ^ hash)
}

/** One of them, each as often as its weight says. */
export function pickFault(random: SeededRandom, faults: readonly Fault[]): Fault {
  let point = random.fraction() * faults.reduce((sum, { weight }) => sum + weight, 0)
  const found = faults.find(({ weight }) => (point -= weight) < 0)
  return found ?? (faults.at(-1) as Fault)
}
