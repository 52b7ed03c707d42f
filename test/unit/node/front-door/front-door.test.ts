import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { frontDoorConnectionsMax, requestSizeBytesMax } from '../../../../src/core/limits/limits.ts'
import { FrontDoor, type FrontDoorOptions } from '../../../../src/front-door/front-door.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

type Region = { readonly server: Server; readonly seen: IncomingMessage[]; ready: boolean; url: string }

/** Says back what it gets; not what a node does, but enough to see what passes. */
async function region(): Promise<Region> {
  const state: Region = { server: createServer(), seen: [], ready: true, url: '' }
  state.server.on('request', (incoming: IncomingMessage, response) => {
    if (incoming.url === '/ready') {
      response.writeHead(state.ready ? 200 : 503).end()
      return
    }
    state.seen.push(incoming)
    if (incoming.headers['x-please'] === 'hang') return
    if (incoming.headers['x-please'] === 'fill') response.end(Buffer.alloc(16 * 1024 * 1024))
    else if (incoming.headers['x-please'] === 'break') incoming.socket.destroy()
    else if (incoming.headers['x-please'] === 'wait') setTimeout(() => incoming.pipe(response), 50)
    else incoming.pipe(response.writeHead(200, 'Fine', { 'X-Amzn-RequestId': 'ID', 'x-amz-crc32': '1' }))
  })
  await once(state.server.listen(0, '127.0.0.1'), 'listening')
  state.url = `http://127.0.0.1:${(state.server.address() as AddressInfo).port}`
  closing.push(() => gone(state))
  return state
}

async function gone({ server }: Region): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
}

async function frontDoor(
  regions: Record<string, Region>,
  failover = false,
  more: Partial<FrontDoorOptions> = {},
): Promise<FrontDoor> {
  const door = await FrontDoor.open({
    host: '127.0.0.1',
    port: 0,
    endpoints: Object.fromEntries(Object.entries(regions).map(([name, { url }]) => [name, url])),
    failover,
    roundTripMs: (from, to) => Math.abs((distances[from] ?? 0) - (distances[to] ?? 0)),
    visitors: { hostNames: ['signed.example'] },
    healthEveryMs: 30,
    ...more,
  })
  closing.push(() => door.close().catch(() => {}))
  return door
}

const distances: Readonly<Record<string, number>> = { one: 0, two: 10, three: 30 }
const agent = new Agent({ keepAlive: true })
closing.push(() => agent.destroy())

function dial(door: FrontDoor): Socket {
  const socket = connect(door.port, '127.0.0.1')
  socket.on('error', () => {})
  closing.push(() => socket.destroy())
  return socket
}

async function written(socket: Socket, text: string): Promise<void> {
  await new Promise<void>((resolve) => socket.write(text, () => resolve()))
}

/** All that still comes on it, once it is read. */
async function bytesUntilEnd(socket: Socket): Promise<number> {
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  return bytes
}

function headFor(name: string, length: number, more = ''): string {
  return `POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/${name}/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\nContent-Length: ${length}\r\n${more}\r\n`
}

type Answer = { readonly status: number; readonly incoming: IncomingMessage; readonly body: Buffer }

