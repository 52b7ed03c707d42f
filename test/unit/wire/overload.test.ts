/** A flood is answered, not swallowed: what is under way is bounded, the rest is throttled, and when it is over it is over. */
import { expect, test } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { requestsInFlightMax } from '../../../src/core/limits/limits.ts'
import { call } from '../../conformance/raw-request.ts'
import { itemOf } from '../engine/region.ts'
import { serveRegion } from './region-server.ts'
import { asked } from './server.ts'
import { differs } from '../../differences/difference.ts'

test(differs('a-disk-that-is-slow'), async () => {
  let stalled: Promise<void> | undefined
  let flushes = 0
  const store = new MemoryStore({
    durable: () => {
      flushes++
      return stalled ?? Promise.resolve()
    },
  })
  const server = await serveRegion(store)
  const put = (n: number) => JSON.stringify({ TableName: 'abc', Item: itemOf('x', n, { v: { S: 'v'.repeat(400) } }) })

  // The disk takes nothing; twice what may be under way comes, as another process of the region brings it.
  let flow = (): void => {}
  stalled = new Promise((resolve) => {
    flow = resolve
  })
  const times = requestsInFlightMax * 2
  const before = process.memoryUsage().rss
  const replies = Array.from({ length: times }, (_, at) => asked(server, 'PutItem', JSON.parse(put(at % 8)) as object))
  // Reads go on in the meantime, and writes beyond the bound are told so at once.
  await expect.poll(async () => (await call(server.url, 'PutItem', put(9))).status, { timeout: 20_000 }).toBe(400)
  const refused = await call(server.url, 'PutItem', put(9))
  expect(refused.json).toMatchObject({ __type: expect.stringMatching(/#ThrottlingException$/) })
  const grownMegabytes = (process.memoryUsage().rss - before) / 1024 / 1024
  expect(grownMegabytes).toBeLessThan(400)

  stalled = undefined
  flow()
  const texts = await Promise.all(replies)
  const count = (pattern: RegExp): number => texts.reduce((sum, text) => sum + (text.match(pattern)?.length ?? 0), 0)
  expect(count(/^200/g) + count(/#ThrottlingException/g)).toBe(times)
  expect(count(/#ThrottlingException/g)).toBeGreaterThan(0)
  const flushesBefore = flushes
  expect((await call(server.url, 'PutItem', put(10))).status).toBe(200)
  expect(flushes - flushesBefore).toBe(1)
  await server.close()
})
