/**
 * The attacks in brief, on a region, a cache and a front door in this process, by attackers in another: what the servers hold stays bounded while it
 * goes on, and is free afterwards. `npm run attack` is the long form, on processes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { FrontDoor } from '../../src/front-door/front-door.ts'
import { cachedRegion, type CachedRegion } from '../conformance/cached-region.ts'
import { call } from '../conformance/raw-request.ts'
import { attacks } from './attacks.ts'

const namesAt = (kind: 'api' | 'dax'): readonly string[] =>
  attacks.filter(({ at }) => at.includes(kind)).map(({ name }) => name)
const attackNames = namesAt('api')
/** Each attack meets the region, and one of the two entrances before it; `npm run attack` has them all at each. */
const [forCache, forFrontDoor] = [0, 1].map((turn) => attackNames.filter((_, n) => n % 2 === turn)) as [
  string[],
  string[],
]

/** What a node may hold under attack, all in all: its own code and data too. */
const heldBytesMax = 512 * 1024 * 1024

let region: CachedRegion
let entrance: FrontDoor
let attackers: ChildProcess

beforeAll(async () => {
  region = await cachedRegion({ dax: {}, services: true })
  entrance = await FrontDoor.open({
    host: '127.0.0.1',
    port: 0,
    endpoints: { 'us-east-1': region.regionEndpoint },
    failover: false,
    roundTripMs: () => 0,
  })
  await call(region.regionEndpoint, 'CreateTable', {
    TableName: 'attacked',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  })
  for (const pk of ['large', 'larger', 'largest'])
    await call(region.regionEndpoint, 'PutItem', {
      TableName: 'attacked',
      Item: { pk: { S: pk }, filler: { S: 'x'.repeat(390_000) } },
    })
  attackers = fork(fileURLToPath(new URL('brief-attackers.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
})
afterAll(async () => {
  attackers.kill()
  await entrance.close()
  await region.close()
})

type Told = { readonly answers: Readonly<Record<string, number>> }

async function attacked(name: string, endpoint: string): Promise<Told> {
  const told = new Promise<Told>((resolve) => attackers.once('message', (message) => resolve(message as Told)))
  attackers.send({ name, endpoint })
  return await told
}

/** Behind the port of DAX's clients is the cache. */
const honest = (endpoint: string): string => (endpoint.startsWith('dax:') ? region.endpoint : endpoint)

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe.each([
  ['a region', attackNames, () => region.regionEndpoint],
  ['a cache', forCache, () => region.endpoint],
  ['the front door', forFrontDoor, () => `http://127.0.0.1:${entrance.port}`],
  ['the port of DAX’s clients', namesAt('dax'), () => region.daxUrl],
] as const)('%s', (_, names, endpointOf) => {
  test.each(names)('holds no more than its bounds, and serves: %s', { timeout: 60_000 }, async (name) => {
    let most = 0
    const look = setInterval(() => (most = Math.max(most, heldBytes())), 5)
    const { answers } = await attacked(name, endpointOf())
    clearInterval(look)
    expect(most).toBeLessThan(heldBytesMax)
    expect(Object.keys(answers).filter((status) => status.startsWith('5'))).toEqual([])
    const reply = await call(honest(endpointOf()), 'GetItem', { TableName: 'attacked', Key: { pk: { S: 'none' } } })
    expect(reply.status).toBe(200)
    // All connections of the attackers are closed by now; what they held goes in the next turns.
    await vi.waitFor(() => expect(region.heldBytes() + entrance.heldBytes).toBe(0), { timeout: 20_000, interval: 5 })
    expect(region.logged).toEqual([])
  })
})
