import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { malformedRequest, seeded } from './malformed.ts'
import { call, send } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

/** Raise it to look for longer; a failure prints the seed of its request. */
const requests = Number(process.env['LONGITUDE_FUZZ_REQUESTS'] ?? 2000)
const firstSeed = Number(process.env['LONGITUDE_FUZZ_SEED'] ?? 1)
const atOnce = 8

describe.runIf(isLocal)('a live node', () => {
  let region: TestRegion
  let tables: string[]

  beforeAll(async () => {
    region = await testRegion()
    const sorted = [
      { AttributeName: 'pk', KeyType: 'HASH' as const },
      { AttributeName: 'sk', KeyType: 'RANGE' as const },
    ]
    const AttributeDefinitions = [
      { AttributeName: 'pk', AttributeType: 'S' as const },
      { AttributeName: 'sk', AttributeType: 'N' as const },
    ]
    const Projection = { ProjectionType: 'ALL' as const }
    const GlobalSecondaryIndexes = [
      {
        IndexName: 'turned',
        KeySchema: sorted.toReversed().map(({ AttributeName }, n) => ({
          AttributeName,
          KeyType: n === 0 ? ('HASH' as const) : ('RANGE' as const),
        })),
        Projection,
      },
    ]
    tables = [
      await region.createTable(),
      await region.createTable({ AttributeDefinitions, KeySchema: sorted, GlobalSecondaryIndexes }),
    ]
  })
  afterAll(() => region.close())

  test(`answers ${requests} malformed requests in form and goes on serving`, { timeout: 1_800_000 }, async () => {
    for (let seed = firstSeed; seed < firstSeed + requests; seed += atOnce)
      await Promise.all(Array.from({ length: atOnce }, (_, n) => checkReply(seed + n)))
    expect(region.logged).toEqual([])
    const reply = await call(region.endpoint, 'DescribeEndpoints', {})
    expect(reply.status).toBe(200)
  })

  async function checkReply(seed: number): Promise<void> {
    const request = malformedRequest(seeded(seed), region.endpoint, tables)
    const reply = await send(request)
    const told = `seed ${seed}: ${request.headers?.['X-Amz-Target']} ${reply.status} ${reply.text.slice(0, 300)} ${JSON.stringify(region.logged)}`
    // A header that makes it a browser's page.
    const statuses = request.headers?.['Origin'] === undefined ? [200, 400, 404] : [403]
    expect(statuses, told).toContain(reply.status)
    expect(reply.headers['x-amz-crc32'], told).toBe(String(crc32(reply.bytes)))
    if (reply.status === 400 && reply.headers['content-encoding'] === undefined)
      expect(reply.json, told).toMatchObject({ __type: expect.stringMatching(/#\w+$/) })
  }
})
