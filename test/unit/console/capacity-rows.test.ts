/** Points of metrics as rows of tables and indexes. */
import { describe, expect, test } from 'vitest'
import { samplesOf } from '../../../src/console/access/denials.ts'
import { type CapacityName, type MetricSeries, pastOf, rowsOf } from '../../../src/console/capacity/capacity-rows.ts'

const endMs = 600_000
const series = (name: CapacityName, table: string, ...points: readonly (readonly [minute: number, value: number])[]) =>
  ({ name, table, points: points.map(([minute, value]) => ({ atMs: minute * 60_000, value })) }) satisfies MetricSeries

describe('capacity', () => {
  test('is told a second, on average of the last five minutes, against the latest of what is provisioned', () => {
    const rows = rowsOf(
      [
        series('ConsumedReadCapacityUnits', 'Orders', [4, 9000], [5, 300], [9, 300]),
        series('ProvisionedReadCapacityUnits', 'Orders', [1, 5], [6, 10]),
        series('ProvisionedWriteCapacityUnits', 'Orders', [6, 0]),
      ],
      endMs,
    )
    expect(rows).toEqual([
      { table: 'Orders', read: 2, write: 0, provisionedRead: 10, throttledReads: 0, throttledWrites: 0 },
    ])
  })

  test('is told of those that were short first, then of those that consumed most, and of an index for itself', () => {
    const index = { ...series('ConsumedWriteCapacityUnits', 'Orders', [9, 1]), index: 'by-date' }
    const rows = rowsOf(
      [
        series('ConsumedWriteCapacityUnits', 'Orders', [9, 60]),
        index,
        series('ConsumedWriteCapacityUnits', 'Quiet', [9, 0]),
        series('WriteThrottleEvents', 'Short', [9, 3]),
      ],
      endMs,
    )
    expect(rows.map((row) => [row.table, row.index, row.write, row.throttledWrites])).toEqual([
      ['Short', undefined, 0, 3],
      ['Orders', undefined, 0.2, 0],
      ['Orders', 'by-date', 1 / 300, 0],
      ['Quiet', undefined, 0, 0],
    ])
  })

  test('of the past has nothing where no point is', () => {
    const past = pastOf(
      [
        series('ConsumedReadCapacityUnits', 'Orders', [8, 120]),
        series('ReadThrottleEvents', 'Orders', [9, 2]),
        series('WriteThrottleEvents', 'Orders', [9, 1]),
      ],
      { endMs, minutes: 3 },
    )
    expect(past).toEqual({
      atMs: [420_000, 480_000, 540_000],
      read: [null, 2, null],
      write: [null, null, null],
      throttled: [null, null, 3],
    })
  })
})

test('counters are read out of the text of metrics, whatever their labels have in them', () => {
  const text = [
    '# HELP longitude_access_denied_total Permissions',
    String.raw`longitude_access_denied_total{action="dynamodb:Put \"x\"",mode="audit"} 3`,
    'longitude_access_denied_total{action="dynamodb:GetItem",mode="strict"} 1 1700000000000',
    'longitude_access_denied_total_other{action="a"} 9',
    'longitude_access_denied_total{action="b"} NaN',
  ].join('\n')
  expect(samplesOf(text, 'longitude_access_denied_total')).toEqual([
    { labels: { action: 'dynamodb:Put "x"', mode: 'audit' }, value: 3 },
    { labels: { action: 'dynamodb:GetItem', mode: 'strict' }, value: 1 },
  ])
})
