import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { LinksControl } from '../../../../src/links/control/links-client.ts'
import type { Control } from '../../../../src/deployment/control/call-server.ts'
import { startLinksControl } from '../../../../src/links/control/links-server.ts'
import { Links } from '../../../../src/links/links.ts'
import { plainShape, type Shape } from '../../../../src/links/lane/link-shape.ts'
import { connected, roundTrip } from './echo-client.ts'

const token = 'a-token-of-some-length'
const loopback = (port: number) => ({ host: '127.0.0.1', port })
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

type Running = { readonly links: Links; readonly control: Control; readonly client: LinksControl }

/** Links from us and from ap to eu, which echoes. */
async function running(shape: Partial<Shape> = {}, froms: readonly string[] = ['us', 'ap']): Promise<Running> {
  const echo = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  const target = loopback((echo.address() as AddressInfo).port)
  const plan = { to: 'eu', listen: loopback(0), target, shape: { ...plainShape, ...shape } }
  const links = await Links.open(froms.map((from) => ({ ...plan, from })))
  const control = await startLinksControl({ links, listen: loopback(0), token })
  closing.push(
    () => echo.close(),
    () => links.close(),
    () => control.close(),
  )
  return { links, control, client: new LinksControl({ urls: [`http://127.0.0.1:${control.port}`], token }) }
}

async function dial({ links }: Running, from = 'us'): Promise<Socket> {
  const door = links.ports.find(({ there }) => there.from === from)
  const socket = await connected(door?.address.port ?? 0)
  closing.push(() => socket.destroy())
  return socket
}

async function silence(socket: Socket, ms: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const heard = (): void => resolve(false)
    socket.once('data', heard)
    setTimeout(() => {
      socket.off('data', heard)
      resolve(true)
    }, ms)
  })
}

