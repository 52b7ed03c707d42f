/** Regions that cannot reach each other, wholly or in part: they go on, and agree after the heal. */
import { expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import type { Load } from './load.ts'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause, until } from './until.ts'

/** Far above what a local write takes, far below any time-out of the network's. */
const localWriteMsMax = 2000
const cutMs = rounds(1500, 20_000)
const timeout = testMsMax
const deployment = sharedDeployment()

/** Every region of these goes on writing meanwhile, and not slowly: a busy machine may hold up one write or another. */
async function expectUnaffected(
  load: Load,
  regions: readonly ChaosRegion[],
  during: () => Promise<unknown>,
): Promise<void> {
  const before = regions.map((region) => load.accepted(region))
  for (const region of regions) load.takeSlowMs(region)
  await during()
  for (const [n, region] of regions.entries()) {
    expect(load.accepted(region) - (before[n] ?? 0)).toBeGreaterThan(20)
    expect(load.takeSlowMs(region)).toBeLessThan(localWriteMsMax)
  }
}

const cuts = [
  ['all links, black holes', 'down', ['*']],
  ['all links, reset', 'reset', ['*']],
  ['one region, black holes', 'down', ['us-east-1..*']],
  ['one direction only, a black hole', 'down', ['us-east-1>eu-west-1']],
  ['one direction only, reset', 'reset', ['ap-northeast-1>*']],
] as const

for (const [n, [what, state, links]] of cuts.entries())
  it(`a partition of ${what}: all go on, and agree after the heal`, { timeout }, async () => {
    const world = deployment()
    await underLoad(world, `cut-${n}`, async (load) => {
      for (let round = 0; round < rounds(1, 6); round++) {
        world.setLinks({ state }, ...links)
        await expectUnaffected(load, world.regions, () => pause(cutMs))
        world.heal()
        await pause(500)
      }
    })
  })

it('links that flap, each on its own and in both ways: all go on, and agree after the heal', { timeout }, async () => {
  const world = deployment()
  const names = world.regions.map(({ name }) => name)
  await underLoad(world, 'flapping', (load) =>
    expectUnaffected(load, world.regions, async () => {
      for (let round = 0; round < rounds(12, 400); round++) {
        const [from, to] = [anyOf(names), anyOf(names)]
        if (from !== to) world.setLinks({ state: anyOf(['down', 'reset', 'up', 'up'] as const) }, `${from}>${to}`)
        await pause(50 + 200 * Math.random())
      }
    }),
  )
})

it('links with 5 % stalls of 300 ms: everything arrives, and pending does not grow', { timeout }, async () => {
  const world = deployment()
  await underLoad(world, 'stalls', (load) =>
    expectUnaffected(load, world.regions, async () => {
      world.setLinks({ stall: { percent: 5, ms: 300 }, roundTripMs: 60 })
      await pause(rounds(2000, 60_000))
      await load.stop()
      const written = load.accepted()
      // Through links that go on stalling.
      await until('nothing is pending', async () => (await pendingOf(world.regions)) === 0)
      expect(written).toBeGreaterThan(100)
    }),
  )
})

it('a region that is stopped does not stop the others, and catches up', { timeout }, async () => {
  const world = deployment()
  const [stopped, ...others] = world.regions
  if (stopped === undefined) return
  await underLoad(world, 'stopped', async (load) => {
    for (let round = 0; round < rounds(1, 10); round++) {
      await stopped.kill('node', 'SIGSTOP')
      await stopped.kill('nats-server', 'SIGSTOP')
      await expectUnaffected(load, others, () => pause(cutMs))
      await stopped.kill('nats-server', 'SIGCONT')
      await stopped.kill('node', 'SIGCONT')
      await pause(500)
    }
  })
})

it(
  'while a region is cut off its lag grows at the source, the same by command, metrics and JSON',
  { timeout },
  async () => {
    const world = deployment()
    const [cut, , other] = world.regions
    if (cut === undefined || other === undefined) return
    await underLoad(world, 'lagging', async (load) => {
      world.setLinks({ state: 'down' }, `${cut.name}..*`)
      await pause(1000)
      await load.stop()
      const first = await cut.peer(other.name)
      await until('the link is told to be cut', async () => (await cut.peer(other.name))?.outbound === 'cut')
      const second = await cut.peer(other.name)
      expect(second).toMatchObject({ pending: first?.pending, safeToEvacuate: false })
      expect(second?.pending).toBeGreaterThan(10)
      expect(second?.lagMs).toBeGreaterThan((first?.lagMs ?? 0) + 1000)
      const labels = `peer="${other.name}"`
      expect(await cut.metric('longitude_replication_pending', labels)).toBe(second?.pending)
      expect(await cut.metric('longitude_replication_lag_seconds', labels)).toBeGreaterThan((second?.lagMs ?? 0) / 1000)
      const { output } = await world.operator('status', '--json')
      const { links } = JSON.parse(output) as { links: { from: string; to: string; pending: number; lagMs: number }[] }
      const told = links.find(({ from, to }) => from === cut.name && to === other.name)
      expect(told).toMatchObject({ pending: second?.pending, state: 'cut', safeToEvacuate: false })
      expect(told?.lagMs).toBeGreaterThan(second?.lagMs ?? 0)
    })
  },
)

async function pendingOf(regions: readonly ChaosRegion[]): Promise<number> {
  const statuses = await Promise.all(regions.map((region) => region.status()))
  return statuses.flatMap(({ peers }) => peers).reduce((sum, { pending }) => sum + pending, 0)
}
