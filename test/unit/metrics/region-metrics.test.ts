import { expect, test } from 'vitest'
import { targetsOf } from '../../../src/core/metrics/region-metrics.ts'

const shown = (kind: string, table = 'orders') =>
  targetsOf('longitude_injected_faults_total', { table, operation: 'PutItem', kind }).map(({ ref }) => ref)

test('a request that fails by a fault that was set is an error of the Fault Injection Service; a slow one is none', () => {
  expect(JSON.stringify(shown('throttle'))).toContain('FaultInjectionServiceInducedErrors')
  expect(shown('slow')).toEqual([])
  expect(shown('error', '')).toEqual([])
})
