import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkExpressions, type MetricQuery, QueryRun } from '../../../src/core/metrics/metric-query.ts'
import { StatisticSum } from '../../../src/core/metrics/statistic-set.ts'
import { MathError, parseExpression } from '../../../src/core/metrics/math/math-expression.ts'

type Given = Readonly<Record<string, readonly (number | undefined)[]>>
const minute = 60_000

/** The values of the series that an expression comes to, minute by minute; a hole is undefined. */
function all(expression: string, given: Given): (number | undefined)[][] {
  const length = Math.max(...Object.values(given).map((values) => values.length))
  const queries: MetricQuery[] = [
    ...Object.keys(given).map((id) => ({
      id,
      metric: { namespace: 'n', name: id, dimensions: [], statistic: 'Sum', periodSeconds: 60 },
      returnsData: false,
    })),
    { id: 'e', expression, returnsData: true },
  ]
  checkExpressions(queries)
  const run = new QueryRun(queries, { startMs: 0, endMs: length * minute }, ({ name }) => [
    new Map(
      (given[name] ?? []).flatMap((value, n) => {
        if (value === undefined) return []
        const sum = new StatisticSum()
        sum.add(value)
        return [[n * minute, sum.value!] as const]
      }),
    ),
  ])
  return run.results().map(({ points }) => Array.from({ length }, (_, n) => points.get(n * minute)))
}

const one = (expression: string, given: Given): (number | undefined)[] | undefined => all(expression, given)[0]
const _ = undefined

describe('metric math', () => {
  test.each<[string, Given, (number | undefined)[]]>([
    ['m1+m2*2', { m1: [1, 2], m2: [10, 20] }, [21, 42]],
    ['-m1^2', { m1: [2, 3] }, [-4, -9]],
    ['2^3^0*m1', { m1: [1] }, [2]],
    ['(m1+m2)/m3', { m1: [1, 1], m2: [1, 1], m3: [2, 0] }, [1, _]],
    ['m1-m2', { m1: [5, _, _], m2: [_, 2, _] }, [5, -2, _]],
    ['m1 < m2', { m1: [30, 20, 0, 0], m2: [20, _, 20, _] }, [0, 0, 1, 0]],
    ['m1 >= 30', { m1: [30, 20, 0, 0] }, [1, 0, 0, 0]],
    ['m1 > 15 AND m2 > 15', { m1: [30, 20, 0, 0], m2: [20, _, 20, _] }, [1, 0, 0, 0]],
    ['m1 > 15 || m2 > 15', { m1: [30, 20, 0, 0], m2: [20, _, 20, _] }, [1, 1, 1, 0]],
    ['m1-AVG(m1)', { m1: [1, 2, 3] }, [-1, 0, 1]],
    ['m1/PERIOD(m1)', { m1: [60] }, [1]],
    ['SUM([m1,m2])', { m1: [1, _], m2: [2, 5] }, [3, 5]],
    ['SUM(METRICS("err"))', { err1: [1], err2: [2], other: [9] }, [3]],
    ['AVG(METRICS())', { m1: [1, 4], m2: [3, _] }, [2, 2]],
    ['MAX([m1,m2])-MIN([m1,m2])', { m1: [1, 4], m2: [3, 1] }, [2, 3]],
    ['STDDEV([m1,m2])', { m1: [1], m2: [3] }, [1]],
    ['RATE(m1)', { m1: [0, 60, _, 300] }, [_, 1, _, 2]],
    ['DIFF(m1)', { m1: [1, 4, 2] }, [_, 3, -2]],
    ['RUNNING_SUM(m1)', { m1: [1, 4, 2] }, [1, 5, 7]],
    ['FILL(m1,0)', { m1: [1, _, 2] }, [1, 0, 2]],
    ['FILL(m1,REPEAT)', { m1: [_, 1, _, 2, _] }, [_, 1, 1, 2, 2]],
    ['FILL(m1,LINEAR)', { m1: [_, 1, _, 3, _] }, [_, 1, 2, 3, _]],
    ['FILL(m1,m2)', { m1: [1, _, _], m2: [7, 8, _] }, [1, 8, _]],
    ['IF(m1,m2,m3)', { m1: [1, 1, 0, 0, _], m2: [30, _, 0, 0, 30], m3: [0, 0, 20, _, 20] }, [30, 0, 20, _, _]],
    ['IF(m1,5,m3)', { m1: [1, 1, 0, 0, _], m3: [0, 0, 20, _, 20] }, [5, 5, 20, _, _]],
    ['IF(m1,m2,5)', { m1: [1, 1, 0, 0, _], m2: [30, _, 0, 0, 30] }, [30, 0, 5, 5, _]],
    ['IF(m1<4,m1)', { m1: [1, 5, 3] }, [1, _, 3]],
    ['CEIL(m1)+FLOOR(m1)+ABS(m1)', { m1: [-1.5] }, [-1.5]],
    ['TIME_SERIES(MAX(m1))', { m1: [1, _, 3] }, [3, 3, 3]],
    ['FIRST(SORT(METRICS(), AVG, DESC))', { m1: [1], m2: [9] }, [9]],
    ['m1/METRIC_COUNT(METRICS())', { m1: [4], m2: [1] }, [2]],
  ])('%s', (expression, given, expected) => {
    expect(one(expression, given)).toEqual(expected)
  })

  test('comes to an array of series too', () => {
    expect(all('METRICS()*10', { m1: [1], m2: [2] })).toEqual([[10], [20]])
    expect(all('SLICE(SORT(METRICS(), SUM, ASC), 0, 2)', { m1: [3], m2: [1], m3: [2] })).toEqual([[1], [2]])
  })

  test.each([
    ['AVG(m1)', 'single number'],
    ['m1+', 'Unexpected end'],
    ['m1 m2', "Unexpected 'm2'"],
    ['m1 ? 1', 'Unexpected character'],
    ['m9', 'do not exist: [m9]'],
    ['SEARCH("x", "Sum", 60)', 'not supported by this version of Longitude'],
    ['NOPE(m1)', 'does not exist'],
    ['ABS()', 'does not take 0 arguments'],
    ['e', 'in a circle'],
    [`${'('.repeat(60)}m1${')'.repeat(60)}`, 'nested too deeply'],
    [Array(20).fill('SUM(METRICS())').join('+'), 'too much work'],
  ])('refuses %s', (expression, message) => {
    const many = Object.fromEntries(
      Array.from({ length: 10 }, (__, n) => [`m${n + 1}x`, Array<number>(12_000).fill(1)]),
    )
    const given: Given = message === 'too much work' ? many : { m1: [1], m2: [1] }
    expect(() => all(expression, given)).toThrow(message)
  })

  test('of any text is read or refused', () => {
    const words = [
      'm1',
      'SUM(',
      'IF(',
      '[',
      ']',
      '(',
      ')',
      ',',
      '+',
      '-',
      '*',
      '^',
      '<',
      '==',
      '1.5',
      '"x"',
      ' AND ',
      '.',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 20 }), (parts) => {
        try {
          parseExpression(parts.join(''))
        } catch (error) {
          expect(error).toBeInstanceOf(MathError)
        }
      }),
    )
  })

  test('agrees with arithmetic on the values', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(values, values, fc.constantFrom('+', '-', '*'), (a, b, operator) => {
        const by = {
          '+': (x: number, y: number) => x + y,
          '-': (x: number, y: number) => x - y,
          '*': (x: number, y: number) => x * y,
        }
        expect(one(`m1${operator}m2`, { m1: a, m2: b })).toEqual(a.map((x, n) => by[operator](x, b[n]!) + 0))
      }),
    )
  })
})
