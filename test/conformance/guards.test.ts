/** Every guard at every entrance (guards.ts): of a region in this process, and through a cache. */
import { timingOf, timings } from '../../src/core/table/waits.ts'
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

const pace = { timing: timings.instant }
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
  pace.timing = timingOf(() => 3_600_000)
  await call(endpoint, 'DeleteTable', { TableName: going })
  await call(endpoint, 'CreateTable', tableInput(coming))
})

afterAll(() => region.close())

/** Entrances that a cache has: PartiQL and operations on tables are not served there, as by DAX. */
const ofCache = cells.filter(({ operation }) => !/Execute|Table$|TimeToLive|tag/i.test(operation))

const answers = async (endpoint: string, asked = cells): Promise<readonly string[]> => {
  const open: string[] = []
  for (const cell of asked) {
    const answer = await answerOf(endpoint, cell)
    if (!cell.says.test(answer)) open.push(`${cell.guard} | ${cell.entrance}: ${answer.slice(0, 300)}`)
  }
  return open
}

describe('every guard holds', () => {
  it('at every entrance of a region', async () => {
    expect(await answers(region.regionEndpoint)).toEqual([])
  })

  it('at every entrance of a cache, also once it has kept what it may', async () => {
    for (const entrance of Object.values(readDoors(keyed, there)))
      await call(region.endpoint, entrance.operation, entrance.body)
    await call(region.regionEndpoint, 'PutItem', { TableName: keyed, Item: there })
    expect(await answers(region.endpoint, ofCache)).toEqual([])
  })

  it('at every entrance without a signature', async () => {
    const entrances = [...Object.values(writeDoors(keyed, there)), ...Object.values(readDoors(keyed, there))]
    for (const entrance of entrances) {
      expect((await unsigned(region.regionEndpoint, entrance)).text).toContain('MissingAuthentication')
      if (!entrance.operation.includes('Execute'))
        expect((await unsigned(region.endpoint, entrance)).text).toContain('MissingAuthentication')
    }
  })

  it('of the size of a request, before it is read', async () => {
    for (const endpoint of [region.regionEndpoint, region.endpoint]) expect((await tooLarge(endpoint)).status).toBe(413)
  })
})
