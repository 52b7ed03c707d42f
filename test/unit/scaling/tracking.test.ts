import { describe, expect, test } from 'vitest'
import type { ScalingPolicy } from '../../../src/core/scaling/scalable-target.ts'
import { agreedUnits, isCooling, unitsFor } from '../../../src/core/scaling/tracking.ts'

const policy: ScalingPolicy = {
  name: 'p',
  id: '1',
  createdMs: 0,
  target: 70,
  outCooldownSeconds: 60,
  inCooldownSeconds: 300,
}

describe('tracking a target', () => {
  test("asks for 215 units at a use of 150, as in AWS's example", () => {
    expect(unitsFor(150, policy)).toBe(215)
    expect(unitsFor(7, policy)).toBe(10)
    expect(unitsFor(0, policy)).toBe(0)
  })

  const cooling = (from: number, to: number, nowMs: number, last: readonly [number, number]) =>
    isCooling(policy, [{ from: last[0], to: last[1], atMs: 0 }], { from, to, nowMs })

  test('waits after a raise, unless a larger one is asked for', () => {
    expect(cooling(20, 25, 59_000, [10, 20])).toBe(true)
    expect(cooling(20, 31, 59_000, [10, 20])).toBe(false)
    expect(cooling(20, 25, 60_000, [10, 20])).toBe(false)
    expect(cooling(20, 10, 1000, [10, 20])).toBe(false)
  })

  test('waits after a lowering, unless a raise is asked for', () => {
    expect(cooling(10, 5, 299_000, [20, 10])).toBe(true)
    expect(cooling(10, 5, 300_000, [20, 10])).toBe(false)
    expect(cooling(10, 11, 1000, [20, 10])).toBe(false)
  })

  test('lowers what regions share as far as all of them agree', () => {
    expect(agreedUnits(5, [])).toBe(5)
    expect(agreedUnits(5, [8, 2])).toBe(8)
    expect(agreedUnits(5, [8, undefined])).toBeUndefined()
  })
})
