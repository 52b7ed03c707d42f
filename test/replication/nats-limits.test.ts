/** What a nats-server may refuse, provoked with real servers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, describe, expect, it } from 'vitest'
import { NatsBus } from '../../src/adapters/nats-bus.ts'
import { streamBytesMax } from '../../src/core/limits.ts'
import { natsSettings } from '../../src/node/nats-server/settings.ts'
import { eventually } from './eventually.ts'
import { freePort, natsBinaries, NatsServerProcess, quiet } from './nats.ts'
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
})

function busOf(url: string): NatsBus {
  const bus = new NatsBus({ region: 'a', own: { url }, peers: {}, log: quiet })
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
