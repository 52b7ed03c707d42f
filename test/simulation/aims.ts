/** All that a run draws from, each with the state that it exists for: the lines of the table that `simulate` prints. */
import { allFaults } from './faults/all-faults.ts'
import { Refusals } from './refusals.ts'
import { allShapes } from './shapes.ts'

export const allAims: readonly { readonly name: string; readonly aim: string }[] = [
  ...allFaults,
  Refusals.sighting,
  ...allShapes,
]

/** The present version of the world. */
export const worldNow = Math.max(Refusals.world, ...[...allFaults, ...allShapes].map(({ world }) => world))
