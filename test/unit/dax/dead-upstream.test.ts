import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type RunningCache, startCache } from '../../../src/cache/start-cache.ts'
import type { Log } from '../../../src/ports/log.ts'

let cache: RunningCache | undefined
afterEach(async () => await cache?.close())

const lines: string[] = []
const note = (event: string): void => void lines.push(event)
const log: Log = { debug: note, info: note, warn: note, error: note, with: () => log }

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('a cache whose region is gone says so, at /ready, in its metrics, its status and its log', async () => {
  const region = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(region, 'listening')
  const { port } = region.address() as AddressInfo
  cache = await startCache({
    region: 'us-east-1',
    upstream: new URL(`http://127.0.0.1:${port}`),
    host: '127.0.0.1',
    port: 0,
    mode: 'dax',
    nats: undefined,
    itemTtlMs: 1000,
    queryTtlMs: 1000,
    memoryBytes: 1024 ** 2,
    adminToken: 'a-token-of-the-test',
    log,
  })
  const { url } = cache
  const ready = async (): Promise<Response> => await fetch(`${url}/ready`)
  const metric = async (): Promise<string> => await (await fetch(`${url}/metrics`)).text()
  expect((await ready()).status).toBe(200)
  expect(await metric()).toContain('longitude_cache_upstream_reachable{region="us-east-1"} 1')
  region.close()
  region.closeAllConnections()
  await until(async () => (await ready()).status === 503)
  expect(await (await ready()).json()).toMatchObject({
    ready: false,
    reason: 'the region behind this cache does not answer',
    upstream: { reason: expect.stringContaining('ECONNREFUSED') },
  })
  expect(await metric()).toContain('longitude_cache_upstream_reachable{region="us-east-1"} 0')
  const headers = { authorization: 'Bearer a-token-of-the-test' }
  const status = (await (await fetch(`${url}/admin/status`, { headers })).json()) as { figures: object }
  expect(status.figures).toMatchObject({ upstream: 0 })
  expect(lines).toContain('the region behind this cache does not answer')
  expect((await fetch(`${url}/health`)).status).toBe(200)
})
