import { metricResolutionMs, metricStatisticsPointsMax } from '../../core/limits/metric-limits.ts'
import { inPeriods, type WatchedMetric } from '../../core/metrics/metric-query.ts'
import { statisticNamed, statisticOf } from '../../core/metrics/statistic.ts'
import type { StatisticSet } from '../../core/metrics/statistic-set.ts'
import { readMetrics } from '../../readers/metrics/read-queries.ts'
import { type CloudWatchContext, invalidCombination, invalidValue } from './cloudwatch-context.ts'
import { rangeOf } from './get-metric-data.ts'
import { checkPeriod, checkStatistic, type DimensionInput, dimensionsFrom } from './metric-input.ts'

type Input = {
  readonly Namespace: string
  readonly MetricName: string
  readonly Dimensions?: readonly DimensionInput[]
  readonly StartTime: number
  readonly EndTime: number
  readonly Period: number
  readonly Statistics?: readonly string[]
  readonly ExtendedStatistics?: readonly string[]
  readonly Unit?: string
}

export async function getMetricStatistics(input: Input, context: CloudWatchContext): Promise<object> {
  const { Namespace, MetricName, Period, Statistics = [], ExtendedStatistics = [], Unit } = input
  if ((Statistics.length === 0) === (ExtendedStatistics.length === 0))
    throw invalidCombination('Exactly one of the parameters Statistics and ExtendedStatistics must be specified.')
  checkPeriod(Period, 'Period')
  for (const statistic of ExtendedStatistics) checkStatistic(statistic, 'ExtendedStatistics')
  if (!(input.StartTime < input.EndTime))
    throw invalidValue('The parameter StartTime must be less than the parameter EndTime.')
  const asked = (input.EndTime - input.StartTime) / Period
  if (asked > metricStatisticsPointsMax)
    throw invalidCombination(
      `You have requested up to ${Math.ceil(asked).toLocaleString('en-US')} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    )
  const range = rangeOf(input, context)
  const metric: WatchedMetric = {
    namespace: Namespace,
    name: MetricName,
    dimensions: dimensionsFrom(input.Dimensions),
    statistic: '',
    periodSeconds: Period,
    ...(Unit === undefined ? {} : { unit: Unit }),
  }
  await context.begin()
  const read = await readMetrics([metric], range, context.store)
  const timeline = { ...range, periodMs: Math.max(metricResolutionMs, Period * 1000) }
  const unit = Unit ?? unitOf(metric, context)
  const Datapoints = [...inPeriods(read(metric), timeline)].map(([at, set]) => ({
    Timestamp: new Date(at),
    ...Object.fromEntries(valuesOf(Statistics, set)),
    ...(ExtendedStatistics.length === 0 ? {} : { ExtendedStatistics: new Map(valuesOf(ExtendedStatistics, set)) }),
    ...(unit === undefined ? {} : { Unit: unit }),
  }))
  return { Label: MetricName, Datapoints }
}

/** In which the metric is kept; undefined for one that has no points. */
function unitOf({ namespace, name }: WatchedMetric, { store }: CloudWatchContext): string | undefined {
  return store.series().find(({ metric }) => metric.namespace === namespace && metric.name === name)?.unit
}

function valuesOf(names: readonly string[], set: StatisticSet): readonly [string, number][] {
  return names.flatMap((name) => {
    const statistic = statisticNamed(name)
    const value = statistic === undefined ? undefined : statisticOf(statistic, set)
    return value === undefined ? [] : [[name, value] satisfies [string, number]]
  })
}
