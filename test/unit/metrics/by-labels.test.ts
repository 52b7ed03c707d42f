import { expect, test } from 'vitest'
import { ByLabels } from '../../../src/core/metrics/by-labels.ts'

test('values are found by the values of their labels, and by no fewer', () => {
  const values = new ByLabels<number>(10)
  values.set({}, 0)
  values.set({ table: 'a', operation: 'Get' }, 1)
  values.set({ table: 'a', operation: 'Put' }, 2)
  values.set({ table: 'b', operation: 'Get' }, 3)
  const found = [
    {},
    { table: 'a', operation: 'Get' },
    { table: 'a', operation: 'Put' },
    { table: 'b', operation: 'Get' },
  ]
  expect(found.map((labels) => values.get(labels))).toEqual([0, 1, 2, 3])
  expect(
    [{ table: 'a' }, { table: 'c' }, { table: 'b', operation: 'Put' }].map((labels) => values.get(labels)),
  ).toEqual([undefined, undefined, undefined])
  values.set({ table: 'a', operation: 'Get' }, 4)
  expect(values.get({ table: 'a', operation: 'Get' })).toBe(4)
})

test('one that is full forgets all, and goes on', () => {
  const values = new ByLabels<number>(2)
  for (const n of [1, 2]) values.set({ table: String(n) }, n)
  values.set({ table: '2' }, 2)
  values.set({ table: '3' }, 3)
  expect(['1', '2', '3'].map((table) => values.get({ table }))).toEqual([undefined, undefined, 3])
})
