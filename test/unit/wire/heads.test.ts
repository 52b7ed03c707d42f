/** Heads at every HTTP port: larger ones than 16 KB are 400, and what a signature says of a head must be so. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { requestHeadBytesMax } from '../../../src/core/limits/limits.ts'
import { boundHeads, headSettings, refusedHead } from '../../../src/http/bytes/heads.ts'
import { FrontDoor } from '../../../src/front-door/front-door.ts'
import { startLinksControl } from '../../../src/links/control/links-server.ts'
import { Links } from '../../../src/links/links.ts'
import { shaped } from '../../../src/process/requests/wrong-shape.ts'
import { apiHeaders, send, signedHeaders } from '../../conformance/raw-request.ts'
import { exchange, httpText } from '../../conformance/raw-socket.ts'
import { echo, serverWith } from './server.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const ports: Readonly<Record<string, () => Promise<string>>> = {
  'a region': async () => {
    const server = await serverWith([echo('GetItem')])
    closing.push(() => server.close())
    return server.url
  },
  'the front door': async () => {
    const endpoints = { 'us-east-1': await (ports['a region'] as () => Promise<string>)() }
    const door = await FrontDoor.open({ host: '127.0.0.1', port: 0, endpoints, failover: false, roundTripMs: () => 0 })
    closing.push(() => door.close())
    return `http://127.0.0.1:${door.port}`
  },
  'the control of links': async () => {
    const links = await Links.open([])
    const control = await startLinksControl({ links, listen: { host: '127.0.0.1', port: 0 }, token: 'token' })
    closing.push(async () => await control.close())
    return `http://127.0.0.1:${control.port}`
  },
  'any server': async () => {
    const server = createServer(headSettings, (request, response) => {
      if (!refusedHead(request, response)) response.end()
    })
    boundHeads(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    closing.push(async () => await new Promise((resolve) => server.close(resolve)))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
}

const filler = 'x'.repeat(requestHeadBytesMax)
const many = Array.from({ length: 3000 }, (_, n) => [`${n}`, ''])

describe.each(Object.entries(ports))('at %s', (_, open) => {
  test.each([
    ['in one header', { X: filler }],
    ['in thousands of headers without a value', Object.fromEntries(many) as Record<string, string>],
    ['in the address', {}, `POST /?${filler} HTTP/1.1`],
    ['of a GET', { X: filler }, 'GET /health HTTP/1.1'],
  ])('a head of more than 16 KB is 400: %s', async (__, headers, first = 'POST / HTTP/1.1') => {
    const text = httpText({ ...apiHeaders('GetItem'), ...headers }, '{}', first)
    const received = await exchange(await open(), { writes: [text], waitMs: 3000, replies: 1 })
    expect(received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(received).toContain('larger than 16384 bytes')
    expect(received).toMatch(/connection: close/i)
  })

  test('what is no HTTP is 400, in words of ours', async () => {
    const received = await exchange(await open(), { writes: ['NOT HTTP\r\n\r\n'], waitMs: 3000 })
    expect(received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(received).toContain('This is no request of HTTP/1.1.')
  })
})

describe('a signature in form only', () => {
  const usual = signedHeaders['Authorization'] ?? ''
  const key = JSON.stringify({ TableName: 'abc', Key: { a: { S: 'x' } } })

  test.each([
    'AWS4-HMAC-SHA512',
    'AWS4-',
    'AWS4-HMAC-SHA2560',
    'AWS4-ECDSA-P256-SHA256',
    'AWS4-hmac-sha256',
    'AWS4-HMAC-SHA256x',
  ])('by the algorithm %s is refused', async (algorithm) => {
    const headers = { ...apiHeaders('GetItem'), Authorization: usual.replace('AWS4-HMAC-SHA256', algorithm) }
    const endpoint = await (ports['a region'] as () => Promise<string>)()
    expect((await send({ endpoint, headers, body: key })).json).toEqual({
      __type: 'com.amazon.coral.service#IncompleteSignatureException',
      message: `Unsupported AWS 'algorithm': '${algorithm}'.`,
    })
    const query = new URLSearchParams({
      'X-Amz-Algorithm': algorithm,
      'X-Amz-Credential': 'a/20260101/us-east-1/dynamodb/aws4_request',
      'X-Amz-Date': '20260101T000000Z',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': '00',
    })
    const { Authorization: ___, ...unsigned } = headers
    expect((await send({ endpoint, path: `/?${query.toString()}`, headers: unsigned, body: key })).json).toMatchObject({
      message: `Unsupported AWS 'algorithm': '${algorithm}'.`,
    })
  })

  test.each(['host;x-absent', 'constructor;host', 'host;', '__proto__'])(
    'over the headers %s, which are not all there, is refused',
    async (names) => {
      const headers = { ...apiHeaders('GetItem'), Authorization: usual.replace('=host', `=${names}`) }
      const endpoint = await (ports['a region'] as () => Promise<string>)()
      expect((await send({ endpoint, headers, body: key })).json).toMatchObject({
        __type: 'com.amazon.coral.service#InvalidSignatureException',
        message: expect.stringContaining(
          "is a 'SignedHeader' in the AWS Authorization, and the request has no such header.",
        ),
      })
    },
  )
})

describe('administration', () => {
  const wanted = z.object({
    table: z.string(),
    forMs: z.number().int().positive().max(10),
    link: z.tuple([z.string(), z.string()]).optional(),
  })
  const open = async (): Promise<string> => {
    const answer = ({ body }: { readonly body: unknown }) => shaped(wanted, body)
    const fails = (): never => z.never().parse(1)
    const server = await serverWith([], {
      adminToken: 'token',
      admin: [
        { method: 'POST', path: '/admin/pause', answer },
        { method: 'POST', path: '/admin/broken', answer: fails },
      ],
    })
    closing.push(() => server.close())
    return server.url
  }
  const json = { 'Content-Type': 'application/json' }
  const foreign = /expected|received|✖|FST_|Unexpected token|position|prototype|Invalid input|"code"/

  test.each([
    ['nothing', json, '', 400, 'the body is empty; a JSON object is wanted'],
    ['no JSON', json, '{]', 400, 'the body is not JSON'],
    ['a list', json, '[]', 400, 'the body must be a JSON object'],
    ['null', json, 'null', 400, 'the body must be a JSON object'],
    ['no members', json, '{}', 400, 'table must be a text; forMs must be a number'],
    ['a fraction', json, '{"table":"a","forMs":1.5}', 400, 'forMs must be a whole number'],
    ['too little', json, '{"table":"a","forMs":0}', 400, 'forMs must be more than 0'],
    ['too much', json, '{"table":"a","forMs":11}', 400, 'forMs must be at most 10'],
    ['a short tuple', json, '{"table":"a","forMs":1,"link":["a"]}', 400, 'link must be at least 2 long'],
    ['a prototype', json, '{"__proto__":{"table":"a"},"table":"a","forMs":1}', 400, 'the body is not JSON'],
    ['text', { 'Content-Type': 'text/plain' }, 'x', 400, 'the body must be a JSON object'],
    ['a form', { 'Content-Type': 'x/y' }, 'x', 415, 'the body must be JSON, and its content type application/json'],
    ['much', json, `"${'x'.repeat(70_000)}"`, 413, 'the body is larger than 65536 bytes'],
  ])('says in words of ours what is wrong with a body: %s', async (_, headers, body, status, error) => {
    const reply = await send({
      endpoint: await open(),
      path: '/admin/pause',
      headers: { ...headers, Authorization: 'Bearer token' },
      body,
    })
    expect([reply.status, reply.json]).toEqual([status, { error }])
    expect(reply.text).not.toMatch(foreign)
  })

  test('tells nothing of a validator that failed where nobody expected it', async () => {
    const reply = await send({
      endpoint: await open(),
      path: '/admin/broken',
      headers: { ...json, Authorization: 'Bearer token' },
      body: '{}',
    })
    expect(reply.status).toBe(500)
    expect(reply.text).not.toMatch(foreign)
  })

  test('reads no body without its token', async () => {
    const endpoint = await open()
    const head = httpText({ ...json, 'Content-Length': '60000' }, '', 'POST /admin/pause HTTP/1.1')
    expect(await exchange(endpoint, { writes: [head], waitMs: 3000, replies: 1 })).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('has no address of another form, and says no framework’s text elsewhere', async () => {
    const endpoint = await open()
    for (const path of ['/admin/%ff', '/%ff', '/other']) {
      const reply = await send({ endpoint, path, headers: { ...json, Authorization: 'Bearer token' }, body: '{]' })
      expect([400, 404]).toContain(reply.status)
      expect(reply.text).not.toMatch(foreign)
    }
  })
})
