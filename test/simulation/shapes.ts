/**
 * What some worlds are like from their beginning on, and what goes on in them besides faults. Each is drawn by its own name, so
 * that a world without it is as it was, and counts as met when the state that it exists for was there.
 */
import type { StreamSettings } from '../../src/readers/sweepers/change-streams.ts'
import { randomOf } from './faults/plan.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'

export type Shape = {
  readonly name: string
  /** The version of the world that it came with, as of a fault. */
  readonly world: number
  readonly isIn: (seed: number) => boolean
  readonly aim: string
}

export const oneRegionAlone: Shape = {
  name: 'one region alone',
  world: 4,
  isIn: (seed) => randomOf(seed, 'one region alone').chance(0.05),
  aim: 'and one that joins it gets what was written before',
}

export const manyTables: Shape = {
  name: 'many tables',
  world: 4,
  isIn: (seed) => randomOf(seed, 'many tables').chance(0.04),
  aim: 'of which all regions have all',
}

export const contradictions: Shape = {
  name: 'contradicting settings',
  world: 3,
  isIn: (seed) => quarrelRandom(seed).chance(quarrelChance),
  aim: 'of one table in several regions at one moment',
}

export const removedTables: Shape = {
  name: 'removed tables',
  world: 8,
  isIn: (seed) => randomOf(seed, 'removed tables').chance(0.06),
  aim: 'of which no region knows anything in the end',
}

export const changeStreams: Shape = {
  name: 'change streams',
  world: 9,
  isIn: (seed) => randomOf(seed, 'change streams').chance(0.12),
  aim: 'of which shards have been followed by others while there were records',
}

export const expiringItems: Shape = {
  name: 'expiring items',
  world: 10,
  isIn: (seed) => randomOf(seed, 'expiring items').chance(0.15),
  aim: 'of which several regions have deleted some',
}

export const allShapes: readonly Shape[] = [
  contradictions,
  oneRegionAlone,
  manyTables,
  removedTables,
  changeStreams,
  expiringItems,
]

export function hasShape({ world, isIn }: Shape, of: { readonly seed: number; readonly world: number }): boolean {
  return of.world >= world && isIn(of.seed)
}

/** All of the log is kept, and shards end every few seconds. */
export function streamsOf(seed: number): StreamSettings {
  const rollMs = randomOf(seed, 'rolls of change streams').pick([1000, 3000, 10_000])
  return { retentionMs: 3_600_000, retentionBytes: Number.MAX_SAFE_INTEGER, rollMs, everyMs: 300 }
}

const quarrelChance = 0.4

function quarrelRandom(seed: number): SeededRandom {
  return new SeededRandom(seed ^ 0x9a44e1)
}

/** What administrators who contradict each other draw from. */
export function randomOfContradictions(seed: number): SeededRandom {
  const random = quarrelRandom(seed)
  // Has been drawn to decide whether there are any.
  random.chance(quarrelChance)
  return random
}