describe('the control of links', () => {
  test('tells each direction with what is configured, what is and who broke it', async () => {
    const world = await running({ roundTripMs: 4 })
    const { client } = world
    await roundTrip(await dial(world))
    await client.set({ links: ['us>eu'], rtt: '10ms', jitter: '2ms', bandwidth: '50mbit', owner: 'me', for: '30s' })
    const all = await client.list()
    expect(all.map(({ from, to }) => `${from}>${to}`).toSorted()).toEqual(['ap>eu', 'eu>ap', 'eu>us', 'us>eu'])
    const [there, back] = ['us', 'eu'].map((from) => all.find((one) => one.from === from && one.to !== 'ap'))
    expect(there).toMatchObject({
      roundTripMs: 10,
      delayMs: 5,
      jitterMs: 2,
      bandwidthBitsPerSecond: 50e6,
      state: 'up',
      carriedBytes: 1,
      connections: 1,
      configured: { roundTripMs: 4 },
    })
    expect(there?.faults).toMatchObject([{ owner: 'me', what: 'rtt 10ms, jitter 2ms, bandwidth 50mbit' }])
    const { startedAt = '', endsAt = '' } = there?.faults[0] ?? {}
    expect(Date.parse(endsAt ?? '') - Date.parse(startedAt)).toBe(30_000)
    expect(back).toMatchObject({ roundTripMs: 4, faults: [], carriedBytes: 1, connections: 1 })
  })

  test('slows one direction alone', async () => {
    const world = await running()
    const socket = await dial(world)
    await roundTrip(socket)
    await world.client.set({ links: ['eu>us'], rtt: '100ms' })
    const all: number[] = []
    for (let n = 0; n < 6; n++) all.push(await roundTrip(socket))
    // The least is the link's own doing, the rest the machine's.
    expect(Math.min(...all)).toBeGreaterThan(49.5)
    expect(Math.min(...all)).toBeLessThan(95)
  })

  test('cuts one direction: the other goes on, and what was held comes with the heal', async () => {
    const world = await running()
    const socket = await dial(world)
    const other = await dial(world, 'ap')
    await Promise.all([socket, other].map(roundTrip))
    await world.client.set({ links: ['eu>us'], state: 'down', owner: 'drill' })
    const answered = roundTrip(socket)
    expect(await silence(socket, 60)).toBe(true)
    const [there, back] = ['us>eu', 'eu>us'].map((name) => world.links.laneOf(...(name.split('>') as [string, string])))
    expect([there?.carriedBytes, back?.carriedBytes]).toEqual([2, 1])
    await roundTrip(other)
    await world.client.heal({ owner: 'somebody else' })
    expect(await silence(socket, 30)).toBe(true)
    await world.client.heal({ owner: 'drill' })
    await answered
  })

  test('ends a fault by itself', async () => {
    const world = await running()
    const socket = await dial(world)
    await roundTrip(socket)
    await world.client.set({ links: ['us..eu'], state: 'down', for: '150ms' })
    const started = performance.now()
    await roundTrip(socket)
    expect(performance.now() - started).toBeGreaterThan(100)
    expect((await world.client.list()).flatMap(({ faults }) => faults)).toEqual([])
  })

  test('puts through after the heal who still waits, with what it said, and nobody who has given up', async () => {
    const heard: Buffer[] = []
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.on('data', (chunk: Buffer) => heard.push(chunk))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const target = loopback((server.address() as AddressInfo).port)
    const links = await Links.open([{ from: 'us', to: 'eu', listen: loopback(0), target, shape: plainShape }])
    closing.push(
      () => server.close(),
      () => links.close(),
    )
    links.set({ links: ['all'], change: { state: 'down' } })
    const [patient, impatient] = [0, 1].map(() => connect(loopback(links.ports[0]?.address.port ?? 0)))
    closing.push(() => patient?.destroy())
    impatient?.end('too late')
    await once(impatient as Socket, 'close')
    patient?.write('still ')
    patient?.write('here')
    expect(await silence(patient as Socket, 60)).toBe(true)
    links.heal()
    await once(server, 'connection')
    const deadline = performance.now() + 5000
    while (heard.length === 0 && performance.now() < deadline) await silence(patient as Socket, 5)
    expect(Buffer.concat(heard).toString()).toBe('still here')
    expect(links.list()[0]).toMatchObject({ connections: 1, carriedBytes: 10 })
  })

  test('a reset of one direction breaks the connections of the link and refuses new ones, of that link only', async () => {
    const world = await running()
    const [broken, whole] = [await dial(world), await dial(world, 'ap')]
    await Promise.all([broken, whole].map(roundTrip))
    await world.client.set({ links: ['us>eu'], state: 'reset' })
    await new Promise((resolve) => {
      broken.once('close', resolve)
    })
    const refused = connect(loopback(world.links.ports[0]?.address.port ?? 0))
    await expect(once(refused, 'data')).rejects.toThrow(/ECONNRESET/)
    await roundTrip(whole)
    await world.client.set({ links: ['all'], state: 'up' })
    await roundTrip(await dial(world))
  })

  test('tells a peer of a break not before the cut has healed', async () => {
    const gone: Promise<unknown>[] = []
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      gone.push(new Promise((resolve) => socket.once('close', resolve)))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const target = loopback((server.address() as AddressInfo).port)
    const links = await Links.open([{ from: 'us', to: 'eu', listen: loopback(0), target, shape: plainShape }])
    closing.push(
      () => server.close(),
      () => links.close(),
    )
    const socket = connect(loopback(links.ports[0]?.address.port ?? 0))
    await once(server, 'connection')
    links.set({ links: ['us>eu'], change: { state: 'down' } })
    socket.resetAndDestroy()
    const told = Promise.race(gone)
    const early = new Promise((resolve) => {
      setTimeout(() => resolve('not yet'), 60)
    })
    expect(await Promise.race([told, early])).toBe('not yet')
    links.heal()
    await told
  })

  test('is for those with the token, directly, and on the loopback by its own names', async () => {
    const { control } = await running()
    const authorization = `Bearer ${token}`
    expect(await statusOf(control, 'GET', { host: 'localhost', authorization })).toBe(200)
    expect(await statusOf(control, 'GET', { host: '127.0.0.1:8199', authorization })).toBe(200)
    for (const headers of [
      { host: 'localhost' },
      { host: 'localhost', authorization: 'Bearer another-token-of-that-length' },
      { host: 'localhost', authorization: token },
      { host: 'a.page.example', authorization },
      { host: 'localhost', authorization, origin: 'http://localhost' },
      { host: 'localhost', authorization, 'x-forwarded-for': '203.0.113.7' },
    ])
      for (const method of ['GET', 'POST'])
        expect(await statusOf(control, method, headers), JSON.stringify(headers)).toBe(403)
  })

  test('says what is wrong with a request', async () => {
    const { client } = await running()
    await expect(client.set({ links: ['us..mars'], state: 'down' })).rejects.toThrow('no link us..mars here')
    await expect(client.set({ links: ['us..eu', 'us..mars'], state: 'down' })).rejects.toThrow('no link us..mars')
    await expect(client.set({ links: ['us'], state: 'down' })).rejects.toThrow('is no link')
    await expect(client.set({ links: ['us..eu'] })).rejects.toThrow('nothing to set')
    await expect(client.set({ links: ['us..eu'], rtt: 'soon' })).rejects.toThrow('"soon"')
    await expect(client.set({ links: ['us..eu'], state: 'up', for: 'ever' })).rejects.toThrow('"ever"')
  })

  test('speaks to several processes that carry a part each, and tells a link once', async () => {
    const [one, other] = [await running({}, ['us']), await running({}, ['ap'])]
    const urls = [one, other].map(({ control }) => `http://127.0.0.1:${control.port}`)
    const client = new LinksControl({ urls, token })
    expect((await client.set({ links: ['us..eu'], state: 'down' })).length).toBe(2)
    expect((await client.set({ links: ['us>eu', 'ap>eu'], rtt: '5ms' })).length).toBe(2)
    expect((await client.list()).length).toBe(4)
    await expect(client.set({ links: ['mars..eu'], state: 'down' })).rejects.toThrow('no link')
    await other.control.close()
    await expect(client.heal()).rejects.toThrow('does not answer')
    expect(one.links.list().flatMap(({ faults }) => faults)).toEqual([])
  })
})

async function statusOf(control: Control, method: string, headers: Record<string, string>): Promise<number> {
  const path = method === 'GET' ? '/links' : '/links/heal'
  const call = request({ ...loopback(control.port), method, path, headers }).end()
  const [response] = (await once(call, 'response')) as [{ statusCode: number; resume(): void }]
  response.resume()
  return response.statusCode
}
