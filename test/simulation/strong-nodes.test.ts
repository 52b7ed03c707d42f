/** Strongly consistent tables of regions of which one has three nodes, under faults (strong/nodes-region.ts); and that the checkers find bugs that are put in. */
import { afterEach, describe, expect, it } from 'vitest'
import { StorePart } from '../../src/region/nodes/store/store-part.ts'
import type { Request } from '../linearizability/workload.ts'
import { historyText } from '../linearizability/history.ts'
import { takesFormerTerms } from './nodes/taking.ts'
import { replaceMethod, restoreMethods } from './replaced-methods.ts'
import { failureOf } from './failure-of.ts'
import { ask } from './strong/ask.ts'
import type { StrongRegion } from './strong/strong-region.ts'
import { StrongWorld } from './strong/strong-world.ts'
import { runStrong } from './strong/run-strong.ts'
import type { StrongVariant } from './strong/start-member.ts'
import { expectFound } from './teeth.ts'

const seeds = [6, 12, 17, 25]
const seedsMax = 40

const linearizable = 'strong operations are linearizable'
const sameStreams = 'streams are the same in every region'
const sameRows = 'replicas hold the same rows'
const mustStop = 'no replica has to stop'
const answersAgain = 'every region answers again'
const sameBytes = 'all nodes hold the same bytes'
const orderDecides = 'the order decides which node leads'

afterEach(restoreMethods)

describe('strongly consistent tables of a region of three nodes', () => {
  it(`keep their promises, for seeds ${seeds.join(', ')}`, { timeout: 300_000 }, async () => {
    const counts = { strong: 0, unknown: 0, eventual: 0, terms: 0 }
    for (const seed of seeds) {
      const result = await runStrong({ seed, several: true })
      const told = `seed ${seed}: ${result.failure?.stack}\n${result.story.slice(-30).join('\n')}`
      expect(result.failure, told).toBeUndefined()
      for (const name of ['strong', 'unknown', 'eventual', 'terms'] as const) counts[name] += result.counts[name]
    }
    expect(counts.strong).toBeGreaterThan(500)
    expect(counts.unknown).toBeGreaterThan(0)
    expect(counts.eventual).toBeGreaterThan(300)
    expect(counts.terms).toBeGreaterThan(8)
  })

  it('go the same way each time', { timeout: 300_000 }, async () => {
    const [first, second] = [await runStrong({ seed: 6, several: true }), await runStrong({ seed: 6, several: true })]
    expect(historyText(second.history)).toBe(historyText(first.history))
  })
})

describe('a region of three nodes that loses its quorum server among the regions', () => {
  it('refuses writes and strong reads of these tables alone, and takes part again once the server is back', async () => {
    const world = new StrongWorld({ seed: 1, several: true })
    const failure = await failureOf(world, () => withoutServer(world))
    world.end()
    expect(failure?.stack).toBeUndefined()
  })
})

const register = 'register/1'
const put = (to: string): Request => ({ key: register, action: { op: 'write', to }, isEventual: false })
const read = (isEventual: boolean): Request => ({ key: register, action: { op: 'read' }, isEventual })

async function withoutServer(world: StrongWorld): Promise<void> {
  const { scheduler, quorums, several } = world
  await world.begin()
  const [here, there] = world.replicas
  if (here === undefined || there === undefined || here !== several) throw new Error('the first region has the table')
  const at = async (region: StrongRegion, request: Request) => {
    const { member } = region
    return member === undefined ? { outcome: 'unknown' } : await ask(member, request)
  }
  expect(await at(here, put('before'))).toMatchObject({ outcome: 'ok' })
  quorums.stop(here.name)
  const termsBefore = several.nodes.counts.terms
  // The two other servers elect a leader first, where it was that of the region.
  const meanwhile = put('meanwhile')
  while ((await at(there, meanwhile)).outcome !== 'ok') await scheduler.sleep(500)
  const refused = await Promise.all([at(here, put('lost')), at(here, read(false))])
  expect(refused.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown'])
  expect(await at(here, read(true))).toMatchObject({ outcome: 'ok', value: 'before' })
  // The order of its nodes is another one, and goes on.
  expect([several.nodes.counts.terms, here.member === undefined]).toEqual([termsBefore, false])
  quorums.start(here.name)
  while ((await at(here, read(false))).outcome !== 'ok') await scheduler.sleep(500)
  const now = await at(here, read(false))
  expect(now).toMatchObject({ outcome: 'ok', value: expect.stringMatching(/^(meanwhile|lost)$/) })
  expect(await at(there, read(false))).toEqual(now)
}

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly knownSeed: number
  readonly variant?: StrongVariant
  /** Undone after the test. */
  readonly inject?: () => void
}

const bugs: readonly Bug[] = [
  {
    bug: 'a strong read does not wait for what has a place by now',
    breaks: [linearizable],
    knownSeed: 3,
    variant: { member: (member) => ({ ...member, barrier: () => Promise.resolve() }) },
  },
  {
    bug: 'what is decided together is written in two',
    breaks: [linearizable, sameStreams, sameRows, mustStop, answersAgain],
    knownSeed: 38,
    inject: () =>
      replaceMethod(
        StorePart.prototype,
        'write',
        (usual) =>
          async function write(this: StorePart, batch) {
            const half = Math.floor(batch.length / 2)
            await Promise.all([usual.call(this, batch.slice(half)), usual.call(this, batch.slice(0, half))])
          },
      ),
  },
  {
    bug: 'batches of a term that is over are accepted',
    breaks: [linearizable, sameStreams, sameRows, mustStop, answersAgain, sameBytes, orderDecides],
    knownSeed: 15,
    inject: takesFormerTerms,
  },
]

describe('the simulator finds that', () => {
  it.each(bugs)('$bug', { timeout: 300_000 }, async ({ bug, breaks, knownSeed, variant, inject }) => {
    inject?.()
    const run = (seed: number) => runStrong({ seed, several: true, ...(variant === undefined ? {} : { variant }) })
    await expectFound({ bug, breaks, knownSeed, seedsMax, run })
  })
})
