import { createConnection, createServer, type Socket } from 'node:net'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, describe, expect, it } from 'vitest'
import { type NatsBus, startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import type { PeerSession } from '../../src/ports/bus.ts'
import { eventually } from './eventually.ts'
import { natsBinaries, NatsServerProcess, quiet } from './nats.ts'

const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

async function serverOf(binary?: string): Promise<NatsServerProcess> {
  const server = await NatsServerProcess.start(binary)
  undo.push(() => server.remove())
  return server
}

function busOf(region: string, own: string, peers: Record<string, string> = {}): NatsBus {
  const bus = startNatsBus({
    region,
    own: { url: own },
    peers: Object.fromEntries(Object.entries(peers).map(([name, url]) => [name, { url }])),
    log: quiet,
  })
  undo.push(() => bus.close())
  return bus
}

/** Appends `count` messages in order, many under way, and returns the stream's last number. */
async function fill(bus: NatsBus, count: number, from = 0): Promise<number> {
  await ready(bus)
  const { sequence } = await bus.stream.last()
  await Promise.all(
    Array.from({ length: count }, (_, n) => bus.stream.append(Buffer.from(`m${from + n + 1}`), sequence + n)),
  )
  return sequence + count
}

/** How many messages the server has sent to the only consumer of a stream, once that number stands still. */
async function deliveredAtRest(url: string, stream: string): Promise<number> {
  const connection = await connect({ servers: url })
  const manager = await jetstreamManager(connection)
  let last = -1
  for (let same = 0; same < 200;) {
    const [info] = await manager.consumers.list(stream).next()
    const delivered = info?.delivered.consumer_seq ?? 0
    same = delivered === last ? same + 1 : 0
    last = delivered
  }
  await connection.close()
  return last
}

const ready = (bus: NatsBus) =>
  eventually('the own server is there', () =>
    bus.stream.last().then(
      () => true,
      () => false,
    ),
  )

async function sessionOf(bus: NatsBus, peer: string): Promise<PeerSession> {
  let session: PeerSession | undefined
  await eventually(`${peer} is reached`, async () => {
    session = await bus.connect(peer).catch(() => undefined)
    return session !== undefined
  })
  return session as PeerSession
}

describe.each(await natsBinaries())('the bus over %s', (binary) => {
  it('delivers a stream to a peer in order, from the number asked for', async () => {
    const server = await serverOf(binary)
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf(binary)).url, { a: server.url })
    expect(await fill(a, 500)).toBe(500)
    const session = await sessionOf(b, 'a')
    expect(await session.state().answer).toEqual({ firstSequence: 1, lastSequence: 500 })
    const seen: string[] = []
    session.consume(101, ({ payload }) => void seen.push(payload.toString()))
    await eventually('400 messages', () => seen.length === 400)
    await fill(a, 10, 500)
    await eventually('410 messages', () => seen.length === 410)
    expect(seen).toEqual(Array.from({ length: 410 }, (_, n) => `m${n + 101}`))
  })

  it('makes the stream again after the server comes back with its store wiped', async () => {
    const server = await serverOf(binary)
    const a = busOf('a', server.url)
    await fill(a, 3)
    await server.kill()
    server.wipe()
    await expect(a.stream.append(Buffer.from('x'), 3)).rejects.toThrow()
    await server.start()
    await ready(a)
    expect(await a.stream.last()).toEqual({ sequence: 0, payload: undefined })
    expect(await a.stream.append(Buffer.from('first again'), 0)).toBe(1)
  })
})

