import { expect, test } from 'vitest'
import type { Table } from '../../../src/core/table/table.ts'
import { Admission, type CapacitySettings } from '../../../src/operations/capacity/admission.ts'
import { Spent } from '../../../src/operations/spent.ts'
import type { OperationContext } from '../../../src/operations/operation.ts'

const table = {
  id: 'one',
  name: 'orders',
  key: { partition: [{ name: 'id', type: 'S' }], sort: [] },
  indexes: [],
  replicas: [],
  settings: {
    billingMode: 'PROVISIONED',
    provisioned: { readUnits: 1, writeUnits: 1 },
    deletionProtection: false,
    tags: {},
  },
} as unknown as Table

/** One that has used its burst of 300 units. */
function admissionOf(settings: CapacitySettings): { readonly admit: () => unknown; readonly counted: string[] } {
  const counted: string[] = []
  const context = {
    engine: { tableNamed: (name: string) => (name === 'orders' ? table : undefined), tableWithId: () => table },
    env: {
      clock: { monotonicMs: () => 0 },
      meter: { count: (metric: string, labels: object) => counted.push(`${metric} ${JSON.stringify(labels)}`) },
    },
    settings: { region: 'us-east-1', accountId: '000000000000' },
  } as unknown as OperationContext
  const admission = new Admission(context, settings)
  const touch = { action: 'PutItem', table: 'orders', keysOf: () => [{ id: { S: 'a' } }], attributes: ['id'] }
  const admitted = admission.admit([touch], 0)
  const spent = new Spent()
  spent.add('write', { table }, { table: 300, indexes: [] })
  admitted?.charge(spent, 0)
  return { admit: () => admission.admit([touch], 0)?.refusals, counted }
}

const reason = '{"table":"orders","index":"","reason":"TableWriteProvisionedThroughputExceeded"}'

test('enforce refuses and counts', () => {
  const { admit, counted } = admissionOf({ mode: 'enforce' })
  expect(admit()).toMatchObject([[{ code: 'ProvisionedThroughputExceededException' }]])
  expect(counted).toEqual([`longitude_throttled_requests_total ${reason}`])
})

test('observe counts and refuses nothing', () => {
  const { admit, counted } = admissionOf({ mode: 'observe' })
  expect(admit()).toEqual([[undefined]])
  expect(counted).toEqual([`longitude_throttled_requests_total ${reason}`])
})

test('a table’s own mode counts before that of all tables', () => {
  expect(admissionOf({ mode: 'enforce', ofTables: { orders: 'off' } }).admit()).toBeUndefined()
  expect(admissionOf({ mode: 'off', ofTables: { orders: 'enforce' } }).admit()).toMatchObject([
    [{ code: 'ProvisionedThroughputExceededException' }],
  ])
  expect(admissionOf({ mode: 'off', ofTables: { others: 'enforce' } }).admit()).toBeUndefined()
})
