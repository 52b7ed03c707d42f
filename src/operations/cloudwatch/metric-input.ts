/** Metrics and queries as requests name them. */
import { MathError } from '../../core/metrics/math/math-expression.ts'
import type { Dimension } from '../../core/metrics/metric.ts'
import { checkExpressions, type MetricQuery, type WatchedMetric } from '../../core/metrics/metric-query.ts'
import { statisticNamed } from '../../core/metrics/statistic.ts'
import { periodSecondsMax } from '../../core/limits/metric-limits.ts'
import type { ServiceRefusal } from '../../core/services/refusal.ts'
import { invalid } from './cloudwatch-context.ts'

export type DimensionInput = { readonly Name: string; readonly Value: string }

export type QueryInput = {
  readonly Id: string
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace?: string
      readonly MetricName?: string
      readonly Dimensions?: readonly DimensionInput[]
    }
    readonly Period: number
    readonly Stat: string
    readonly Unit?: string
  }
  readonly Expression?: string
  readonly Label?: string
  readonly ReturnData?: boolean
  readonly Period?: number
  readonly AccountId?: string
}

export const dimensionsFrom = (given: readonly DimensionInput[] = []): readonly Dimension[] =>
  given.map(({ Name: name, Value: value }) => ({ name, value }))

export const shownDimensions = (dimensions: readonly Dimension[]): readonly DimensionInput[] =>
  dimensions.map(({ name: Name, value: Value }) => ({ Name, Value }))

const periods: ReadonlySet<number> = new Set([1, 5, 10, 20, 30])

export function checkPeriod(period: number, name: string): void {
  if (!periods.has(period) && (period % 60 !== 0 || period > periodSecondsMax))
    throw invalid(
      `The parameter ${name} must be 1, 5, 10, 20, 30 or a multiple of 60 up to ${periodSecondsMax}; points are kept by the minute here.`,
    )
}

/** Queries whose ids, statistics, periods and expressions are good. Throws a ServiceRefusal. */
export function queriesFrom(given: readonly QueryInput[], parameter: string): readonly MetricQuery[] {
  const queries = given.map((query, n) => queryFrom(query, `${parameter}.member.${n + 1}`))
  const ids = queries.map(({ id }) => id)
  if (new Set(ids).size < ids.length) throw invalid(`The values for parameter id in ${parameter} are not unique.`)
  refusingMath(() => checkExpressions(queries))
  return queries
}

const idPattern = /^[a-z][a-zA-Z0-9_]*$/

function queryFrom(query: QueryInput, place: string): MetricQuery {
  const { Id: id, MetricStat, Expression: expression, Label, ReturnData = true, Period } = query
  if (!idPattern.test(id))
    throw invalid(`The value ${id} for parameter ${place}.Id is not matching the expected pattern ${idPattern.source}.`)
  if ((MetricStat === undefined) === (expression === undefined))
    throw invalid(`The parameters ${place}.MetricStat and ${place}.Expression exclude each other, and one is required.`)
  if (Period !== undefined) checkPeriod(Period, `${place}.Period`)
  return {
    id,
    ...(MetricStat === undefined ? {} : { metric: metricFrom(MetricStat, place) }),
    ...(expression === undefined ? {} : { expression }),
    ...(Label === undefined ? {} : { label: Label }),
    ...(Period === undefined ? {} : { periodSeconds: Period }),
    returnsData: ReturnData,
  }
}

function metricFrom(
  { Metric, Period, Stat, Unit }: NonNullable<QueryInput['MetricStat']>,
  place: string,
): WatchedMetric {
  const { Namespace, MetricName, Dimensions } = Metric
  if (Namespace === undefined || MetricName === undefined)
    throw invalid(`The parameter ${place}.MetricStat.Metric needs a Namespace and a MetricName.`)
  checkPeriod(Period, `${place}.MetricStat.Period`)
  checkStatistic(Stat, `${place}.MetricStat.Stat`)
  return {
    namespace: Namespace,
    name: MetricName,
    dimensions: dimensionsFrom(Dimensions),
    statistic: Stat,
    periodSeconds: Period,
    ...(Unit === undefined ? {} : { unit: Unit }),
  }
}

export function checkStatistic(text: string, name: string): void {
  if (statisticNamed(text) === undefined)
    throw invalid(`The value ${text.slice(0, 100)} for parameter ${name} is not supported.`)
}

/** Runs what may find an expression wrong; such a mistake is the client's. */
function refusingMath<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw mathRefusal(error)
  }
}

export function mathRefusal(error: unknown): unknown {
  const refusal: ServiceRefusal | undefined = error instanceof MathError ? invalid(error.message) : undefined
  return refusal ?? error
}

/** A query as it was given. */
export function shownQuery({ id, metric, expression, label, returnsData, periodSeconds }: MetricQuery): QueryInput {
  return {
    Id: id,
    ...(metric === undefined
      ? {}
      : {
          MetricStat: {
            Metric: {
              Namespace: metric.namespace,
              MetricName: metric.name,
              Dimensions: shownDimensions(metric.dimensions),
            },
            Period: metric.periodSeconds,
            Stat: metric.statistic,
            ...(metric.unit === undefined ? {} : { Unit: metric.unit }),
          },
        }),
    ...(expression === undefined ? {} : { Expression: expression }),
    ...(label === undefined ? {} : { Label: label }),
    ...(periodSeconds === undefined ? {} : { Period: periodSeconds }),
    ReturnData: returnsData,
  }
}
