/** Every guard at every door (guards.ts): of a region in this process, and through a cache. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../replication/eventually.ts'
import { cachedRegion, type CachedRegion } from './cached-region.ts'
import {
  answerOf,
  cells,
  coming,
  going,
  keyed,
  readDoors,
  tableInput,
  there,
  tooLarge,
  unsigned,
  writeDoors,
} from './guards.ts'
import { call } from './raw-request.ts'

const pace = { tableTransitionMs: 0 }
let region: CachedRegion

beforeAll(async () => {
  region = await cachedRegion({ pace })
  const { regionEndpoint: endpoint } = region
  for (const TableName of [keyed, going]) {
    await call(endpoint, 'CreateTable', tableInput(TableName))
    await eventually(`${TableName} is active`, async () =>
      (await call(endpoint, 'DescribeTable', { TableName })).text.includes('"TableStatus":"ACTIVE"'),
    )
  }
  await call(endpoint, 'PutItem', { TableName: keyed, Item: there })
  pace.tableTransitionMs = 3_600_000
  await call(endpoint, 'DeleteTable', { TableName: going })
  await call(endpoint, 'CreateTable', tableInput(coming))
})

afterAll(() => region.close())

/** Doors that a cache has: PartiQL and operations on tables are not served there, as by DAX. */
const ofCache = cells.filter(({ operation }) => !/Execute|Table$|TimeToLive|tag/i.test(operation))

const answers = async (endpoint: string, asked = cells): Promise<readonly string[]> => {
  const open: string[] = []
  for (const cell of asked) {
    const answer = await answerOf(endpoint, cell)
    if (!cell.says.test(answer)) open.push(`${cell.guard} | ${cell.door}: ${answer.slice(0, 300)}`)
  }
  return open
}

describe('every guard holds', () => {
  it('at every door of a region', async () => {
    expect(await answers(region.regionEndpoint)).toEqual([])
  })

  it('at every door of a cache, also once it has kept what it may', async () => {
    for (const door of Object.values(readDoors(keyed, there))) await call(region.endpoint, door.operation, door.body)
    await call(region.regionEndpoint, 'PutItem', { TableName: keyed, Item: there })
    expect(await answers(region.endpoint, ofCache)).toEqual([])
  })

  it('at every door without a signature', async () => {
    const doors = [...Object.values(writeDoors(keyed, there)), ...Object.values(readDoors(keyed, there))]
    for (const door of doors) {
      expect((await unsigned(region.regionEndpoint, door)).text).toContain('MissingAuthentication')
      if (!door.operation.includes('Execute'))
        expect((await unsigned(region.endpoint, door)).text).toContain('MissingAuthentication')
    }
  })

  it('of the size of a request, before it is read', async () => {
    for (const endpoint of [region.regionEndpoint, region.endpoint]) expect((await tooLarge(endpoint)).status).toBe(413)
  })
})
