/** The public port of a node in a region of several, whatever the node's role: what it answers itself, and what the leading node answers. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { prometheusMeter } from '../../../../src/adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../../src/adapters/system/random.ts'
import { watchAccess } from '../../../../src/deployment/secrets/identities/watched-access.ts'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Send } from '../../../../src/http/processes/forwarding.ts'
import type { ApiRequest } from '../../../../src/http/pipeline.ts'
import { listenerOf } from '../../../../src/http/private-listener.ts'
import type { RunningServer } from '../../../../src/http/server.ts'
import type { Around } from '../../../../src/node/around.ts'
import type { NodeOptions } from '../../../../src/node/node-options.ts'
import { serveFront } from '../../../../src/node/several/front/front.ts'
import { LeaderRoute } from '../../../../src/node/several/front/leader-route.ts'
import { LocalReads } from '../../../../src/node/several/front/local-reads.ts'
import { OwnLead } from '../../../../src/node/several/own-lead.ts'
import type { Told } from '../../../../src/node/several/line/leader-word.ts'
import { Lifecycle } from '../../../../src/region/lifecycle.ts'
import { watchTopology } from '../../../../src/node/topology-watch.ts'
import type { Edit } from '../../../../src/ports/store.ts'
import { apiHeaders, call, send } from '../../../conformance/raw-request.ts'
import { quiet } from '../../../replication/nats.ts'
import { serveRegion } from '../../wire/region-server.ts'

/** Counts what reads ask of it, so that it shows who has answered. */
class CountedStore extends MemoryStore {
  gets = 0

  override get(key: Uint8Array): Buffer | undefined {
    this.gets++
    return super.get(key)
  }
}

const closing: (() => unknown)[] = []
let leader: RunningServer
let front: RunningServer
/** Of the leading node, and of this one. */
let stores: { readonly leading: MemoryStore; readonly own: CountedStore }
let told: Told | undefined
let follows: boolean
let forwarded: string[]
/** The private listeners that forwarded requests, and connections that were given on, came by. */
let endpoints: (string | undefined)[]
let takenOver: (string | undefined)[]
let route: LeaderRoute

beforeEach(async () => {
  stores = { leading: new MemoryStore(), own: new CountedStore() }
  ;[told, follows, forwarded, endpoints, takenOver] = [undefined, true, [], [], []]
  leader = await serveRegion(stores.leading)
  await start({})
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
  await leader.close()
})

async function start(more: Partial<NodeOptions>): Promise<void> {
  const self = { name: 'us-east-1', number: 1 }
  const meter = prometheusMeter({})
  const env = { clock: systemClock, random: systemRandom, meter, log: quiet }
  const access = watchAccess({}, quiet)
  const watch = watchTopology({ self, fixed: [], read: () => [], log: quiet })
  const around = { access, watch, clock: systemClock, prometheus: meter } as unknown as Around
  const options = {
    self,
    host: '127.0.0.1',
    port: 0,
    accountId: '000000000000',
    log: quiet,
    adminToken: 'a-token-of-16-characters',
    ...more,
  } as NodeOptions
  const answer = (request: ApiRequest, reply: Send): void => {
    forwarded.push(String(request.headers['x-amz-target']).split('.')[1] ?? '')
    endpoints.push(request.endpoint)
    leader.answer(request, reply)
  }
  const takeBack: RunningServer['takeBack'] = (socket, received) => {
    takenOver.push(listenerOf(socket))
    leader.takeBack(socket, received)
  }
  const life = new Lifecycle()
  route = new LeaderRoute({ clock: systemClock, requestIds: () => 'an id' })
  route.lead(new OwnLead({ answer, takeBack }))
  const reads = new LocalReads({
    options,
    around,
    store: stores.own,
    env,
    observer: undefined,
    follows: () => follows,
    told: () => told,
    onFailed: () => undefined,
  })
  const words = {
    readiness: () => ({ ready: true, node: 'b' }),
    route: { method: 'GET', path: '/admin/node', answer: () => ({ node: 'b' }) } as const,
    measure: () => undefined,
  }
  front = await serveFront({ options, around, route, reads, words, measure: () => Promise.resolve(), life })
  closing.push(() => front.close())
}

/** As the order of the nodes brings it. */
async function follow(): Promise<void> {
  const all = { from: Buffer.alloc(0), to: Buffer.alloc(64, 0xff) }
  await stores.own.write([...stores.leading.entries(all)] as Edit[])
}

const key = { TableName: 'abc', Key: { pk: { S: 'x' }, sk: { N: '1' } } }

