/** Processes that die at any moment, and disks that are lost, while every region is written to. */
import { it } from 'vitest'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause } from './until.ts'
import { differs } from '../differences/difference.ts'

const timeout = testMsMax
const deployment = sharedDeployment()

it(differs('one-disk'), { timeout }, () =>
  underLoad(deployment(), 'node-kills', async () => {
    for (let round = 0; round < rounds(3, 80); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(deployment().regions)
      await victim.kill('node')
      await pause(500 * Math.random())
      await victim.startNode()
    }
  }),
)

it('kill -9 of nats-servers, and their stores wiped, loses no accepted write', { timeout }, () =>
  underLoad(deployment(), 'nats-kills', async () => {
    for (let round = 0; round < rounds(3, 80); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(deployment().regions)
      if (round % 2 === 1) await victim.wipeNats()
      else {
        await victim.kill('nats-server')
        await pause(500 * Math.random())
        await victim.startNats()
      }
    }
  }),
)

it('kill -9 of a node and its wiped nats-server together loses no accepted write', { timeout }, () =>
  underLoad(deployment(), 'both-kills', async () => {
    for (let round = 0; round < rounds(1, 40); round++) {
      await pause(200 + 800 * Math.random())
      const victim = anyOf(deployment().regions)
      await Promise.all([victim.kill('node'), victim.kill('nats-server')])
      await victim.wipeNats()
      await victim.startNode()
    }
  }),
)

it('a region whose disk is wiped gets everything back from its peers', { timeout }, () =>
  underLoad(deployment(), 'wiped', async (load) => {
    load.feedsLost = true
    for (let round = 0; round < rounds(1, 10); round++) {
      await pause(1000)
      // What only the lost disk knew is lost with it, so the others must have it first; they go on writing meanwhile.
      const victim = anyOf(deployment().regions)
      const others = deployment().regions.filter((region) => region !== victim)
      await load.stop([victim])
      await load.caughtUp(victim, others)
      await victim.wipeDisk()
      await pause(500)
      load.resume([victim])
    }
  }),
)

it('what a wiped region had sent to one peer and not to the other reaches all', { timeout }, () =>
  underLoad(deployment(), 'half-sent', async (load) => {
    load.feedsLost = true
    for (let round = 0; round < rounds(1, 10); round++) {
      const world = deployment()
      const [victim, knowing, unknowing] = world.regions
      if (victim === undefined || knowing === undefined || unknowing === undefined) return
      world.setLinks({ state: anyOf(['down', 'reset'] as const) }, `${victim.name}..${unknowing.name}`)
      await pause(1000)
      await load.stop([victim])
      await load.caughtUp(victim, [knowing])
      // Its server's stream goes with its disk: nothing of it is left where it was.
      await victim.kill('nats-server')
      await victim.wipeDisk()
      await victim.wipeNats()
      await pause(500)
      world.heal()
      load.resume([victim])
    }
  }),
)
