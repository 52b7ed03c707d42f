import { describe, expect, it } from 'vitest'
import type { Variant } from './boot.ts'
import { runSeed } from './run.ts'
import { storiedSeeds } from './seeds.ts'

const seedCount = 200
const seedsPerTest = 50
const forgetfulCount = 20

async function failing(seed: number, variant: Variant = {}): Promise<string | undefined> {
  const { failure, story } = await runSeed({ seed, variant })
  if (failure === undefined) return undefined
  return [`seed ${seed}: ${failure.stack}`, ...story.slice(-40)].join('\n')
}

describe('a world of regions under faults keeps its promises', () => {
  for (let from = 1; from <= seedCount; from += seedsPerTest)
    it(`for seeds ${from} to ${from + seedsPerTest - 1}`, async () => {
      for (let seed = from; seed < from + seedsPerTest; seed++) expect(await failing(seed)).toBeUndefined()
    }, 300_000)

  it(`for seeds 1 to ${forgetfulCount} when tombstones may go after a second`, async () => {
    for (let seed = 1; seed <= forgetfulCount; seed++)
      expect(await failing(seed, { tombstoneAgeMsMin: 1000 })).toBeUndefined()
  }, 300_000)

  for (const { seed, story } of storiedSeeds)
    it(`for seed ${seed}: ${story}`, async () => {
      expect(await failing(seed)).toBeUndefined()
    })

  it('in the same way each time', async () => {
    const [first, second] = [await runSeed({ seed: 42 }), await runSeed({ seed: 42 })]
    expect(second.story).toEqual(first.story)
  })
})
