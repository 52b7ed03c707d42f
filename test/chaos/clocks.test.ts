/** A region whose clock is wrong: it is held and named, nobody follows it, and nothing is lost. */
import { expect, it } from 'vitest'
import { rounds, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { until } from './until.ts'

const deployment = sharedDeployment()
const aheadMs = rounds(4000, 30_000)
/** The bound, and what a busy machine needs to look at a clock twice. */
const slackMs = 500 + 200

it(
  'a region whose clock runs ahead is held and named, nobody follows it, and nothing is lost',
  { timeout: testMsMax },
  () =>
    underLoad(deployment(), 'clocks', async (load) => {
      const world = deployment()
      const [fast, ...others] = world.regions
      if (fast === undefined) return
      for (let round = 0; round < rounds(1, 5); round++) {
        fast.stepClock(aheadMs, 2000)
        for (const region of others)
          await until('it is held', async () => (await region.peer(fast.name))?.state === 'held')
        const { output } = await world.operator('status')
        expect(output).toMatch(new RegExp(`${fast.name} .*held: the clock of ${fast.name} is ahead`))
        // Its own clients go on, and so do the others.
        const before = world.regions.map((region) => load.accepted(region))
        await until('all regions write', () =>
          Promise.resolve(world.regions.every((region, n) => load.accepted(region) > (before[n] ?? 0) + 10)),
        )
        for (const region of others)
          await until(
            'it is held no more',
            async () => (await region.peer(fast.name))?.state !== 'held',
            2000 + aheadMs + 30_000,
          )
      }
      const { conflicts } = JSON.parse((await world.operator('conflicts', 'clocks', '--json')).output) as {
        conflicts: { won: Write; lost: Write; metMs: number }[]
      }
      const writes = conflicts.flatMap(({ won, lost, metMs }) => [won, lost].map((write) => ({ ...write, metMs })))
      expect(writes.length).toBeGreaterThan(0)
      const dragged = writes.filter(
        ({ region, stamp, metMs }) => region !== fast.name && stamp.wallMs > metMs + slackMs,
      )
      expect(dragged).toEqual([])
    }),
)

type Write = { readonly region: string; readonly stamp: { readonly wallMs: number } }
