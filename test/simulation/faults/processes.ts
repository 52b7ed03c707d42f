/** Processes that die: a node with kill -9, a nats-server. */
import type { Fault } from './fault.ts'
import { somePeerLacks } from './lacks.ts'

export const crash: Fault = {
  name: 'crash',
  world: 1,
  weight: 1,
  aim: 'with batches under way',
  inject: async (scene) => {
    const { world, region, random, durationMs, meetWhen } = scene
    const underWay = region.writesUnderWay
    meetWhen(() => underWay > 0)
    region.crash(random.between(0, underWay))
    await world.scheduler.sleep(durationMs)
    if (!region.running && !scene.healed) await region.start()
  },
}

export const crashServer: Fault = {
  name: 'crash server',
  world: 1,
  weight: 1,
  aim: 'while changes wait to be published',
  inject: async ({ world, region, durationMs, during, meetWhen }) => {
    const server = world.network.server(region.name)
    server.stop()
    meetWhen(() => !server.up && somePeerLacks(world, region))
    await during(durationMs, () => server.start())
  },
  heal: ({ network, regions }) => {
    for (const { name } of regions) network.server(name).start()
  },
}
