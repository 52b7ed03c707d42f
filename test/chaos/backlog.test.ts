/** What has piled up during a cut is drained while new writes come. */
import { expect, it } from 'vitest'
import { backlogChanges, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { fill } from './fill.ts'
import { until } from './until.ts'

const deployment = sharedDeployment()

it(`${backlogChanges} changes of backlog after a cut are drained while new writes come`, { timeout: testMsMax }, () =>
  underLoad(deployment(), 'backlog', async (load) => {
    const world = deployment()
    const [one, ...others] = world.regions
    if (one === undefined) return
    await world.globalTable('piled')
    world.setLinks({ state: 'down' })
    await fill(one, 'piled', { items: backlogChanges })
    for (const { name } of others) {
      const peer = await one.peer(name)
      expect(peer?.pending).toBeGreaterThanOrEqual(backlogChanges)
      expect(peer).toMatchObject({ safeToEvacuate: false })
    }
    const [before, healedAtMs] = [load.accepted(), performance.now()]
    world.heal()
    await until(
      'the backlog is drained',
      async () => {
        const peers = await Promise.all(others.map(({ name }) => one.peer(name)))
        return peers.every((peer) => peer !== undefined && peer.lagMs < 2000 && peer.outbound !== 'cut')
      },
      testMsMax / 2,
    )
    const seconds = (performance.now() - healedAtMs) / 1000
    console.log(
      `${backlogChanges} changes to two peers in ${seconds.toFixed(1)} s, and ${load.accepted() - before} new writes`,
    )
    expect(load.accepted() - before).toBeGreaterThan(10)
    await world.verified('piled')
  }),
)
