import { expect, test } from 'vitest'
import { targetsOf } from '../../../src/core/metrics/region-metrics.ts'

const shown = (kind: string, table = 'orders') =>
  targetsOf('longitude_injected_faults_total', { table, operation: 'PutItem', kind }).map(({ ref }) => ref)

test('a request that fails by a fault that was set is an error of the Fault Injection Service; a slow one is none', () => {
  expect(JSON.stringify(shown('throttle'))).toContain('FaultInjectionServiceInducedErrors')
  expect(shown('slow')).toEqual([])
  expect(shown('error', '')).toEqual([])
})

test('a read of a change stream has a latency, by its stream', () => {
  const [target] = targetsOf('longitude_stream_request_seconds', { table: 'orders', stream: '2026-11-30T00:00:00.000' })
  expect(target).toMatchObject({
    scale: 1000,
    ref: { unit: 'Milliseconds', metric: { name: 'SuccessfulRequestLatency' } },
  })
  expect(target?.ref.metric.dimensions.map(({ value }) => value)).toEqual([
    'GetRecords',
    '2026-11-30T00:00:00.000',
    'orders',
  ])
})

test('a Kinesis destination has the metrics that AWS names, by what is done on behalf of the table', () => {
  const named = ['units_total', 'failed_records_total', 'age_seconds'].map((name) => {
    const [target] = targetsOf(`longitude_kinesis_${name}`, { table: 'orders' })
    expect(target?.ref.metric.dimensions.map(({ name: dimension }) => dimension)).toEqual([
      'DelegatedOperation',
      'TableName',
    ])
    return [target?.ref.metric.name, target?.ref.unit, target?.scale]
  })
  expect(named).toEqual([
    ['ConsumedChangeDataCaptureUnits', 'Count', 1],
    ['FailedToReplicateRecordCount', 'Count', 1],
    ['AgeOfOldestUnreplicatedRecord', 'Milliseconds', 1000],
  ])
})
