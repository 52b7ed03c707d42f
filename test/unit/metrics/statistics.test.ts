import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { sketchAccuracy, sketchBucketsMax } from '../../../src/core/limits/metric-limits.ts'
import { readBlock, writeBlock } from '../../../src/core/metrics/block.ts'
import { metricId, refOf } from '../../../src/core/metrics/metric.ts'
import { Sketch } from '../../../src/core/metrics/sketch.ts'
import { statisticNamed, statisticOf } from '../../../src/core/metrics/statistic.ts'
import { setOf, StatisticSum, tupleOf } from '../../../src/core/metrics/statistic-set.ts'

function setFrom(values: readonly number[]) {
  const sum = new StatisticSum()
  for (const value of values) sum.add(value)
  return sum.value!
}

const of = (statistic: string, values: readonly number[]) => statisticOf(statisticNamed(statistic)!, setFrom(values))

describe('statistics', () => {
  test('of a few values', () => {
    const values = [1, 2, 3, 4]
    expect(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'].map((name) => of(name, values))).toEqual([
      4, 2.5, 10, 1, 4,
    ])
    expect([of('p0', values), of('p100', values)]).toEqual([1, 4])
    expect(of('PR(2.5:10)', values)).toBe(50)
    expect(of('tc50', values)).toBe(2)
    expect(of('TM(25%:75%)', values)).toBeCloseTo(2.5, 0)
  })

  test('are known by their names only', () => {
    for (const name of ['p101', 'average', 'tm', 'TM(:)', 'PR(:)', 'p', 'p-1', ''])
      expect(statisticNamed(name)).toBeUndefined()
  })

  test('percentiles are exact to a part of the value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.5, max: 50, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 99 }),
        (values, rank) => {
          const sorted = values.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)]!
          const told = of(`p${rank}`, values)!
          expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * (sketchAccuracy + 1e-6))
        },
      ),
    )
  })

  test('of parts are those of the whole, within bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 30 }), { maxLength: 5 }),
        (parts) => {
          const whole = new StatisticSum()
          const sum = new StatisticSum()
          for (const part of parts) {
            for (const value of part) whole.add(value)
            if (part.length > 0) sum.addSet(setOf(JSON.parse(JSON.stringify(tupleOf(setFrom(part))))))
          }
          const [a, b] = [whole.value, sum.value]
          expect(b === undefined).toBe(a === undefined)
          if (a === undefined || b === undefined) return
          expect([b.count, b.minimum, b.maximum]).toEqual([a.count, a.minimum, a.maximum])
          expect(b.sum).toBeCloseTo(a.sum)
          expect(b.sketch?.length ?? 0).toBeLessThanOrEqual(sketchBucketsMax)
          expect(b.sketch?.reduce((total, [, count]) => total + count, 0) ?? b.count).toBe(b.count)
        },
      ),
    )
  })

  test('a sketch keeps the greatest buckets, and the least of them has all that is below', () => {
    const bucketOf = (value: number): number => {
      const sketch = new Sketch()
      sketch.add(value)
      return sketch.pairs()[0]![0]
    }
    const wide = fc.array(fc.double({ min: -1e6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 400 })
    fc.assert(
      fc.property(wide, (values) => {
        const sketch = new Sketch()
        const exact = new Map<number, number>()
        for (const value of values) {
          sketch.add(value)
          exact.set(bucketOf(value), (exact.get(bucketOf(value)) ?? 0) + 1)
        }
        const kept = [...exact].toSorted(([a], [b]) => a - b)
        const below = kept.splice(0, Math.max(0, kept.length - sketchBucketsMax))
        const [[lowest, count] = [0, 0], ...others] = kept
        const all = below.reduce((sum, [, each]) => sum + each, count)
        expect(sketch.pairs()).toEqual([[lowest, all], ...others])
      }),
      { numRuns: 50 },
    )
  })

  test('a value below the least bucket of a full sketch is added without a look at the others', () => {
    const sketch = new Sketch()
    for (let n = 0; n <= sketchBucketsMax; n++) sketch.add(1.1 ** n)
    const looks = vi.spyOn(Map.prototype, 'keys')
    sketch.add(0.001)
    expect(looks).not.toHaveBeenCalled()
    looks.mockRestore()
    expect(sketch.pairs()).toHaveLength(sketchBucketsMax)
  })

  test('percentiles of what is only known by its sum are not told', () => {
    const sum = new StatisticSum()
    sum.addSet({ count: 2, sum: 3, minimum: 1, maximum: 2 })
    sum.add(1)
    expect(statisticOf(statisticNamed('p50')!, sum.value!)).toBeUndefined()
    expect(statisticOf(statisticNamed('Average')!, sum.value!)).toBeCloseTo(4 / 3)
  })
})

test('a block has what was written, and other series are not read', () => {
  const series = ['a', 'b'].map((name) => ({
    ...refOf(
      metricId('App', name, [
        { name: 'Z', value: '"\n' },
        { name: 'A', value: '1' },
      ]),
      'Count',
    ),
    minutes: new Map([
      [3, setFrom([1, 2, 2])],
      [59, setFrom([7])],
    ]),
  }))
  const { text, leftOut } = writeBlock(series)
  expect(leftOut).toBe(0)
  expect(readBlock(text)).toEqual(series)
  expect(readBlock(text, [series[1]!])).toEqual([series[1]])
  expect(readBlock(`broken\n${text.slice(0, -5)}`)).toEqual([series[0]])
})
