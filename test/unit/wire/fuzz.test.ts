import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operationNames } from '../../../src/core/wire/shapes.ts'
import { malformedRequest, seeded } from '../../conformance/malformed.ts'
import { call, send } from '../../conformance/raw-request.ts'
import { echo, serverWith, type TestServer } from './server.ts'

/** Raise it to look for longer; a failure prints the seed of its request. */
const requests = Number(process.env['LONGITUDE_FUZZ_REQUESTS'] ?? 2000)
const firstSeed = Number(process.env['LONGITUDE_FUZZ_SEED'] ?? 1)

let server: TestServer

beforeAll(async () => {
  server = await serverWith(operationNames.map(echo))
})
afterAll(() => server.close())

test(
  `${requests} malformed requests are answered in form, and the server goes on serving`,
  { timeout: 600_000 },
  async () => {
    const bySeed = async (seed: number): Promise<void> => {
      const reply = await send(malformedRequest(seeded(seed), server.url, ['abc']))
      const told = `seed ${seed}: ${reply.status} ${reply.text.slice(0, 300)}`
      expect([200, 400, 404], told).toContain(reply.status)
      expect(reply.headers['x-amz-crc32'], told).toBe(String(crc32(reply.bytes)))
      if (reply.status === 400 && reply.headers['content-encoding'] === undefined)
        expect(reply.json, told).toMatchObject({ __type: expect.stringMatching(/#\w+Exception$/) })
    }
    for (let seed = firstSeed; seed < firstSeed + requests; seed += 8)
      await Promise.all(Array.from({ length: 8 }, (_, n) => bySeed(seed + n)))
    expect(server.logged).toEqual([])
    expect((await call(server.url, 'GetItem', { TableName: 'abc', Key: { a: { S: 'x' } } })).status).toBe(200)
  },
)
