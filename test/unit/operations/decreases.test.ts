import { expect, test } from 'vitest'
import { decreasesAfter, decreasesToday } from '../../../src/operations/tables/decreases.ts'

const units = (readUnits: number, writeUnits: number) => ({ readUnits, writeUnits })
const evening = Date.UTC(2026, 8, 30, 23, 59, 59, 999)
const midnight = evening + 1

test('a change that lowers either unit, or both, is one decrease', () => {
  for (const after of [units(9, 10), units(20, 9), units(1, 1)]) {
    const { decreases } = decreasesAfter({ provisioned: units(10, 10) }, after, evening)
    expect(decreasesToday(decreases, evening)).toBe(1)
  }
})

test('a change that lowers nothing leaves the count, and so does one of other settings', () => {
  const before = {
    provisioned: units(10, 10),
    ...decreasesAfter({ provisioned: units(11, 10) }, units(10, 10), evening),
  }
  for (const after of [units(10, 20), units(11, 10), undefined])
    expect(decreasesToday(decreasesAfter(before, after, evening).decreases, evening)).toBe(1)
})

test('the count begins again with each day, UTC', () => {
  const first = decreasesAfter({ provisioned: units(10, 10) }, units(9, 9), evening)
  expect(decreasesToday(first.decreases, midnight)).toBe(0)
  const second = decreasesAfter({ provisioned: units(9, 9), ...first }, units(8, 8), midnight)
  expect(decreasesToday(second.decreases, midnight)).toBe(1)
  const third = decreasesAfter({ provisioned: units(8, 8), ...second }, units(7, 7), midnight)
  expect(decreasesToday(third.decreases, midnight)).toBe(2)
})
