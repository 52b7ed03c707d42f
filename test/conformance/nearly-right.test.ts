import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seeded } from './malformed.ts'
import { nearlyRight } from './nearly-right.ts'
import { call } from './raw-request.ts'
import { isLocal, testRegion, type TestRegion } from './region.ts'

/** Raise it to look for longer; a failure prints the seed of its request. */
const requests = Number(process.env['LONGITUDE_FUZZ_REQUESTS'] ?? 1200)
const firstSeed = Number(process.env['LONGITUDE_FUZZ_SEED'] ?? 1)
const atOnce = 8

describe.runIf(isLocal)('a live node', () => {
  let region: TestRegion
  let table: string
  let simple: string

  beforeAll(async () => {
    region = await testRegion()
    simple = await region.createTable()
    table = await region.createTable({
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
        { AttributeName: 'l', AttributeType: 'B' },
        { AttributeName: 'g', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'local',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'l', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'global',
          KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['x'] },
        },
      ],
    })
  })
  afterAll(() => region.close())

  test(`takes or refuses ${requests} requests that are nearly right`, { timeout: 1_800_000 }, async () => {
    const statuses = new Map<number, number>()
    for (let seed = firstSeed; seed < firstSeed + requests; seed += atOnce)
      for (const status of await Promise.all(Array.from({ length: atOnce }, (_, n) => statusOf(seed + n))))
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
    expect(region.logged).toEqual([])
    // Both must happen, or the changes are too few or too many to tell anything.
    expect(new Set(statuses.keys())).toEqual(new Set([200, 400]))
  })

  async function statusOf(seed: number): Promise<number> {
    const { operation, body } = nearlyRight(seeded(seed), table, simple)
    const reply = await call(region.endpoint, operation, body)
    expect([200, 400], `seed ${seed}: ${operation} ${reply.text.slice(0, 300)}`).toContain(reply.status)
    return reply.status
  }
})
