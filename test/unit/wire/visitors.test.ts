import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningServer } from '../../../src/http/server.ts'
import { isForwarded, Visitors } from '../../../src/http/access/visitors.ts'
import { FrontDoor } from '../../../src/front-door/front-door.ts'
import { apiHeaders, send } from '../../conformance/raw-request.ts'
import { serverWith } from './server.ts'
import { differs } from '../../differences/difference.ts'

const here = { address: '127.0.0.1' }
const page = 'http://localhost:3000'

describe('by default', () => {
  const visitors = new Visitors()

  test('programs may come in, by every name of this machine', () => {
    for (const host of [
      'localhost',
      'localhost:8000',
      '127.0.0.1:8000',
      '127.1.2.3',
      '[::1]:8000',
      'LocalHost:8000',
      'dynamodb.localhost:8000',
      'host.docker.internal:8000',
    ])
      expect(visitors.refusal({ host }, here), host).toBeUndefined()
  })

  test(differs('pages-of-browsers'), () => {
    for (const origin of ['http://evil.example', page, 'http://127.0.0.1:8000', 'null', ''])
      expect(visitors.refusal({ host: '127.0.0.1:8000', origin }, here), origin).toMatch(/may not use this port/)
    for (const site of ['cross-site', 'same-site'])
      expect(visitors.refusal({ host: 'localhost', 'sec-fetch-site': site }, here)).toMatch(/another site/)
    expect(visitors.refusal({ host: 'localhost', 'sec-fetch-site': 'none' }, here)).toBeUndefined()
  })

  test(differs('names-on-the-loopback'), () => {
    for (const host of [
      'evil.example:8000',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.1@evil',
      'x',
      '',
    ])
      expect(visitors.refusal({ host }, here), host).toMatch(/is not served/)
    expect(visitors.refusal({ host: 'us-east-1:8000' }, { address: '172.18.0.2' })).toBeUndefined()
    expect(visitors.refusal({ host: 'evil.example' }, { address: '::ffff:127.0.0.1' })).toBeDefined()
  })

  test('a refusal shows no more than the beginning of what it refuses', () => {
    expect(visitors.refusal({ host: 'x'.repeat(10_000) }, here)?.length).toBeLessThan(300)
  })
})

test('what is wanted can be opened, and nothing else with it', () => {
  const visitors = new Visitors({ cors: [page], hostNames: ['dynamodb.example.org'] })
  expect(visitors.refusal({ host: 'localhost', origin: page }, here)).toBeUndefined()
  expect(visitors.refusal({ host: 'localhost', origin: `${page}0` }, here)).toBeDefined()
  expect(visitors.refusal({ host: 'dynamodb.example.org:443' }, here)).toBeUndefined()
  expect(visitors.refusal({ host: 'other.example.org' }, here)).toBeDefined()
  expect(
    new Visitors({ cors: ['*'] }).refusal({ host: 'localhost', origin: 'http://any.example' }, here),
  ).toBeUndefined()
})

test('a proxy gives itself away by what it adds', () => {
  for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-port', 'x-real-ip', 'cf-connecting-ip'])
    expect(isForwarded({ [name]: 'x' })).toBe(true)
  expect(isForwarded({ host: 'localhost' })).toBe(false)
})

describe('every entrance', () => {
  let region: RunningServer
  let open: RunningServer
  let front: FrontDoor

  beforeAll(async () => {
    region = await serverWith([])
    open = await serverWith([], { visitors: { cors: [page] } })
    front = await FrontDoor.open({
      host: '127.0.0.1',
      port: 0,
      endpoints: { 'us-east-1': region.url },
      failover: false,
      roundTripMs: () => 0,
    })
  })
  afterAll(async () => {
    await front.close()
    await Promise.all([region.close(), open.close()])
  })

  const strangers: readonly Readonly<Record<string, string>>[] = [
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { Host: 'evil.example:8000' },
  ]

  test('turns strangers away before it does anything, on the quick way and on the usual one', async () => {
    for (const endpoint of [region.url, `http://127.0.0.1:${front.port}`])
      for (const stranger of strangers)
        for (const more of [{}, { 'Content-Encoding': 'identity' }, { Expect: '100-continue' }]) {
          const headers = { ...apiHeaders('GetItem'), ...stranger, ...more }
          const { status, json, headers: answered } = await send({ endpoint, headers, body: '{}' })
          expect({ status, stranger, more }).toEqual({ status: 403, stranger, more })
          expect(json).toMatchObject({ __type: expect.stringContaining('AccessDenied') as string })
          expect(answered['access-control-allow-origin']).toBeUndefined()
        }
  })

  test('tells them neither health nor figures', async () => {
    for (const path of ['/', '/health', '/ready', '/metrics', '/admin/status'])
      for (const headers of strangers)
        expect((await send({ endpoint: region.url, method: 'GET', path, headers })).status).toBe(403)
    for (const headers of strangers)
      expect(
        (await send({ endpoint: `http://127.0.0.1:${front.port}`, method: 'GET', path: '/health', headers })).status,
      ).toBe(403)
  })

  test('answers a preflight only for an origin that may come', async () => {
    const ask = async (endpoint: string, Origin: string) =>
      await send({
        endpoint,
        method: 'OPTIONS',
        path: '/',
        headers: { Origin, 'Access-Control-Request-Method': 'POST' },
      })
    expect((await ask(region.url, page)).status).toBe(403)
    expect((await ask(open.url, 'http://evil.example')).status).toBe(403)
    const granted = await ask(open.url, page)
    expect([granted.status, granted.headers['access-control-allow-origin']]).toEqual([200, '*'])
    expect(granted.headers).toMatchObject({
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '172800',
      'content-length': '0',
      'x-amz-crc32': '0',
      'x-amzn-requestid': expect.stringMatching(/^[0-9A-V]{52}$/),
    })
    const asked = await send({
      endpoint: open.url,
      method: 'OPTIONS',
      headers: { Origin: page, 'Access-Control-Request-Headers': 'x-amz-target,x-amz-date' },
    })
    expect(asked.headers['access-control-allow-headers']).toBe('x-amz-target,x-amz-date')
    const probe = await send({ endpoint: open.url, method: 'GET', headers: { Origin: page } })
    expect([probe.status, probe.headers['access-control-allow-origin']]).toEqual([200, '*'])
    const reply = await send({ endpoint: open.url, headers: { ...apiHeaders('GetItem'), Origin: page }, body: '{' })
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([400, '*'])
  })

  test('executes nothing that a stranger has written ahead', async () => {
    const socket = connect({ host: '127.0.0.1', port: region.port })
    let received = ''
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1')
    })
    const lines = Object.entries(apiHeaders('GetItem')).map(([name, value]) => `${name}: ${value}`)
    const request = ['POST / HTTP/1.1', 'Host: evil.example', ...lines, 'Content-Length: 2', '', '{}'].join('\r\n')
    socket.write(request + request)
    await once(socket, 'close')
    const statuses = received.match(/HTTP\/1\.1 \d+/g) ?? []
    expect(statuses.length).toBeGreaterThan(0)
    expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 403']))
  })
})
