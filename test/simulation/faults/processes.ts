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

const [flushWaitMs, flushMs] = [500, 20]

/** The first kind strikes at any time, when as a rule nothing is being written; this one waits for a moment when something is. */
export const crashInFlight: Fault = {
  name: 'crash in flight',
  world: 3,
  weight: 1,
  aim: 'with a batch on the disk of which nobody has heard',
  inject: async (scene) => {
    const { world, region, random, durationMs, meetWhen } = scene
    const untilMs = world.scheduler.nowMs + flushWaitMs
    const before = region.flushMs
    region.flushMs = Math.max(before, flushMs)
    while (region.writesUnderWay === 0 && world.scheduler.nowMs < untilMs) await world.scheduler.sleep(pollMs)
    region.flushMs = before
    if (scene.healed) return
    const underWay = region.writesUnderWay
    const landed = random.between(0, underWay)
    meetWhen(() => landed > 0)
    region.crash(landed)
    await world.scheduler.sleep(durationMs)
    if (!region.running && !scene.healed) await region.start()
  },
}

const pollMs = 3

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
