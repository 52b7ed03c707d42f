/** What observed usage would cost on AWS, by hand. */
import { describe, expect, test } from 'vitest'
import { estimateOf } from '../../../src/core/cost/estimate.ts'
import type { Prices } from '../../../src/core/cost/prices.ts'
import type { Minute, TableUsage } from '../../../src/core/cost/usage.ts'
import { readPrices } from '../../../src/deployment/prices-file.ts'

const hourMs = 3_600_000
const hours = 730
/** Ten hours, of which each hour has one minute with so many units. */
const tenHours = { fromMs: 0, toMs: 10 * hourMs }
const hourly = (units: number): readonly Minute[] =>
  Array.from({ length: 10 }, (_, hour) => ({ atMs: hour * hourMs, units }))

const prices: Prices = {
  asOf: '2026-01-01',
  sources: {
    list: { confirmed: true, asOf: '2026-01', source: 'a list' },
    guess: { confirmed: false, asOf: '2026-01', source: 'elsewhere' },
  },
  regions: {
    'us-east-1': {
      readRequestsPerMillion: { usd: 1, from: 'list' },
      writeRequestsPerMillion: { usd: 10, from: 'list' },
      replicatedWriteRequestsPerMillion: { usd: 20, from: 'guess' },
      readCapacityUnitHour: { usd: 0.01, from: 'list' },
      writeCapacityUnitHour: { usd: 0.1, from: 'list' },
      replicatedWriteCapacityUnitHour: { usd: 0.2, from: 'list' },
      storagePerGbMonth: { usd: 3, from: 'list' },
      infrequentStoragePerGbMonth: { usd: 2, from: 'list' },
    },
    'eu-west-1': { replicatedWriteRequestsPerMillion: { usd: 30, from: 'list' } },
  },
}

const usageOf = (more: Partial<TableUsage>): TableUsage => ({
  region: 'us-east-1',
  table: 'Orders',
  billingMode: 'PAY_PER_REQUEST',
  isInfrequent: false,
  regions: ['us-east-1'],
  storedBytes: 0,
  storedItems: 0,
  resources: [{ index: undefined, reads: [], writes: [], provisioned: undefined }],
  expiredItems: 0,
  streamReads: 0,
  hasRecovery: false,
  backupBytes: 0,
  feedsKinesis: false,
  ...more,
})

const estimate = (...tables: readonly TableUsage[]) => estimateOf({ ...tenHours, tables }, prices)
const dimensions = (lines: readonly { dimension: string }[]): readonly string[] =>
  lines.map(({ dimension }) => dimension)

describe('an estimate', () => {
  test('takes a month as more of what was observed, and provisions each hour for its busiest minute at 70 %', () => {
    // 4,200 units in a minute are 70 a second, for which 100 are provisioned.
    const resources = [{ index: undefined, reads: [], writes: hourly(4200), provisioned: undefined }]
    const { lines } = estimate(usageOf({ resources }))
    expect(lines).toEqual([
      {
        region: 'us-east-1',
        table: 'Orders',
        dimension: 'writes',
        quantity: 4200 * hours,
        unit: 'units',
        onDemand: { usd: expect.closeTo((4200 * hours * 10) / 1e6) as number, isUnconfirmed: false },
        provisioned: { usd: 100 * hours * 0.1, isUnconfirmed: false },
      },
    ])
  })

  test('of a table that is provisioned has what it is set to, although nothing is asked of it', () => {
    const resources = [{ index: undefined, reads: [], writes: [], provisioned: { reads: 5, writes: 7 } }]
    const { lines, total } = estimate(usageOf({ billingMode: 'PROVISIONED', resources }))
    expect(lines.map(({ onDemand, provisioned }) => [onDemand.usd, provisioned.usd])).toEqual([
      [0, 5 * hours * 0.01],
      [0, 7 * hours * 0.1],
    ])
    expect(total.provisionedUsd).toBeCloseTo(5 * hours * 0.01 + 7 * hours * 0.1)
  })

  test('bills every replica for the writes of all, indexes as plain writes, and deletions of expired items elsewhere', () => {
    const regions = ['us-east-1', 'eu-west-1']
    const both = (units: number) => [
      { index: undefined, reads: [], writes: hourly(units), provisioned: undefined },
      { index: 'ByWho', reads: [], writes: hourly(units / 10), provisioned: undefined },
    ]
    const { lines, total, unconfirmed, unknown } = estimate(
      usageOf({ regions, resources: both(1000) }),
      usageOf({ regions, region: 'eu-west-1', resources: both(500), expiredItems: 40 }),
    )
    const of = (region: string) => lines.filter((line) => line.region === region)
    expect(dimensions(of('us-east-1'))).toEqual(['replicated writes', 'writes', 'replication traffic, at most'])
    expect(of('us-east-1').map(({ quantity }) => Math.round(quantity))).toEqual([
      1500 * hours + 4 * hours,
      150 * hours,
      Math.round((1000 * hours * 1024) / 1024 ** 3),
    ])
    expect(of('eu-west-1')[0]?.quantity).toBeCloseTo(1500 * hours)
    expect(of('us-east-1')[0]?.onDemand.isUnconfirmed).toBe(true)
    expect(of('eu-west-1')[0]?.onDemand).toEqual({ usd: (1500 * hours * 30) / 1e6, isUnconfirmed: false })
    expect(unknown.join()).toContain('The prices of: replication traffic, at most in us-east-1, writes in eu-west-1')
    expect(unconfirmed).toEqual(['us-east-1 replicated writes (on demand)'])
    expect(total.isUnconfirmed).toEqual({ onDemand: true, provisioned: false })
  })

  test('says which prices it lacks, and that the sum is at least that', () => {
    const resources = [{ index: undefined, reads: hourly(10), writes: [], provisioned: undefined }]
    const { lines, total, byRegion, unknown } = estimate(usageOf({ region: 'sa-east-1', resources }))
    expect(lines[0]?.onDemand).toEqual({ usd: undefined, isUnconfirmed: false })
    expect(total).toMatchObject({ onDemandUsd: 0, provisionedUsd: 0, isAtLeast: true })
    expect(byRegion['sa-east-1']?.isAtLeast).toBe(true)
    expect(unknown[0]).toBe('The prices of: reads in sa-east-1.')
  })

  test('adds to storage what AWS adds for each item, in the price of the class', () => {
    const gb = 1024 ** 3
    const stored = { storedBytes: gb - 1000, storedItems: 10 }
    expect(estimate(usageOf(stored)).lines[0]).toMatchObject({
      dimension: 'storage',
      quantity: 1,
      onDemand: { usd: 3 },
    })
    expect(estimate(usageOf({ ...stored, isInfrequent: true })).lines[0]?.provisioned.usd).toBe(2)
  })
})

test('the program’s own prices are dated and sourced, for the three default regions', () => {
  const own = readPrices()
  expect(own.asOf).toMatch(/^\d{4}-\d\d-\d\d$/)
  for (const { asOf, source } of Object.values(own.sources)) {
    expect(asOf).toMatch(/^\d{4}-\d\d$/)
    expect(source.length).toBeGreaterThan(20)
  }
  expect(Object.keys(own.regions)).toEqual(['us-east-1', 'eu-west-1', 'ap-northeast-1'])
})
