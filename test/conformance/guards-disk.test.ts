/** A disk that takes nothing is a guard as well: at every entrance that writes, of a region and of its cache, and of no other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { StoreFull } from '../../src/ports/store.ts'
import { eventually } from '../replication/eventually.ts'
import { cachedRegion, type CachedRegion } from './cached-region.ts'
import { type Entrance, type Item, keyed, readDoors, tableInput, there, writeDoors } from './guards.ts'
import { call } from './raw-request.ts'

const disk = { full: false }
const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${keyed}`
let region: CachedRegion

beforeAll(async () => {
  const durable = () => (disk.full ? Promise.reject(new StoreFull('no space left on device')) : Promise.resolve())
  region = await cachedRegion({ store: new MemoryStore({ durable }) })
  await call(region.regionEndpoint, 'CreateTable', tableInput(keyed))
  await eventually('the table is active', async () =>
    (await call(region.regionEndpoint, 'DescribeTable', { TableName: keyed })).text.includes('"TableStatus":"ACTIVE"'),
  )
  await call(region.regionEndpoint, 'PutItem', { TableName: keyed, Item: there })
})

afterAll(() => region.close())

const touched: Item = { ...there, v: { S: 'of the full disk' } }
const deletes = Object.entries(readDoors(keyed, there)).filter(([entrance]) => /delete/i.test(entrance))
const fresh: Item = { pk: { S: 'of the full disk' }, sk: { S: 'one' } }
const inserts = Object.entries(writeDoors(keyed, fresh)).filter(([entrance]) => entrance.endsWith('INSERT'))
const writes: Readonly<Record<string, Entrance>> = {
  ...writeDoors(keyed, touched),
  ...Object.fromEntries([...deletes, ...inserts]),
}
const tables: Readonly<Record<string, Entrance>> = {
  CreateTable: { operation: 'CreateTable', body: tableInput('guarded-other') },
  UpdateTable: { operation: 'UpdateTable', body: { TableName: keyed, DeletionProtectionEnabled: true } },
  DeleteTable: { operation: 'DeleteTable', body: { TableName: keyed } },
  UpdateTimeToLive: {
    operation: 'UpdateTimeToLive',
    body: { TableName: keyed, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } },
  },
  TagResource: { operation: 'TagResource', body: { ResourceArn: arn, Tags: [{ Key: 'a', Value: 'b' }] } },
}

const state = async () => {
  const items = await call(region.regionEndpoint, 'Scan', { TableName: keyed, ConsistentRead: true })
  const table = await call(region.regionEndpoint, 'DescribeTable', { TableName: keyed })
  const list = await call(region.regionEndpoint, 'ListTables', {})
  const tags = await call(region.regionEndpoint, 'ListTagsOfResource', { ResourceArn: arn })
  return [items, table, list, tags].map(({ status, text }) => [status, text])
}

const refused = /ServiceUnavailable|InternalServerError|InternalFailure|UnprocessedItems":\{"/

describe('a full disk', () => {
  it('refuses at every entrance that writes, and nothing of it is there, then or later', async () => {
    const before = await state()
    disk.full = true
    const open: string[] = []
    for (const [entrance, { operation, body }] of Object.entries({ ...writes, ...tables }))
      for (const endpoint of [region.regionEndpoint, region.endpoint]) {
        if (endpoint === region.endpoint && (operation.includes('Execute') || entrance in tables)) continue
        const { status, text } = await call(endpoint, operation, body)
        if (!refused.test(text)) open.push(`${entrance}: ${status} ${text.slice(0, 200)}`)
      }
    expect(open).toEqual([])
    expect(await state()).toEqual(before)
    disk.full = false
    expect(await state()).toEqual(before)
    expect((await call(region.regionEndpoint, 'PutItem', { TableName: keyed, Item: there })).status).toBe(200)
  })

  it('refuses at no entrance that reads', async () => {
    disk.full = true
    const reads = Object.entries(readDoors(keyed, there)).filter(
      ([entrance]) => !/delete/i.test(entrance) && !entrance.includes('ConditionCheck'),
    )
    for (const [entrance, { operation, body }] of reads)
      for (const endpoint of [region.regionEndpoint, region.endpoint])
        if (endpoint === region.regionEndpoint || !operation.includes('Execute'))
          expect([entrance, (await call(endpoint, operation, body)).status]).toEqual([entrance, 200])
    disk.full = false
  })
})