async function put(v: string): Promise<void> {
  const { status, text } = await call(front.url, 'PutItem', { TableName: 'abc', Item: { ...key.Key, v: { S: v } } })
  expect([status, text]).toEqual([200, '{}'])
}

async function read(more: object = {}): Promise<string | undefined> {
  const { json } = await call(front.url, 'GetItem', { ...key, ...more })
  return (json as { Item?: { v: { S: string } } }).Item?.v.S
}

test('eventually consistent reads are answered from the own store, and may be stale; all else by the leading node', async () => {
  await put('1')
  await follow()
  await put('2')
  forwarded = []
  expect(await read()).toBe('1')
  expect(await read({ ConsistentRead: false })).toBe('1')
  expect(forwarded).toEqual([])
  expect(await read({ ConsistentRead: true })).toBe('2')
  await call(front.url, 'TransactGetItems', { TransactItems: [{ Get: key }] })
  await call(front.url, 'DescribeTable', { TableName: 'abc' })
  expect(forwarded).toEqual(['GetItem', 'TransactGetItems', 'DescribeTable'])
  await follow()
  expect(await read()).toBe('2')
})

test('a store that is not filled, or not whole, is not read', async () => {
  await put('1')
  expect(await read()).toBe('1')
  await follow()
  follows = false
  expect(await read()).toBe('1')
  expect(forwarded).toEqual(['PutItem', 'GetItem', 'GetItem'])
})

test('what only the leading node knows makes it answer reads', async () => {
  await put('1')
  await follow()
  told = { leads: true, forwardsAll: true, standsInFor: [] }
  expect(await read()).toBe('1')
  expect(forwarded).toEqual(['PutItem', 'GetItem'])
  told = { leads: true, forwardsAll: false, standsInFor: [] }
  expect(await read()).toBe('1')
  expect(forwarded).toHaveLength(2)
})

test.each([
  ['capacity is counted', { capacity: { enforced: true } as never }],
  ['reads are told to the audit log', { auditData: true }],
  ['policies decide', { access: 'strict' as const, identities: 'x' }],
])('while %s reads are the leading node’s', async (_, more) => {
  await front.close()
  closing.length = 0
  await start(more)
  await put('1')
  await follow()
  expect(await read()).toBe('1')
  expect(forwarded).toEqual(['PutItem', 'GetItem'])
})

test('it says of itself whether it is ready, also without a leading node, and the connection ends with that', async () => {
  route.lead(undefined)
  for (const path of ['/ready', '/metrics', '/health', '/']) {
    const { status, headers } = await send({ endpoint: front.url, method: 'GET', path })
    expect([path, status, headers.connection]).toEqual([path, 200, 'close'])
  }
  const headers = { authorization: 'Bearer a-token-of-16-characters' }
  const { json } = await send({ endpoint: front.url, method: 'GET', path: '/admin/node', headers })
  expect(json).toEqual({ node: 'b' })
})

test('what comes by the private listener is passed on with its name, in a usual shape or not, and nothing but the API is served there', async () => {
  await front.close()
  closing.length = 0
  const folder = mkdtempSync(join(tmpdir(), 'longitude-front-'))
  const socketPath = join(folder, 'private.sock')
  await start({ privateListen: `unix:${socketPath}`, privateId: 'vpce-1' })
  const headers = { ...apiHeaders('ListTables'), host: 'localhost' }
  expect(await privately({ socketPath, method: 'POST', path: '/', headers })).toBe(200)
  expect([forwarded, endpoints]).toEqual([['ListTables'], ['vpce-1']])
  for (const path of ['/admin/conflicts', '/metrics', '/admin/node'])
    expect([path, await privately({ socketPath, path, headers: { host: 'localhost' } })]).toEqual([path, 404])
  // The first of them was the leading node's to answer.
  expect(takenOver).toEqual(['vpce-1'])
  await call(front.url, 'ListTables', {})
  expect(endpoints).toEqual(['vpce-1', undefined])
})

test('a request in an unusual shape, and what is below /admin/, go to the leading node as they came', async () => {
  const admin = await send({ endpoint: front.url, method: 'GET', path: '/admin/conflicts' })
  expect(admin.status).toBe(404)
  // Twice the same header is nothing that is read from the socket.
  const { status } = await send({ endpoint: front.url, method: 'POST', path: '/?x=1', headers: {}, body: '{}' })
  expect(status).toBeGreaterThanOrEqual(400)
  expect(forwarded).toEqual([])
})

async function privately(options: RequestOptions): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest(options, (reply) => {
      reply.resume().on('end', () => resolve(reply.statusCode))
    })
    outgoing.on('error', reject)
    outgoing.end(options.method === 'POST' ? '{}' : undefined)
  })
}
