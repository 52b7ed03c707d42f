import { listedMetricsMax, recentlyActiveMs } from '../../core/limits/metric-limits.ts'
import { metricKey } from '../../core/metrics/metric.ts'
import type { MetricSeries } from '../../readers/metrics/metric-store.ts'
import { type CloudWatchContext, pageFrom } from './cloudwatch-context.ts'
import { shownDimensions } from './metric-input.ts'

type Input = {
  readonly Namespace?: string
  readonly MetricName?: string
  readonly Dimensions?: readonly { readonly Name: string; readonly Value?: string }[]
  readonly NextToken?: string
  readonly RecentlyActive?: 'PT3H'
}

export async function listMetrics(input: Input, context: CloudWatchContext): Promise<object> {
  await context.begin()
  const since = input.RecentlyActive === undefined ? -Infinity : context.env.clock.wallMs() - recentlyActiveMs
  const found = context.store.series().filter((series) => series.lastMs >= since && isAsked(series, input))
  // One metric in several units is one.
  const metrics = [...new Map(found.map(({ metric }) => [metricKey(metric), metric])).entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, metric]) => metric)
  const { page, next } = pageFrom(metrics, input.NextToken, listedMetricsMax)
  const Metrics = page.map(({ namespace, name, dimensions }) => ({
    Namespace: namespace,
    MetricName: name,
    Dimensions: shownDimensions(dimensions),
  }))
  return { Metrics, ...next }
}

function isAsked({ metric }: MetricSeries, { Namespace, MetricName, Dimensions = [] }: Input): boolean {
  return (
    (Namespace === undefined || metric.namespace === Namespace) &&
    (MetricName === undefined || metric.name === MetricName) &&
    Dimensions.every(({ Name, Value }) =>
      metric.dimensions.some(({ name, value }) => name === Name && (Value === undefined || value === Value)),
    )
  )
}