async function send(
  door: FrontDoor,
  name: string | undefined,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const signed =
    name === undefined
      ? {}
      : {
          'X-Amz-Date': '20260101T000000Z',
          Authorization: `AWS4-HMAC-SHA256 Credential=AKID/20260101/${name}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
        }
  const outgoing = request({ port: door.port, method: 'POST', agent, headers: { ...signed, ...headers } })
  outgoing.on('error', () => {})
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  return { status: incoming.statusCode ?? 0, incoming, body: Buffer.concat(chunks) }
}

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('not within 5 s')
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
    })
  }
}

const answeredBy = ({ incoming }: Answer): string | string[] | undefined => incoming.headers['x-longitude-region']
const errorOf = ({ status, body }: Answer): [number, string] => [status, /#(\w+)"/.exec(body.toString())?.[1] ?? '']

describe('the front door', () => {
  test('leads each request to the region that its signature names, byte for byte and header for header', async () => {
    const [one, two] = [await region(), await region()]
    const door = await frontDoor({ one, two })
    const body = randomBytes(3_000_000)
    const answer = await send(door, 'two', body, {
      'X-Amz-Target': 'DynamoDB_20120810.GetItem',
      Host: 'signed.example',
    })
    expect(answer.body.equals(body)).toBe(true)
    expect([answer.status, answer.incoming.statusMessage, answeredBy(answer)]).toEqual([200, 'Fine', 'two'])
    expect(answer.incoming.rawHeaders).toEqual(expect.arrayContaining(['X-Amzn-RequestId', 'ID']))
    expect([one.seen.length, two.seen.length]).toEqual([0, 1])
    expect(two.seen[0]?.rawHeaders).toEqual(
      expect.arrayContaining(['X-Amz-Target', 'DynamoDB_20120810.GetItem', 'Host', 'signed.example']),
    )
    expect((await send(door, 'one', Buffer.from('{}'))).body.toString()).toBe('{}')
  })

  test('takes a signature for local or localhost for one for its first region', async () => {
    const door = await frontDoor({ one: await region(), two: await region() })
    for (const name of ['local', 'localhost']) expect(answeredBy(await send(door, name, Buffer.from('{}')))).toBe('one')
  })

  test('takes a signature for any region for one for its only region, as that does', async () => {
    const door = await frontDoor({ one: await region() })
    for (const name of ['one', 'mars', 'local'])
      expect(answeredBy(await send(door, name, Buffer.from('{}')))).toBe('one')
  })

  test('uses connections again', async () => {
    const one = await region()
    const sockets = new Set<unknown>()
    const door = await frontDoor({ one })
    for (let n = 0; n < 20; n++) {
      await send(door, 'one', Buffer.from('{}'))
      sockets.add(one.seen.at(-1)?.socket)
    }
    expect(sockets.size).toBeLessThan(4)
  })

  test('refuses in the words of the API what has no signature, and what is for no region that there is', async () => {
    const door = await frontDoor({ one: await region(), two: await region() })
    expect(errorOf(await send(door, undefined, Buffer.from('{}')))).toEqual([
      400,
      'MissingAuthenticationTokenException',
    ])
    const unknown = await send(door, 'mars', Buffer.alloc(1_000_000))
    expect(errorOf(unknown)).toEqual([400, 'InvalidSignatureException'])
    expect(unknown.body.toString()).toContain("not 'mars'. This front door leads to one, two.")
    expect(unknown.incoming.headers['x-amzn-requestid']).toMatch(/^[0-9A-Z]{52}$/)
  })

  test('answers for a region that is gone, or not ready, with an error that SDKs try again', async () => {
    const [one, two] = [await region(), await region()]
    const door = await frontDoor({ one, two })
    await gone(one)
    expect(errorOf(await send(door, 'one', Buffer.from('{}')))).toEqual([503, 'ServiceUnavailableException'])
    two.ready = false
    await until(async () => (await send(door, 'two', Buffer.from('{}'))).status === 503)
    two.ready = true
    await until(async () => (await send(door, 'two', Buffer.from('{}'))).status === 200)
  })

  test('with failover leads to the nearest healthy region, body and all, and back when the first is healthy again', async () => {
    const [one, two, three] = [await region(), await region(), await region()]
    const door = await frontDoor({ one, two, three }, true)
    const body = randomBytes(400_000)
    await gone(three)
    // Not known yet: found out by the request itself, of which nothing may be lost.
    const answer = await send(door, 'three', body)
    expect([answer.status, answeredBy(answer)]).toEqual([200, 'two'])
    expect(answer.body.equals(body)).toBe(true)
    two.ready = false
    await until(async () => answeredBy(await send(door, 'three', Buffer.from('{}'))) === 'one')
    two.ready = true
    await until(async () => answeredBy(await send(door, 'two', Buffer.from('{}'))) === 'two')
    await gone(one)
    two.ready = false
    await until(async () => (await send(door, 'one', Buffer.from('{}'))).status === 503)
  })

  test('does not send a request twice that a region may have carried out', async () => {
    const [one, two] = [await region(), await region()]
    const door = await frontDoor({ one, two }, true)
    const answer = await send(door, 'one', Buffer.from('{}'), { 'x-please': 'break' })
    expect(errorOf(answer)).toEqual([500, 'InternalServerError'])
    expect([one.seen.length, two.seen.length]).toEqual([1, 0])
  })

  test('lets go of a region that nobody hears of any more', async () => {
    const [one, two] = [await region(), await region()]
    const door = await frontDoor({ one, two }, true)
    const waiting = send(door, 'one', Buffer.from('{}'), { 'x-please': 'hang' })
    await until(() => one.seen.length === 1)
    one.server.close()
    const [hanging] = one.seen
    // It no longer listens; the connection of the request stays open, as when a machine is gone.
    expect(hanging?.socket.destroyed).toBe(false)
    expect(errorOf(await waiting)).toEqual([500, 'InternalServerError'])
    hanging?.socket.destroy()
  })

  test('when it closes lets a request under way have its answer', async () => {
    const one = await region()
    const door = await frontDoor({ one })
    await send(door, 'one', Buffer.from('{}'))
    const waiting = send(door, 'one', Buffer.from('{"slow":1}'), { 'x-please': 'wait' })
    await until(() => one.seen.length === 2)
    await Promise.all([door.close(), expect(waiting).resolves.toMatchObject({ status: 200 })])
  })

  test('keeps no connection to a region for bodies that never come whole', async () => {
    const one = await region()
    const door = await frontDoor({ one })
    const started = Array.from({ length: frontDoorConnectionsMax + 10 }, () => dial(door))
    await Promise.all(started.map(async (socket) => await written(socket, `${headFor('one', 5000)}{`)))
    expect((await send(door, 'one', Buffer.from('{}'))).status).toBe(200)
    expect(one.seen).toHaveLength(1)
  })

  test('takes no body that is larger than a request may be, and passes nothing of it on', async () => {
    const one = await region()
    const door = await frontDoor({ one })
    const declared = dial(door)
    await written(declared, headFor('one', requestSizeBytesMax + 1))
    const large = await send(door, 'one', Buffer.alloc(requestSizeBytesMax + 1), { 'Transfer-Encoding': 'chunked' })
    expect(errorOf(large)).toEqual([413, 'RequestEntityTooLargeException'])
    expect(one.seen).toHaveLength(0)
  })

  test('keeps at most so many clients that do not read their replies', async () => {
    const one = await region()
    const door = await frontDoor({ one }, false, { stalledMax: 2 })
    const sockets = Array.from({ length: 4 }, () => dial(door))
    for (const [n, socket] of sockets.entries()) {
      socket.pause()
      await written(socket, headFor('one', 0, 'Connection: close\r\nX-Please: fill\r\n'))
      await until(() => one.seen.length > n)
    }
    await until(() => one.seen.filter(({ socket }) => socket.destroyed).length === 2)
    const whole = 16 * 1024 * 1024
    const bytes = await Promise.all(sockets.map(bytesUntilEnd))
    expect(bytes.filter((count) => count < whole)).toHaveLength(2)
    expect(bytes.filter((count) => count > whole)).toHaveLength(2)
    expect((await send(door, 'one', Buffer.from('{}'))).status).toBe(200)
  })

  test('lets nothing but the API through', async () => {
    const one = await region()
    const door = await frontDoor({ one })
    for (const path of ['/admin/status', '/metrics', '/ready'])
      expect((await fetch(`http://127.0.0.1:${door.port}${path}`)).status).toBe(404)
    expect(await (await fetch(`http://127.0.0.1:${door.port}/health`)).json()).toEqual({
      status: 'ok',
      regions: { one: 'healthy' },
      leads: {},
    })
    expect(one.seen).toEqual([])
    const preflight = await fetch(`http://127.0.0.1:${door.port}/`, { method: 'OPTIONS' })
    expect([preflight.status, one.seen.length]).toEqual([200, 1])
  })
})
