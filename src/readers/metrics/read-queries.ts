/** Runs queries over the points of a region's store. */
import { metricKey } from '../../core/metrics/metric.ts'
import {
  type MetricPoints,
  type QueryResult,
  QueryRun,
  type Range,
  watchedKey,
} from '../../core/metrics/metric-query.ts'
import type { MetricQuery, WatchedMetric } from '../../core/metrics/metric-query.ts'
import type { MetricSeries, MetricStore } from './metric-store.ts'

/** Throws MathError for an expression that comes to nothing. */
export async function readQueries(
  queries: readonly MetricQuery[],
  range: Range,
  store: MetricStore,
): Promise<readonly QueryResult[]> {
  const read = await readMetrics(
    queries.flatMap(({ metric }) => metric ?? []),
    range,
    store,
  )
  return new QueryRun(queries, range, read).results()
}

/** Returns what finds the points of each of the metrics. */
export async function readMetrics(
  metrics: readonly WatchedMetric[],
  { startMs, endMs }: Range,
  store: MetricStore,
): Promise<(metric: WatchedMetric) => readonly MetricPoints[]> {
  const units = new Map<string, MetricSeries[]>()
  for (const series of store.series()) {
    const key = metricKey(series.metric)
    units.set(key, [...(units.get(key) ?? []), series])
  }
  const inUnit = (metric: WatchedMetric): readonly MetricSeries[] =>
    (units.get(watchedKey(metric)) ?? []).filter(({ unit }) => (metric.unit ?? unit) === unit)
  const found = new Map(metrics.map((metric) => [metric, inUnit(metric)]))
  const wanted = new Map([...found.values()].flat().map((series) => [series.key, series]))
  const points = await store.read([...wanted.values()], startMs, endMs)
  return (metric) => (found.get(metric) ?? []).flatMap(({ key }) => points.get(key) ?? [])
}
