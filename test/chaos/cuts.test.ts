import { afterEach, expect, it } from 'vitest'
import { Deployment } from './deployment.ts'
import { Load } from './load.ts'
import { rounds, testMsMax } from './pace.ts'
import { pause } from './until.ts'

/** Far above what a local write takes, far below any time-out of the network's. */
const localWriteMsMax = 2000
const cutMs = rounds(4000, 20_000)

let deployment: Deployment | undefined

afterEach(async () => {
  await deployment?.close()
  deployment = undefined
})

async function loaded(): Promise<{ deployment: Deployment; load: Load }> {
  deployment = await Deployment.start()
  await deployment.globalTable('orders')
  const load = new Load(deployment, 'orders')
  load.start()
  await pause(500)
  return { deployment, load }
}

/** Every region of these goes on writing while `during` lasts, none of them slowly. */
async function expectUnaffected(
  { load, regions }: { load: Load; regions: Deployment['regions'] },
  during: () => Promise<unknown>,
): Promise<void> {
  const before = regions.map((region) => load.accepted(region))
  for (const region of regions) load.takeSlowestMs(region)
  await during()
  for (const [n, region] of regions.entries()) {
    expect(load.accepted(region) - (before[n] ?? 0)).toBeGreaterThan(50)
    expect(load.takeSlowestMs(region)).toBeLessThan(localWriteMsMax)
  }
}

for (const mode of ['down', 'reset'] as const)
  it(
    `regions cut off from each other (${mode === 'down' ? 'black hole' : 'reset'}) go on, and agree after the heal`,
    { timeout: testMsMax },
    async () => {
      const { deployment: world, load } = await loaded()
      for (let round = 0; round < rounds(1, 10); round++) {
        world.setLinks({ state: mode })
        await expectUnaffected({ load, regions: world.regions }, () => pause(cutMs))
        world.heal()
        await pause(1000)
      }
      await load.stop()
      await load.check()
    },
  )

it('a region that is stopped does not stop the others, and catches up', { timeout: testMsMax }, async () => {
  const { deployment: world, load } = await loaded()
  const [stopped, ...others] = world.regions
  if (stopped === undefined) return
  for (let round = 0; round < rounds(1, 10); round++) {
    await stopped.kill('node', 'SIGSTOP')
    await stopped.kill('nats-server', 'SIGSTOP')
    await expectUnaffected({ load, regions: others }, () => pause(cutMs))
    await stopped.kill('nats-server', 'SIGCONT')
    await stopped.kill('node', 'SIGCONT')
    await pause(1000)
  }
  await load.stop()
  await load.check()
})
