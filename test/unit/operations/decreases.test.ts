import { expect, test } from 'vitest'
import { assertMayDecrease, decreasesToday, throughputChanges } from '../../../src/operations/tables/decreases.ts'

const units = (readUnits: number, writeUnits: number) => ({ readUnits, writeUnits })
const evening = Date.UTC(2026, 8, 30, 23, 59, 59, 999)
const midnight = evening + 1

test('a change that lowers either unit, or both, is one decrease', () => {
  for (const after of [units(9, 10), units(20, 9), units(1, 1)]) {
    const { decreases } = throughputChanges({ provisioned: units(10, 10) }, after, evening)
    expect(decreasesToday(decreases, evening)).toBe(1)
  }
})

test('a change that lowers nothing leaves the count, and so does one of other settings', () => {
  const before = {
    provisioned: units(10, 10),
    ...throughputChanges({ provisioned: units(11, 10) }, units(10, 10), evening),
  }
  for (const after of [units(10, 20), units(11, 10), undefined])
    expect(decreasesToday(throughputChanges(before, after, evening).decreases, evening)).toBe(1)
})

test('the count begins again with each day, UTC', () => {
  const first = throughputChanges({ provisioned: units(10, 10) }, units(9, 9), evening)
  expect(decreasesToday(first.decreases, midnight)).toBe(0)
  const second = throughputChanges({ provisioned: units(9, 9), ...first }, units(8, 8), midnight)
  expect(decreasesToday(second.decreases, midnight)).toBe(1)
  const third = throughputChanges({ provisioned: units(8, 8), ...second }, units(7, 7), midnight)
  expect(decreasesToday(third.decreases, midnight)).toBe(2)
})

const lowered = (times: number, nowMs: number) => {
  let settings: Parameters<typeof throughputChanges>[0] = { provisioned: units(20, 20) }
  for (let n = 1; n <= times; n++) {
    const after = units(20 - n, 20)
    assertMayDecrease(settings, after, nowMs)
    settings = { provisioned: after, ...throughputChanges(settings, after, nowMs) }
  }
  return settings
}

test('the fifth decrease of a day waits for an hour after the fourth, as does every later one', () => {
  const beganMs = Date.UTC(2026, 9, 9, 0, 21, 34)
  const hour = 3_600_000
  const fourth = lowered(4, beganMs)
  expect(() => assertMayDecrease(fourth, units(1, 30), beganMs + hour - 1)).toThrow(
    'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: 4. Last decrease at Friday, October 9, 2026 at 12:21:34 AM Coordinated Universal Time. Next decrease can be made at Friday, October 9, 2026 at 1:21:34 AM Coordinated Universal Time',
  )
  assertMayDecrease(fourth, units(16, 30), beganMs)
  const after = units(1, 1)
  assertMayDecrease(fourth, after, beganMs + hour)
  const fifth = { provisioned: after, ...throughputChanges(fourth, after, beganMs + hour) }
  const provisioned = { ...fifth, provisioned: units(2, 2) }
  expect(() => assertMayDecrease(provisioned, units(1, 1), beganMs + 2 * hour - 1)).toThrow('decreases today: 5')
  assertMayDecrease(provisioned, units(1, 1), beganMs + 2 * hour)
})

test('a decrease is taken again at midnight, UTC, though the hour has not passed', () => {
  const lateMs = Date.UTC(2026, 9, 8, 23, 20, 48)
  const fourth = lowered(4, lateMs)
  expect(() => assertMayDecrease(fourth, units(1, 1), lateMs + 1000)).toThrow(
    'Last decrease at Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time. Next decrease can be made at Friday, October 9, 2026 at 12:00:00 AM Coordinated Universal Time',
  )
  assertMayDecrease(fourth, units(1, 1), Date.UTC(2026, 9, 9))
})

test('the times of the last change up and down are kept, of a change both ways both', () => {
  const both = throughputChanges({ provisioned: units(5, 5) }, units(9, 1), 1000)
  expect(both).toMatchObject({ throughputIncreasedMs: 1000, throughputDecreasedMs: 1000 })
  const up = throughputChanges({ provisioned: units(9, 1), ...both }, units(10, 1), 2000)
  expect(up).toMatchObject({ throughputIncreasedMs: 2000, throughputDecreasedMs: 1000 })
})
