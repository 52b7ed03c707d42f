/** Who may do what at the console's port, and what its pages are told when they come back. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console } from '../../../src/console/console.ts'
import { consoleAddress, consoleKey } from '../../../src/console/key.ts'
import type { SetRequest } from '../../../src/links/control/links-client.ts'
import { Wire } from '../../../src/drills/run/load/wire.ts'

const token = 'the-token-of-the-administration'
const key = consoleKey(token)
const asked: SetRequest[] = []
const page = { type: 'text/html; charset=utf-8', bytes: Buffer.from('<p>'), zipped: Buffer.from('zipped'), tag: '"1"' }
const wire = new Wire()
const links = {
  list: async () => await Promise.resolve([]),
  set: async (request_: SetRequest) => {
    asked.push(request_)
    return await Promise.resolve([])
  },
  heal: async () => await Promise.resolve([]),
}
let own: Console

beforeAll(async () => {
  own = await Console.open({
    host: '127.0.0.1',
    port: 0,
    key,
    hostNames: [],
    files: new Map([['/', page]]),
    deployment: { regions: [], links, place: () => undefined },
    reach: { regions: [], links, wire, supervisor: () => undefined, access: { identities: undefined, mode: 'off' } },
    about: () => ({ name: 'test', version: '1' }),
  })
})
afterAll(async () => {
  await own.close()
  wire.close()
})

type Sent = {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Not by fetch, which sets the Host itself. */
async function send({ method = 'GET', path, headers = {}, body }: Sent) {
  return await new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: own.port, method, path, headers }, (reply) => {
      let text = ''
      reply.on('data', (part: Buffer) => (text += part.toString()))
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const signed = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
const cut = { method: 'POST', path: '/api/links/set', body: JSON.stringify({ links: ['*'], state: 'down' }) }

describe('the port of the console', () => {
  test('serves the page with a policy that lets nothing else in', async () => {
    const { status, headers } = await send({ path: '/' })
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
    expect(headers['content-security-policy']).not.toContain('unsafe')
    expect(headers['x-frame-options']).toBe('DENY')
    expect((await send({ path: '/', headers: { 'if-none-match': '"1"' } })).status).toBe(304)
    expect((await send({ path: '/../package.json' })).status).toBe(404)
  })

  test('changes nothing without its key, which is not the token', async () => {
    asked.length = 0
    const none = await send({ ...cut, headers: { 'content-type': 'application/json' } })
    const theToken = await send({ ...cut, headers: { ...signed, authorization: `Bearer ${token}` } })
    expect([none.status, theToken.status]).toEqual([403, 403])
    expect(JSON.parse(none.text)).toMatchObject({ error: expect.stringMatching(/wants the key/) as string })
    expect(asked).toEqual([])
    expect((await send({ ...cut, headers: signed })).status).toBe(200)
    expect(asked).toMatchObject([{ links: ['*'], state: 'down', owner: 'console' }])
    expect(consoleAddress('http://127.0.0.1:1', token)).toBe(`http://127.0.0.1:1/#key=${key}`)
  })

  test.each([
    ['a page of another origin', { origin: 'http://127.0.0.1:3000' }],
    ['a page of another site that names none', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['a name that a stranger gave this machine', { host: 'rebound.example.com' }],
  ])('refuses %s, also with the key', async (_, headers) => {
    asked.length = 0
    expect((await send({ ...cut, headers: { ...signed, ...headers } })).status).toBe(403)
    expect((await send({ path: '/api/events', headers })).status).toBe(403)
    expect(asked).toEqual([])
  })

  test('serves its own page', async () => {
    const host = `127.0.0.1:${own.port}`
    const headers = { ...signed, host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
    expect((await send({ ...cut, headers })).status).toBe(200)
  })

  test('refuses what is too large, or of another form, with a reason', async () => {
    const large = await send({ ...cut, headers: signed, body: `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}` }).catch(
      () => undefined,
    )
    expect(large?.status ?? 400).toBe(400)
    const strange = await send({ ...cut, headers: signed, body: '{"links":[],"state":"sideways"}' })
    expect(strange.status).toBe(400)
    expect(JSON.parse(strange.text)).toHaveProperty('error')
    expect((await send({ method: 'POST', path: '/api/nothing', headers: signed })).status).toBe(404)
  })
})

describe('the events of the console', () => {
  test('tell a page that comes back what it has missed, and nothing twice', async () => {
    await send({ ...cut, headers: signed })
    const first = await readEvents({})
    const ids = idsOf(first, 'note')
    expect(ids.length).toBeGreaterThan(0)
    await send({ ...cut, headers: signed })
    const second = await readEvents({ 'last-event-id': ids.at(-1) ?? '' })
    expect(idsOf(second, 'note')).toHaveLength(1)
    // Numbers of another run mean nothing.
    expect(idsOf(await readEvents({ 'last-event-id': 'another-9999' }), 'note').length).toBe(ids.length + 1)
  })

  test('are for a bounded number of pages', async () => {
    const controllers = Array.from({ length: 40 }, () => new AbortController())
    // Kept until they are counted: a response that is garbage closes its connection, and makes room for another.
    const responses = await Promise.all(
      controllers.map(async ({ signal }) => await fetch(`http://127.0.0.1:${own.port}/api/events`, { signal })),
    )
    const refused = responses.filter(({ status }) => status === 503).length
    for (const controller of controllers) controller.abort()
    expect(refused).toBe(8)
  })
})

function idsOf(text: string, event: string): readonly string[] {
  return [...text.matchAll(new RegExp(`event: ${event}\nid: (.*)\n`, 'g'))].map(([, id = '']) => id)
}

/** Up to the first state. */
async function readEvents(headers: Record<string, string>): Promise<string> {
  const controller = new AbortController()
  const { signal } = controller
  const response = await fetch(`http://127.0.0.1:${own.port}/api/events`, { headers, signal })
  let text = ''
  for await (const part of response.body ?? []) {
    text += Buffer.from(part).toString()
    if (/event: state\n.*\ndata: .*\n\n/.test(text)) break
  }
  controller.abort()
  return text
}
