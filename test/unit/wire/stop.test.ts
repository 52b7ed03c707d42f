/** How a server ends: what it has begun is answered, and nothing else is executed. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import type { ServerOptions } from '../../../src/http/server.ts'
import { certify } from '../../../src/deployment/secrets/certificates/certificate.ts'
import { httpText } from '../../conformance/raw-socket.ts'
import { answering, serverWith, type TestServer } from './server.ts'
import { differs } from '../../differences/difference.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type World = {
  readonly server: TestServer
  /** Limits of executed requests, in the order in which they were begun. */
  readonly executed: number[]
  /** Lets what was begun be answered, and what is begun from then on. */
  readonly finish: () => void
  /** Makes the time pass that a stop gives. */
  readonly passDrain: () => void
}

/** ListTables notes its limit, and waits to be let go. */
async function world(answer: unknown = { TableNames: [] }, options: Partial<ServerOptions> = {}): Promise<World> {
  const executed: number[] = []
  const waiting: (() => void)[] = []
  let isFinished = false
  const timers = new Map<() => void, number>()
  const listTables = answering('ListTables', async ({ Limit }: { readonly Limit: number }) => {
    executed.push(Limit)
    if (isFinished) return answer
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
    return answer
  })
  const after = (ms: number, work: () => void): (() => void) => {
    timers.set(work, ms)
    return () => timers.delete(work)
  }
  const server = await serverWith([listTables], options, { ...systemClock, after })
  return {
    server,
    executed,
    finish: () => {
      isFinished = true
      for (const resolve of waiting.splice(0)) resolve()
    },
    passDrain: () => {
      const [first] = [...timers].toSorted(([, one], [, other]) => one - other)
      first?.[0]()
    },
  }
}

function request(limit: number): string {
  return httpText(
    {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': 'DynamoDB_20120810.ListTables',
      'X-Amz-Date': '20260101T000000Z',
      Authorization:
        'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    JSON.stringify({ Limit: limit }),
  )
}

type Client = { readonly socket: Socket; readonly heard: () => string; readonly ended: Promise<unknown> }

async function dial({ server }: World): Promise<Client> {
  const at = { port: server.port, host: '127.0.0.1', allowHalfOpen: true }
  const isSecure = server.url.startsWith('https:')
  const socket = isSecure ? connectSecurely({ ...at, rejectUnauthorized: false }) : connect(at)
  closing.push(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const ended = once(socket, 'end')
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  return { socket, heard: () => text, ended }
}

const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)
const ends = (text: string): number => text.split('Connection: close').length - 1

async function begun({ executed }: World, count: number): Promise<void> {
  await expect.poll(() => executed.length).toBe(count)
}

for (const pipelined of [1, 3])
  test(`${pipelined} on one connection that were begun are answered, and the last answer ends it`, async () => {
    const region = await world()
    const client = await dial(region)
    client.socket.write(Array.from({ length: pipelined }, (_, n) => request(n + 1)).join(''))
    // The others wait for their turn on this connection.
    await begun(region, 1)
    const closed = region.server.close()
    region.finish()
    await client.ended
    client.socket.end()
    await closed
    expect(statuses(client.heard())).toEqual(Array.from({ length: pipelined }, () => '200'))
    expect(ends(client.heard())).toBe(1)
  })

test('over TLS, what was begun is answered, and an idle connection ends', async () => {
  const { certificate: cert, key } = await certify({ name: 'localhost', use: 'server', days: 1 })
  const region = await world(undefined, { tls: { cert, key } })
  const [busy, idle] = [await dial(region), await dial(region)]
  busy.socket.write(request(1) + request(2))
  await begun(region, 1)
  const closed = region.server.close()
  idle.socket.write(request(3))
  region.finish()
  await Promise.all([busy.ended, idle.ended])
  for (const { socket } of [busy, idle]) socket.end()
  await closed
  expect(statuses(busy.heard())).toEqual(['200', '200'])
  expect([region.executed, idle.heard()]).toEqual([[1, 2], ''])
})

test('a request on an idle connection that is being ended is not executed', async () => {
  const region = await world()
  const client = await dial(region)
  client.socket.write(request(1))
  await begun(region, 1)
  region.finish()
  await expect.poll(() => statuses(client.heard())).toEqual(['200'])
  const closed = region.server.close()
  client.socket.write(request(2))
  await client.ended
  client.socket.end()
  await closed
  expect(region.executed).toEqual([1])
  expect(statuses(client.heard())).toEqual(['200'])
})

test('requests behind the last answer are not executed', async () => {
  const region = await world()
  const client = await dial(region)
  client.socket.write(request(1) + request(2))
  await begun(region, 1)
  const closed = region.server.close()
  region.finish()
  client.socket.write(request(3) + request(4))
  await client.ended
  client.socket.end()
  await closed
  expect(statuses(client.heard()).length).toBe(region.executed.length)
})

for (const shape of ['usual', 'unusual'])
  test(`${differs('a-region-that-stops')} (${shape} shape)`, async () => {
    const region = await world()
    const client = await dial(region)
    const text = shape === 'usual' ? request(1) : request(1).replace('POST / ', 'POST /?unusual ')
    client.socket.write(text.slice(0, -5))
    await expect.poll(() => region.server.connections()).toBe(1)
    // The server reads what was written before a later connection is opened.
    await dial(region)
    const closed = region.server.close()
    region.passDrain()
    await client.ended
    client.socket.end()
    await closed
    expect(statuses(client.heard())).toEqual(['503'])
    expect(client.heard()).toContain('was not executed')
    expect(region.executed).toEqual([])
  })

test('a large answer is written to its end, however slowly it is read', async () => {
  const region = await world({ TableNames: Array.from({ length: 200_000 }, (_, n) => `table-${n}-`.padEnd(40, 'x')) })
  const client = await dial(region)
  client.socket.pause()
  client.socket.write(request(1) + request(2))
  await begun(region, 1)
  region.finish()
  const closed = region.server.close()
  client.socket.resume()
  await client.ended
  client.socket.end()
  await closed
  expect(statuses(client.heard())).toEqual(['200', '200'])
  expect(client.heard().split('table-199999-').length).toBe(3)
})
