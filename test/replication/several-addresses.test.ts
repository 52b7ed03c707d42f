/** A peer of several nodes has a NATS server for each of them, of which one has a node that answers: the bus finds it, and follows when another node leads. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterEach, expect, it, vi } from 'vitest'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { NatsCacheLine } from '../../src/adapters/nats/nats-cache-line.ts'
import type { NatsServer } from '../../src/adapters/nats/nats-connect.ts'
import { accountLines } from '../../src/deployment/secrets/nats/nats-accounts.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { identitiesOf, makeNatsSecrets, seedPath } from '../../src/deployment/secrets/nats/nats-secrets.ts'
import { natsSettings } from '../../src/nats-server/nats-settings.ts'
import type { PeerSession } from '../../src/ports/bus.ts'
import { writeConfiguration } from '../../src/supervisor/nats/nats-process.ts'
import { freePort } from '../free-port.ts'
import { eventually, within } from './eventually.ts'
import { natsBinaries, NatsServerProcess, quiet } from './nats.ts'

vi.setConfig({ testTimeout: 30_000 })

/** A hung node is asked after a second, and given two to answer; one that is gone is known at the next question. */
const [hungMsMax, goneMsMax] = [5000, 2500]

const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

async function started(): Promise<NatsServerProcess> {
  const server = await NatsServerProcess.start()
  undo.push(() => server.remove())
  return server
}

/** A node that serves the bus of region `a`, and says of itself which one it is. */
function leading(name: string, own: NatsServer): NatsBus {
  const bus = startNatsBus({ region: 'a', own, peers: {}, log: quiet })
  bus.serve(async () => Buffer.from(name))
  undo.push(() => bus.close())
  return bus
}

function peerOf(own: NatsServer, a: readonly NatsServer[], region = 'b'): NatsBus {
  const bus = startNatsBus({ region, own, peers: { a }, log: quiet })
  undo.push(() => bus.close())
  return bus
}

const answerOf = async (session: PeerSession): Promise<string> =>
  (await session.ask(Buffer.from('who?')).answer).toString()

async function foundBy(bus: NatsBus): Promise<PeerSession> {
  let session: PeerSession | undefined
  await eventually('the node is found', async () => {
    session = await bus.connect('a').catch(() => undefined)
    return session !== undefined
  })
  return session as PeerSession
}

const at = ({ url }: NatsServerProcess): NatsServer => ({ url })

it('the node is found behind the one server of several that has one', async () => {
  const [own, empty, full] = [await started(), await started(), await started()]
  const absent = { url: `nats://127.0.0.1:${await freePort()}` }
  leading('the second', at(full))
  const session = await foundBy(peerOf(at(own), [absent, at(empty), at(full)]))
  expect(await answerOf(session)).toBe('the second')
})

it('when a node stops leading, its server is left, and the node that leads then is found', async () => {
  const [own, first, second] = [await started(), await started(), await started()]
  const former = leading('the first', at(first))
  const bus = peerOf(at(own), [at(first), at(second)])
  const session = await foundBy(bus)
  expect(await answerOf(session)).toBe('the first')
  await former.close()
  expect(await within('the server is left', session.closed, goneMsMax)).toContain('no node answers')
  leading('the second', at(second))
  expect(await answerOf(await foundBy(bus))).toBe('the second')
})

it('a search that finds no node waits for the one that takes over', async () => {
  const [own, first, second] = [await started(), await started(), await started()]
  const search = peerOf(at(own), [at(first), at(second)]).connect('a')
  leading('the late one', at(second))
  expect(await answerOf(await search)).toBe('the late one')
})

it('a node that hangs is left, and one that has not begun to serve is not taken', async () => {
  const [own, first, second] = [await started(), await started(), await started()]
  const hangs = await connect({ servers: first.url })
  undo.push(() => hangs.close())
  hangs.subscribe('ask.a.*')
  const begins = startNatsBus({ region: 'a', own: at(second), peers: {}, log: quiet })
  undo.push(() => begins.close())
  const bus = peerOf(at(own), [at(first), at(second)])
  await expect(bus.connect('a')).rejects.toThrow('no node of a answers')
  begins.serve(async () => Buffer.from('has begun'))
  expect(await answerOf(await foundBy(bus))).toBe('has begun')
})

it('the end of a session is told when its node hangs', async () => {
  const [own, first, second] = [await started(), await started(), await started()]
  const node = await connect({ servers: first.url })
  undo.push(() => node.close())
  let hangs = false
  node.subscribe('ask.a.*', {
    callback: (_, message) => {
      if (!hangs) message.respond(Buffer.from([1]))
    },
  })
  const session = await foundBy(peerOf(at(own), [at(first), at(second)]))
  hangs = true
  expect(await within('the server is left', session.closed, hungMsMax)).toContain('no node answers')
})

it('is the same with the accounts of a deployment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-addresses-'))
  undo.push(async () => rmSync(folder, { recursive: true, force: true }))
  makeNatsSecrets(folder, ['a', 'b'])
  const [binary] = await natsBinaries()
  const servers = await Promise.all(
    ['n1', 'n2'].map(async (name) => {
      const [port, path] = [await freePort(), join(folder, `${name}.conf`)]
      const settings = natsSettings({ name, listen: `127.0.0.1:${port}`, store: join(folder, name) })
      writeConfiguration(path, [...settings, ...accountLines('a', identitiesOf(folder, 'a'))])
      const server = new NatsServerProcess(binary, port, path)
      undo.push(() => server.remove())
      await server.start()
      return server
    }),
  )
  const access = (region: string) =>
    natsAccess({ natsNkey: seedPath(folder, region, 'node'), natsApiPrefix: 'LONGITUDE' })
  const former = leading('n1', access('a').own(servers[0]?.url ?? ''))
  const bus = peerOf(at(await started()), access('b').peer(servers.map(({ url }) => url).join()))
  const session = await foundBy(bus)
  expect(await answerOf(session)).toBe('n1')
  await former.close()
  await within('the server is left', session.closed, goneMsMax)
  leading('n2', access('a').own(servers[1]?.url ?? ''))
  expect(await answerOf(await foundBy(bus))).toBe('n2')
})

it('a cache finds the server of the node that leads', async () => {
  const [first, second] = [await started(), await started()]
  const bus = leading('the second', at(second))
  bus.caches.serve(async () => Buffer.from('here'))
  const line = new NatsCacheLine('a', [at(first), at(second)])
  await eventually('the leading node is found', async () => {
    const session = await line.connect(() => undefined).catch(() => undefined)
    const answer = await session?.ask(Buffer.from('where?'), 1000)
    await session?.close()
    return answer?.toString() === 'here'
  })
})
