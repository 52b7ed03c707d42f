/** What a nats-server forgets of its stream, and what somebody else puts on it. */
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { Fault, Scene } from './fault.ts'
import { areUnread } from './lacks.ts'

const unread = 'of messages that some peer has not applied'

/** Met when messages that are in the stream before and not after it were still to be read. */
function losing({ world, region, meetWhen }: Scene, lose: () => void): void {
  const server = world.network.server(region.name)
  const before = server.payloads()
  lose()
  const kept = new Set(server.payloads())
  const lost = before.filter((payload) => !kept.has(payload))
  meetWhen(() => areUnread(world, region, lost))
}

export const wipeStream: Fault = {
  name: 'wipe stream',
  world: 1,
  weight: 1,
  aim: unread,
  inject: (scene) => losing(scene, () => scene.world.network.server(scene.region.name).wipe()),
}

export const loseTail: Fault = {
  name: 'lose tail',
  world: 1,
  weight: 1,
  aim: unread,
  inject: (scene) => {
    const count = scene.random.between(1, 8)
    losing(scene, () => scene.world.network.server(scene.region.name).loseTail(count))
  },
}

export const trimStream: Fault = {
  name: 'trim stream',
  world: 1,
  weight: 1,
  aim: unread,
  inject: (scene) => {
    const kept = scene.random.between(0, 3)
    losing(scene, () => scene.world.network.server(scene.region.name).trim(kept))
  },
}

export const poisonStream: Fault = {
  name: 'poison stream',
  world: 1,
  weight: 1,
  aim: 'with a message that a peer calls garbage',
  inject: ({ world, region, random, meetWhen }) => {
    const server = world.network.server(region.name)
    const before = garbageOf(world.regions.map(({ name }) => name))
    server.inject(foreignMessage(random, server.payloads()))
    meetWhen(() => garbageOf(world.regions.map(({ name }) => name)) > before)

    function garbageOf(names: readonly string[]): number {
      return names.reduce((sum, name) => sum + world.story.count(name, 'garbage from the peer', region.name), 0)
    }
  },
}

function foreignMessage(random: SeededRandom, payloads: readonly Buffer[]): Buffer {
  const message = Buffer.from(payloads.length === 0 ? random.bytes(40) : random.pick(payloads))
  const kind = random.pick(['noise', 'cut short', 'again', 'other version'] as const)
  if (kind === 'noise') return random.bytes(random.between(0, 60))
  if (kind === 'cut short') return message.subarray(0, random.between(0, message.length - 1))
  if (kind === 'other version') message[4] = 99
  return message
}