describe('the bus', () => {
  it('waits for its own server for ever, and rejects meanwhile', async () => {
    const server = await serverOf()
    await server.kill()
    const a = busOf('a', server.url)
    await expect(a.stream.last()).rejects.toThrow('away')
    await server.start()
    expect(await fill(a, 1)).toBe(1)
  })

  it('rejects what does not follow the last message', async () => {
    const a = busOf('a', (await serverOf()).url)
    await fill(a, 2)
    await expect(a.stream.append(Buffer.from('stale'), 1)).rejects.toThrow()
    expect((await a.stream.last()).payload?.toString()).toBe('m2')
  })

  it('carries questions, announcements and what is told', async () => {
    const server = await serverOf()
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf()).url, { a: server.url })
    const told: string[] = []
    a.serve(async (payload) => {
      told.push(payload.toString())
      return Buffer.from(`${payload.toString()}!`)
    })
    await ready(a)
    const session = await sessionOf(b, 'a')
    expect((await session.ask(Buffer.from('hello')).answer).toString()).toBe('hello!')
    session.tell(Buffer.from('by the way'))
    await eventually('told', () => told.includes('by the way'))
    let heard = ''
    session.onAnnouncement((payload) => (heard = payload.toString()))
    await eventually('announced', () => {
      a.announce(Buffer.from('here'))
      return heard === 'here'
    })
  })

  it('ends a session when the peer’s server dies', async () => {
    const server = await serverOf()
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf()).url, { a: server.url })
    await fill(a, 1)
    const session = await sessionOf(b, 'a')
    session.consume(1, () => undefined)
    await server.kill()
    expect(await session.closed).not.toBe('')
    await expect(b.connect('a')).rejects.toThrow()
  })

  it('does not read ahead of a receiver that is slow', async () => {
    const server = await serverOf()
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf()).url, { a: server.url })
    await ready(a)
    const megabyte = Buffer.alloc(1024 * 1024, 7)
    for (let n = 0; n < 80; n++) await a.stream.append(megabyte, n)
    const session = await sessionOf(b, 'a')
    let release: () => void = () => undefined
    let seen = 0
    const gate = new Promise<void>((resolve) => (release = resolve))
    session.consume(1, async () => {
      seen++
      await gate
    })
    await eventually('the first message', () => seen === 1)
    expect(await deliveredAtRest(server.url, 'LOG_a')).toBeLessThan(50)
    release()
    await eventually('all of them', () => seen === 80)
  })

  it('does not count what the server says of an idle stream as bytes of the stream', async () => {
    const server = await serverOf()
    const way = await blackHole(server.port)
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf()).url, { a: `nats://127.0.0.1:${way.port}` })
    await fill(a, 1)
    const session = await sessionOf(b, 'a')
    let seen = 0
    session.consume(1, () => void seen++)
    await eventually('the first message', () => seen === 1)
    const carried = way.broughtBytes()
    const counted = session.receivedBytes()
    await eventually('heartbeats', () => way.broughtBytes() - carried > 400)
    expect(session.receivedBytes() - counted).toBeLessThan(100)
  })

  it('does not count the answer that no node listens as bytes of the peer', async () => {
    const server = await serverOf()
    const b = busOf('b', (await serverOf()).url, { a: server.url })
    const session = await sessionOf(b, 'a')
    const counted = session.receivedBytes()
    for (let n = 0; n < 50; n++) await expect(session.ask(Buffer.from('?')).answer).rejects.toThrow('no responders')
    expect(session.receivedBytes() - counted).toBeLessThan(100)
  })

  it('notices within seconds that a link has become a black hole, and ends the session', async () => {
    const server = await serverOf()
    const hole = await blackHole(server.port)
    const a = busOf('a', server.url)
    const b = busOf('b', (await serverOf()).url, { a: `nats://127.0.0.1:${hole.port}` })
    await fill(a, 1)
    const session = await sessionOf(b, 'a')
    let seen = 0
    session.consume(1, () => void seen++)
    await eventually('the first message', () => seen === 1)
    hole.swallow()
    const startMs = performance.now()
    expect(await session.closed).toBe('missed heartbeats')
    expect(performance.now() - startMs).toBeLessThan(7000)
    await expect(b.connect('a')).rejects.toThrow()
  })
})

/** A way to a port that can stop to carry anything, without a word to either end. */
async function blackHole(port: number): Promise<{ readonly port: number; swallow(): void; broughtBytes(): number }> {
  let swallowing = false
  let broughtBytes = 0
  const sockets: Socket[] = []
  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1')
    far.on('data', (chunk) => (broughtBytes += chunk.length))
    sockets.push(near, far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => (swallowing ? undefined : to.write(chunk)))
      from.on('error', () => undefined)
      from.on('close', () => (swallowing ? undefined : to.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    swallow: () => {
      swallowing = true
    },
    broughtBytes: () => broughtBytes,
  }
}
