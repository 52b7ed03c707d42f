/** What a hit of a cache costs from the bytes of its request to those of its reply, in things that can be counted. */
import { Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import type { Upstream, UpstreamReply } from '../../../src/cache/http/upstream.ts'
import { cachePipeline } from '../../../src/cache/http/cache-pipeline.ts'
import { json10 } from '../../../src/http/pipeline.ts'
import { type RunningServer, serveApi } from '../../../src/http/server.ts'
import { Cache } from '../../../src/cache/core/cache.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import { exchange, httpText } from '../../conformance/raw-socket.ts'
import { FakeRegion } from '../dax/keeper.ts'

const body = JSON.stringify({ Item: { pk: { S: 'a' }, sk: { N: '1' }, text: { S: 'žluťoučký kůň '.repeat(50) } } })
const input = JSON.stringify({ TableName: 'T', Key: { pk: { S: 'a' }, sk: { N: '1' } } })
const region = new FakeRegion()
const cache = new Cache({
  clock: systemClock,
  mode: 'coherent',
  itemTtlMs: 300_000,
  queryTtlMs: 300_000,
  memoryBytes: 1024 * 1024,
})
let asked = 0
const hitsCounted = 5
const upstream: Upstream = {
  send: (): Promise<UpstreamReply> => {
    asked++
    return Promise.resolve({ status: 200, contentType: json10, bytes: Buffer.from(body), mark: region.mark() })
  },
  heldBytes: () => 0,
  close: () => {},
}
const quiet = () => {}
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, with: () => log }
const own = 'us-east-1'
const regions = { own, all: () => [own], endpointOf: () => undefined, alsoFor: new Set<string>() }
let server: RunningServer
let client: Socket

beforeAll(async () => {
  cache.restart(region.epoch, 0)
  cache.freshUntil(Number.POSITIVE_INFINITY)
  server = await serveApi({
    port: 0,
    region: 'us-east-1',
    env: {
      clock: systemClock,
      random: systemRandom,
      meter: { count: quiet, gauge: quiet, observe: quiet, forget: quiet },
    },
    answer: cachePipeline({ cache, upstream, regions, log }),
    readiness: () => ({ ready: true }),
    visitors: { cors: ['http://localhost:3000'] },
    metrics: () => Promise.resolve({ contentType: '', text: '' }),
  })
  client = new Socket().connect(server.port, server.host)
})
afterAll(async () => {
  client.destroy()
  await server.close()
})
afterEach(() => void vi.restoreAllMocks())

/** As clients that take compressed replies ask. */
async function zipped(): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { ...apiHeaders('GetItem'), 'Accept-Encoding': 'gzip' }
  const reply = await fetch(server.url, { method: 'POST', headers, body: input })
  return { status: reply.status, text: await reply.text() }
}

async function ask(text: string): Promise<string> {
  return await new Promise((resolve) => {
    client.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    client.write(text)
  })
}

test('a hit parses nothing, makes no buffer, and is one write, with the checksum of what it sends', async () => {
  const request = httpText(apiHeaders('GetItem'), input)
  // A miss, the first hit, which works out what the head says of the body, and another one.
  for (let n = 0; n < 3; n++) await ask(request)
  const spies = {
    parses: vi.spyOn(JSON, 'parse'),
    stringifies: vi.spyOn(JSON, 'stringify'),
    writes: vi.spyOn(Socket.prototype, 'write'),
    allocUnsafe: vi.spyOn(Buffer, 'allocUnsafe'),
    alloc: vi.spyOn(Buffer, 'alloc'),
    concat: vi.spyOn(Buffer, 'concat'),
    from: vi.spyOn(Buffer, 'from'),
  }
  let reply = ''
  const counted: Record<string, number> = {}
  // The test runner has work of its own between the lines, which only adds: each count is the least of several hits.
  for (let n = 0; n < hitsCounted; n++) {
    for (const spy of Object.values(spies)) spy.mockClear()
    reply = await ask(request)
    for (const [name, { mock }] of Object.entries(spies))
      counted[name] = Math.min(counted[name] ?? Infinity, mock.calls.length)
  }
  vi.restoreAllMocks()
  // One write is the test's own.
  expect(counted).toEqual({ parses: 0, stringifies: 0, writes: 2, allocUnsafe: 0, alloc: 0, concat: 0, from: 0 })
  expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(reply.endsWith(`\r\n\r\n${body}`)).toBe(true)
  expect(reply).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`)
  expect(reply).toContain(`\r\nx-amz-crc32: ${crc32(body)}\r\n`)
  expect({ asked, hits: cache.figures.itemHits }).toEqual({ asked: 1, hits: 2 + hitsCounted })
})

test('a hit is the same for those who cannot be sent what is ready', async () => {
  const { hits } = cache.figures
  const browser = await ask(httpText({ ...apiHeaders('GetItem'), Origin: 'http://localhost:3000' }, input))
  expect(browser).toContain('\r\nAccess-Control-Allow-Origin: *\r\n')
  expect(browser.endsWith(`\r\n\r\n${body}`)).toBe(true)
  // node:http reads what is sent in chunks.
  const first = 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n'
  const lines = Object.entries(apiHeaders('GetItem')).map(([name, value]) => `${name}: ${value}\r\n`)
  const chunks = `${input.length.toString(16)}\r\n${input}\r\n0\r\n\r\n`
  const { status, text } = await zipped()
  expect({ status, text }).toEqual({ status: 200, text: body })
  const exchanged = await exchange(server.url, { writes: [`${first}${lines.join('')}\r\n${chunks}`] })
  expect(Buffer.from(exchanged, 'latin1').toString().endsWith(body)).toBe(true)
  expect(cache.figures.hits).toBe(hits + 3)
})

test('a request with more in its Authorization header than a signature is not taken for one that came before', async () => {
  const headers = apiHeaders('GetItem')
  await ask(httpText(headers, input))
  const { hits } = cache.figures
  const Authorization = String(headers['Authorization'])
  await ask(
    httpText(
      { ...headers, Authorization: `${Authorization},Credential=b/20260101/us-east-1/dynamodb/aws4_request` },
      input,
    ),
  )
  expect(cache.figures.hits).toBe(hits)
})

test('a request with another Authorization header is answered by what that one may see', async () => {
  const before = asked
  const headers = apiHeaders('GetItem')
  const Authorization = String(headers['Authorization']).replace(/Credential=[^/]+/, 'Credential=another')
  await ask(httpText({ ...headers, Authorization }, input))
  expect(asked).toBe(before + 1)
})
