import { describe, expect, it } from 'vitest'
import { runSeed } from './run.ts'
import { storiedSeeds } from './seeds.ts'

const seedCount = 200
const seedsPerTest = 50

async function failing(seed: number): Promise<string | undefined> {
  const { failure, story } = await runSeed({ seed })
  if (failure === undefined) return undefined
  return [`seed ${seed}: ${failure.stack}`, ...story.slice(-40)].join('\n')
}

describe('a world of regions under faults keeps its promises', () => {
  for (let from = 1; from <= seedCount; from += seedsPerTest)
    it(`for seeds ${from} to ${from + seedsPerTest - 1}`, async () => {
      for (let seed = from; seed < from + seedsPerTest; seed++) expect(await failing(seed)).toBeUndefined()
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
