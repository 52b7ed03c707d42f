/** What GetMetricData asks for, and alarms watch: metrics, expressions over them, and what they come to. */
import { mathPointsMax, metricResolutionMs } from '../limits/metric-limits.ts'
import { evaluate, seriesResult } from './math/evaluate-math.ts'
import { type Expression, idsIn, MathError, parseExpression } from './math/math-expression.ts'
import { type Series, seriesValue, type Timeline, type Value } from './math/math-series.ts'
import { type Dimension, metricId, metricKey } from './metric.ts'
import { statisticNamed, statisticOf } from './statistic.ts'
import { type StatisticSet, StatisticSum } from './statistic-set.ts'

/** A metric, or an expression over others of the same request. */
export type MetricQuery = {
  readonly id: string
  readonly metric?: WatchedMetric
  readonly expression?: string
  readonly label?: string
  readonly returnsData: boolean
  /** Of an expression, where it says one. */
  readonly periodSeconds?: number
}

export type WatchedMetric = {
  readonly namespace: string
  readonly name: string
  /** As they were given. */
  readonly dimensions: readonly Dimension[]
  readonly statistic: string
  readonly periodSeconds: number
  readonly unit?: string
}

const resolutionSeconds = metricResolutionMs / 1000

/** In seconds: of an expression, the longest of those that it is made from. */
export function periodOf(query: MetricQuery, all: readonly MetricQuery[]): number {
  if (query.metric !== undefined) return Math.max(resolutionSeconds, query.metric.periodSeconds)
  const periods = all.flatMap(({ metric }) => metric?.periodSeconds ?? [])
  return query.periodSeconds ?? Math.max(resolutionSeconds, ...periods)
}

/** The key of the metric that is watched; the unit counts only where one is named. */
export const watchedKey = ({ namespace, name, dimensions }: WatchedMetric): string =>
  metricKey(metricId(namespace, name, dimensions))

/** Points of a metric by the time of their minute. */
export type MetricPoints = ReadonlyMap<number, StatisticSet>

export type Range = { readonly startMs: number; readonly endMs: number }

/** Each period's minutes together; the periods begin with the range. */
export function inPeriods(
  parts: readonly MetricPoints[],
  { startMs, endMs, periodMs }: Timeline,
): ReadonlyMap<number, StatisticSet> {
  const sums = new Map<number, StatisticSum>()
  for (const points of parts)
    for (const [at, set] of points) {
      if (at < startMs || at >= endMs) continue
      const period = startMs + Math.floor((at - startMs) / periodMs) * periodMs
      const sum = sums.get(period) ?? new StatisticSum()
      sum.addSet(set)
      sums.set(period, sum)
    }
  const sets = [...sums].flatMap(([at, { value }]) => (value === undefined ? [] : [[at, value] as const]))
  return new Map(sets.toSorted(([a], [b]) => a - b))
}

export type QueryResult = { readonly id: string; readonly label: string; readonly points: ReadonlyMap<number, number> }

/** Evaluates queries over points that are known. An expression that cannot be evaluated throws MathError with its id in the message. */
export class QueryRun {
  readonly #queries: readonly MetricQuery[]
  readonly #range: Range
  readonly #pointsOf: (metric: WatchedMetric) => readonly MetricPoints[]
  readonly #known = new Map<string, Value>()
  readonly #underWay = new Set<string>()
  readonly #series = new Map<string, Series>()
  readonly #budget = { points: mathPointsMax }

  constructor(
    queries: readonly MetricQuery[],
    range: Range,
    pointsOf: (metric: WatchedMetric) => readonly MetricPoints[],
  ) {
    this.#queries = queries
    this.#range = range
    this.#pointsOf = pointsOf
  }

  results(): readonly QueryResult[] {
    return this.#queries.filter(({ returnsData }) => returnsData).flatMap((query) => this.#resultsOf(query))
  }

  #resultsOf(query: MetricQuery): readonly QueryResult[] {
    const { id, label } = query
    if (query.metric !== undefined)
      return [{ id, label: label ?? query.metric.name, points: this.#metric(query).points }]
    return inExpression(id, () => {
      const value = this.#valueOf(id)
      const series = value === undefined ? [] : seriesResult(value)
      const isSingle = value?.kind === 'series'
      return series.map(({ points, label: own }) => ({
        id,
        label: isSingle ? (label ?? id) : [label ?? id, own].filter((text) => text !== '').join(' '),
        points,
      }))
    })
  }

  #valueOf(id: string): Value | undefined {
    const known = this.#known.get(id)
    const query = this.#queries.find((each) => each.id === id)
    if (known !== undefined || query === undefined) return known
    if (this.#underWay.has(id)) throw new MathError('The expressions need each other in a circle')
    this.#underWay.add(id)
    const value = query.metric === undefined ? this.#expression(query) : seriesValue(this.#metric(query))
    this.#underWay.delete(id)
    this.#known.set(id, value)
    return value
  }

  #metric(query: MetricQuery): Series {
    const known = this.#series.get(query.id) ?? this.#seriesOf(query)
    this.#series.set(query.id, known)
    return known
  }

  #seriesOf({ metric, label }: MetricQuery): Series {
    if (metric === undefined) return { label: '', points: new Map() }
    const statistic = statisticNamed(metric.statistic)
    const timeline = { ...this.#range, periodMs: Math.max(metricResolutionMs, metric.periodSeconds * 1000) }
    const points = new Map<number, number>()
    for (const [at, set] of inPeriods(this.#pointsOf(metric), timeline)) {
      const value = statistic === undefined ? undefined : statisticOf(statistic, set)
      if (value !== undefined) points.set(at, value)
    }
    return { label: label ?? metric.name, points }
  }

  #expression(query: MetricQuery): Value {
    const expression = parseExpression(query.expression ?? '')
    const periodMs = periodOf(query, this.#queries) * 1000
    const metrics = this.#queries.filter(({ metric }) => metric !== undefined)
    return evaluate(expression, {
      valueOf: (id) => this.#valueOf(id),
      metrics: () => new Map(metrics.map((each) => [each.id, this.#metric(each)])),
      timeline: { ...this.#range, periodMs },
      budget: this.#budget,
    })
  }
}

function inExpression<T>(id: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof MathError ? new MathError(`Error in expression '${id}': ${error.message}`) : error
  }
}

/** Throws MathError with the id in the message for an expression that cannot be read, or that names what there is not. */
export function checkExpressions(queries: readonly MetricQuery[]): void {
  const ids = new Set(queries.map(({ id }) => id))
  for (const { id, expression } of queries) {
    if (expression === undefined) continue
    inExpression(id, () => checkIds(parseExpression(expression), ids))
  }
}

function checkIds(expression: Expression, ids: ReadonlySet<string>): void {
  const missing = [...idsIn(expression)].filter((id) => !ids.has(id))
  if (missing.length > 0)
    throw new MathError(`The following ids referenced in the expression do not exist: [${missing.join(', ')}]`)
}
