/** What a nats-server may refuse, provoked with real servers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'
import { afterEach, describe, expect, it } from 'vitest'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { consumerInactiveMsMax, streamBytesMax } from '../../src/core/limits/limits.ts'
import { natsSettings } from '../../src/nats-server/nats-settings.ts'
import { eventually } from './eventually.ts'
import { freePort } from '../free-port.ts'
import { natsBinaries, NatsServerProcess, quiet } from './nats.ts'
import { canMount, smallDisk } from './small-disk.ts'

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

describe.each(await natsBinaries())('limits of %s', (binary) => {
  it.runIf(canMount)(
    'a server that starts on a nearly full disk has a limit of our own, not three quarters of that',
    async () => {
      const disk = smallDisk(16)
      undo.push(() => disk.remove())
      const port = await freePort()
      const configuration = join(disk.folder, 'nats.conf')
      const place = { name: 'a', listen: `127.0.0.1:${port}`, store: join(disk.folder, 'nats') }
      writeFileSync(configuration, natsSettings(place).join('\n'))
      const server = new NatsServerProcess(binary, port, configuration)
      undo.push(() => server.remove())
      await server.start()
      const bus = busOf(server.url)
      await eventually('a message is stored', () => stores(bus))
      const connection = await connect({ servers: server.url })
      undo.push(() => connection.close())
      const { config } = await (await jetstreamManager(connection)).streams.info('LOG_a')
      expect(config.max_bytes).toBe(streamBytesMax)
    },
  )

  it('a stream of an earlier version gets a limit for its consumers, whatever consumers are there', async () => {
    const server = await NatsServerProcess.start(binary)
    undo.push(() => server.remove())
    const connection = await connect({ servers: server.url })
    undo.push(() => connection.close())
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'LOG_a', subjects: ['log.a.changes'], max_bytes: streamBytesMax })
    await jetstream(connection).publish('log.a.changes', 'kept')
    await manager.consumers.add('LOG_a', { durable_name: 'endless' })
    await manager.consumers.add('LOG_a', { name: 'long', ack_policy: 'none', inactive_threshold: nanos(3_600_000) })
    await manager.consumers.add('LOG_a', { name: 'pushes', ack_policy: 'none', deliver_subject: 'anywhere' })
    await manager.consumers.add('LOG_a', { name: 'good', ack_policy: 'none', inactive_threshold: nanos(30_000) })
    const bus = busOf(server.url)
    await eventually('a message is stored', () => stores(bus))
    const limitOf = async () => (await manager.streams.info('LOG_a')).config.consumer_limits?.inactive_threshold
    await eventually('the limit is there', async () => (await limitOf()) === nanos(consumerInactiveMsMax))
    const names = async () => (await manager.consumers.list('LOG_a').next()).map(({ name }) => name)
    await eventually('only the good one is left', async () => (await names()).join() === 'good')
    expect((await bus.stream.last()).sequence).toBeGreaterThan(1)
  })
})

function busOf(url: string): NatsBus {
  const bus = startNatsBus({ region: 'a', own: { url }, peers: {}, log: quiet })
  undo.push(() => bus.close())
  return bus
}

async function stores(bus: NatsBus, payload = Buffer.from('x')): Promise<boolean> {
  try {
    const { sequence } = await bus.stream.last()
    return (await bus.stream.append(payload, sequence)) > sequence
  } catch {
    return false
  }
}
