import { describe, expect, it } from 'vitest'
import { allAims } from './aims.ts'
import { allFaults } from './faults/all-faults.ts'
import { type RunOptions, runSeed } from './run.ts'
import { storiedSeeds } from './seeds.ts'
import { Tally } from './sightings.ts'

const seedCount = 60
const seedsPerTest = 30
const forgetfulCount = 10
/** Among all the others these seldom meet the state that they aim at. */
const seldom = ['damaged bytes', 'old disk', 'slow line', 'pause table']
const seldomCount = 10

const tally = new Tally()

async function failing(options: RunOptions, seen?: Tally): Promise<string | undefined> {
  const { failure, story, sightings } = await runSeed(options)
  seen?.add(sightings)
  if (failure === undefined) return undefined
  return [`seed ${options.seed}: ${failure.stack}`, ...story.slice(-40)].join('\n')
}

describe('a world of regions under faults keeps its promises', () => {
  for (let from = 1; from <= seedCount; from += seedsPerTest)
    it(`for seeds ${from} to ${from + seedsPerTest - 1}`, async () => {
      for (let seed = from; seed < from + seedsPerTest; seed++) expect(await failing({ seed }, tally)).toBeUndefined()
    }, 300_000)

  it(`for seeds 1 to ${seldomCount} of a few faults by themselves`, async () => {
    for (let seed = 1; seed <= seldomCount; seed++) expect(await failing({ seed, only: seldom }, tally)).toBeUndefined()
  }, 300_000)

  // Work that is counted, not timed: a fault that never bites would look like a test and be none.
  it('in which each fault has met what it aims at, in these seeds', ({ skip }) => {
    if (tally.seeds < seedCount + seldomCount) skip('not all of these seeds have run')
    const named = new Set(allFaults.filter(({ onlyNamed }) => onlyNamed === true).map(({ name }) => name))
    const drawn = allAims.filter(({ name }) => !named.has(name))
    const never = drawn.filter(({ name }) => tally.of(name).met === 0).map(({ name, aim }) => `${name}: ${aim}`)
    expect(never).toEqual([])
  })

  it(`for seeds 1 to ${forgetfulCount} when tombstones may go after a second`, async () => {
    for (let seed = 1; seed <= forgetfulCount; seed++)
      expect(await failing({ seed, variant: { tombstoneAgeMsMin: 1000 } })).toBeUndefined()
  }, 300_000)

  for (const { seed, world, only, story } of storiedSeeds)
    it(`for seed ${seed}: ${story}`, async () => {
      expect(await failing({ seed, world, only })).toBeUndefined()
    }, 300_000)

  it('in the same way each time', async () => {
    const [first, second] = [await runSeed({ seed: 42 }), await runSeed({ seed: 42 })]
    expect(second.story).toEqual(first.story)
  })
})
