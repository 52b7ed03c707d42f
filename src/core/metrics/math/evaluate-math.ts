/** What an expression of metric math comes to, from the series of a request. */
import { unreachable } from '../../assert.ts'
import { metricQueriesMax } from '../../limits/metric-limits.ts'
import { type Expression, MathError, type Operator } from './math-expression.ts'
import { callFunction } from './math-functions.ts'
import {
  arrayValue,
  combined,
  eachSeries,
  mapped,
  numberValue,
  type Series,
  type Timeline,
  type Value,
} from './math-series.ts'

export type Known = {
  /** Metrics and expressions by their ids; undefined for an id that the request does not have. */
  readonly valueOf: (id: string) => Value | undefined
  /** Metrics of the request, without its expressions, by their ids. */
  readonly metrics: () => ReadonlyMap<string, Series>
  readonly timeline: Timeline
  /** What is left of the points that the expressions of a request may go through. */
  readonly budget: { points: number }
}

/** Throws MathError. */
export function evaluate(expression: Expression, known: Known): Value {
  const value = valueIn(expression, known)
  known.budget.points -= 1 + pointsIn(value)
  if (known.budget.points < 0) throw new MathError('The expressions of this request are too much work')
  if (value.kind === 'array' && value.series.length > metricQueriesMax)
    throw new MathError(`An array has at most ${metricQueriesMax} series`)
  return value
}

function pointsIn(value: Value): number {
  if (value.kind === 'number') return 0
  return value.kind === 'series'
    ? value.series.points.size
    : value.series.reduce((sum, { points }) => sum + 1 + points.size, 0)
}

function valueIn(expression: Expression, known: Known): Value {
  switch (expression.kind) {
    case 'number':
      return numberValue(expression.value)
    case 'text':
      throw new MathError('A text has no place there')
    case 'id':
      return idValue(expression.name, known)
    case 'array':
      return arrayValue(expression.elements.flatMap((element) => seriesOf(evaluate(element, known))))
    case 'negative':
      return negated(evaluate(expression.of, known))
    case 'binary':
      return combined(
        evaluate(expression.left, known),
        evaluate(expression.right, known),
        operations[expression.operator],
      )
    case 'call':
      return called(expression, known)
    default:
      return unreachable(expression)
  }
}

function idValue(name: string, { valueOf }: Known): Value {
  const value = valueOf(name)
  if (value === undefined) throw new MathError(`The id ${name.slice(0, 50)} does not exist in the request`)
  return value
}

function seriesOf(value: Value): readonly Series[] {
  if (value.kind === 'number') throw new MathError('An array has series as its elements')
  return value.kind === 'series' ? [value.series] : value.series
}

const negated = (value: Value): Value =>
  eachSeries(
    value,
    (series) => mapped(series, (point) => -point),
    (number) => -number,
  )

function called(expression: Extract<Expression, { kind: 'call' }>, known: Known): Value {
  const { name, arguments: given } = expression
  if (name === 'METRICS') return metricsOf(given, known)
  const values = new Map<number, Value>()
  return callFunction({
    name,
    arguments: given,
    timeline: known.timeline,
    value: (n) => {
      const argument = given[n]
      if (argument === undefined) throw new MathError(`An argument of ${name} is missing`)
      const value = values.get(n) ?? evaluate(argument, known)
      values.set(n, value)
      return value
    },
    word: (n) => {
      const argument = given[n]
      return argument?.kind === 'id' ? argument.name : undefined
    },
  })
}

function metricsOf([filter, more]: readonly Expression[], { metrics }: Known): Value {
  if (more !== undefined || (filter !== undefined && filter.kind !== 'text'))
    throw new MathError('The function METRICS takes a text, or nothing')
  const text = filter?.kind === 'text' ? filter.value : ''
  return arrayValue([...metrics()].filter(([id]) => id.includes(text)).map(([, series]) => series))
}

const truth = (is: boolean): number => (is ? 1 : 0)

const operations: Readonly<Record<Operator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  AND: (a, b) => truth(a !== 0 && b !== 0),
  OR: (a, b) => truth(a !== 0 || b !== 0),
}

/** The series that an expression comes to. Throws MathError for a number, which AWS takes for no result. */
export function seriesResult(value: Value): readonly Series[] {
  if (value.kind === 'number') throw new MathError('The expression comes to a single number and not to a time series')
  return seriesOf(value)
}
