import { afterEach, expect, it } from 'vitest'
import { Deployment } from './deployment.ts'
import { Load } from './load.ts'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { pause } from './until.ts'

let deployment: Deployment | undefined

afterEach(async () => {
  await deployment?.close()
  deployment = undefined
})

async function underLoad(mischief: (deployment: Deployment, load: Load) => Promise<void>): Promise<void> {
  deployment = await Deployment.start()
  await deployment.globalTable('orders')
  const load = new Load(deployment, 'orders')
  load.start()
  await mischief(deployment, load)
  await load.stop()
  expect(load.accepted()).toBeGreaterThan(100)
  await load.check()
}

it('kill -9 of nodes at random moments under load loses no accepted write', { timeout: testMsMax }, () =>
  underLoad(async ({ regions }) => {
    for (let round = 0; round < rounds(4, 80); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(regions)
      await victim.kill('node')
      await pause(500 * Math.random())
      await victim.startNode()
    }
  }),
)

it('kill -9 of nats-servers, and their stores wiped, loses no accepted write', { timeout: testMsMax }, () =>
  underLoad(async ({ regions }) => {
    for (let round = 0; round < rounds(4, 80); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(regions)
      if (round % 2 === 1) await victim.wipeNats()
      else {
        await victim.kill('nats-server')
        await pause(500 * Math.random())
        await victim.startNats()
      }
    }
  }),
)

it('kill -9 of a node and its wiped nats-server together loses no accepted write', { timeout: testMsMax }, () =>
  underLoad(async ({ regions }) => {
    for (let round = 0; round < rounds(2, 40); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(regions)
      await Promise.all([victim.kill('node'), victim.kill('nats-server')])
      await victim.wipeNats()
      await victim.startNode()
    }
  }),
)

it('a region whose disk is wiped gets everything back from its peers', { timeout: testMsMax }, () =>
  underLoad(async ({ regions }, load) => {
    await pause(1500)
    // What only the lost disk knew is lost with it, so the others must have it first; they go on writing meanwhile.
    const [victim, ...others] = regions
    if (victim === undefined) return
    await load.stop([victim])
    await load.caughtUp(victim, others)
    await victim.wipeDisk()
    await pause(1000)
  }),
)
