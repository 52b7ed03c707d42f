import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requestsInFlightMax } from '../../../src/core/limits/limits.ts'
import { UnreadReplies } from '../../../src/http/bytes/unread-replies.ts'
import { Connections } from '../../../src/http/connection.ts'
import type { Operation } from '../../../src/operations/operation.ts'
import { apiHeaders, call } from '../../conformance/raw-request.ts'
import { exchange, httpText } from '../../conformance/raw-socket.ts'
import { asked, echo, serverWith, type TestServer } from './server.ts'

const key = { TableName: 'abc', Key: { a: { S: 'x' } } }
const headers = apiHeaders('GetItem')
let server: TestServer

beforeAll(async () => {
  const slow: Operation = {
    ...echo('Query'),
    run: () => new Promise((resolve) => setTimeout(() => resolve({ slow: true }), 30)),
  }
  server = await serverWith([echo('GetItem'), slow])
})
afterAll(() => server.close())

const serves = async (): Promise<void> => {
  expect((await call(server.url, 'GetItem', key)).status).toBe(200)
}

test('beyond the bound of requests under way, further ones are throttled and the others answered', async () => {
  const finish: (() => void)[] = []
  const held: Operation = {
    ...echo('Scan'),
    run: () => new Promise((resolve) => finish.push(() => resolve({ held: true }))),
  }
  const own = await serverWith([held])
  const more = 3
  // As another process of the region brings them: a connection has one request under way, and four thousand would be another test.
  const received = Array.from({ length: requestsInFlightMax }, () => asked(own, 'Scan', { TableName: 'abc' }))
  await expect.poll(() => finish.length, { timeout: 10_000 }).toBe(requestsInFlightMax)
  const throttled = await Promise.all(Array.from({ length: more }, () => call(own.url, 'Scan', { TableName: 'abc' })))
  for (const { status, json } of throttled) {
    expect(status).toBe(400)
    expect(json).toMatchObject({ __type: expect.stringMatching(/#ThrottlingException$/) })
  }
  for (const one of finish) one()
  const texts = await Promise.all(received)
  expect(texts.join('').match(/"held"/g)).toHaveLength(requestsInFlightMax)
  await own.close()
})

describe('a connection', () => {
  test('may be written ahead: replies come in the order of the requests', async () => {
    const slow = httpText(apiHeaders('Query'), JSON.stringify({ TableName: 'abc' }))
    const fast = httpText(headers, JSON.stringify(key))
    const received = await exchange(server.url, { writes: [slow + fast + fast] })
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
    expect(received.indexOf('"slow"')).toBeLessThan(received.indexOf('"input"'))
  })

  test('is kept for the next request', async () => {
    const text = httpText(headers, JSON.stringify(key))
    const received = await exchange(server.url, { writes: [text], waitMs: 50 })
    expect(received).toMatch(/Connection: keep-alive/)
  })

  test('may send a body in chunks, or ask before it sends it', async () => {
    const body = JSON.stringify(key)
    const head = httpText(headers, '').replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    expect(await exchange(server.url, { writes: [head, chunks] })).toContain('HTTP/1.1 200')
    const asking = httpText({ ...headers, Expect: '100-continue' }, body)
    expect(await exchange(server.url, { writes: [asking] })).toMatch(/^HTTP\/1\.1 100[^]*HTTP\/1\.1 200/)
  })

  const garbage: readonly (readonly [string, string | Buffer])[] = [
    ['bytes that are no HTTP', Buffer.from([0, 1, 2, 255, 13, 10, 13, 10])],
    ['TLS', Buffer.from('16030100a5010000a10303', 'hex')],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a header without end', `POST / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}`],
    ['a length that is none', httpText({ ...headers, 'Content-Length': '-5' }, '{}')],
    ['two lengths', httpText({ ...headers, 'content-length': '7' }, '{}')],
    ['both a length and chunks', httpText({ ...headers, 'Transfer-Encoding': 'chunked' }, '{}')],
    ['a chunk of no size', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`],
    ['an absurd method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an address that is none', 'GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a percent that is none', 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no host', 'POST / HTTP/1.1\r\n\r\n'],
    ['an upgrade', httpText({ ...headers, Connection: 'Upgrade', Upgrade: 'h2c' }, '{}')],
  ]
  test.each(garbage)('that sends %s leaves the node serving', async (_, bytes) => {
    const received = await exchange(server.url, { writes: [bytes], end: true })
    expect(received).not.toMatch(/^HTTP\/1\.1 5/)
    await serves()
  })

  test('that breaks off in the middle of a body leaves nothing behind', async () => {
    const { port } = new URL(server.url)
    const text = httpText({ ...headers, 'Content-Length': '1000' }, '{"TableName":')
    for (let n = 0; n < 20; n++)
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(text, () => socket.destroy()))
        socket.on('close', () => resolve())
      })
    await serves()
    expect(server.logged).toEqual([])
  })
})

test('bytes of a connection that is given to another process stay in the budget until they have left this one', async () => {
  let heldBytes = 0
  let taken: (() => void) | undefined
  const api = {
    closing: false,
    hold: (bytes: number) => {
      heldBytes += bytes
      return true
    },
    letGo: (bytes: number) => void (heldBytes -= bytes),
    watch: () => () => {},
    throttle: () => {},
    refuseUnread: () => {},
    answer: () => {},
  }
  const connections = new Connections({
    api,
    monotonicMs: () => 0,
    unread: new UnreadReplies(),
    handOver: (_socket, _received, done) => (taken = done),
  })
  const accepted: Socket[] = []
  const listening = createServer((socket) => {
    accepted.push(socket)
    connections.accept(socket)
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const client = connect((listening.address() as AddressInfo).port, '127.0.0.1')
  const unusual = `PUT / HTTP/1.1\r\nX: ${'a'.repeat(5000)}\r\n\r\n`
  client.write(unusual)
  await expect.poll(() => taken).toBeDefined()
  expect(heldBytes).toBe(unusual.length)
  taken?.()
  expect(heldBytes).toBe(0)
  for (const socket of [client, ...accepted]) socket.destroy()
  listening.close()
})
