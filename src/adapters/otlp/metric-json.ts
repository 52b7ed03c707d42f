/** A node's metrics in OpenTelemetry's protocol. */
import { otlpPointsAtOnceMax } from '../../core/limits/observe-limits.ts'
import type { FamilyFigures } from '../metrics/family-figures.ts'
import { type Attributes, attributesJson, nanosText } from './span-json.ts'

const cumulative = 2

export type Times = { readonly startedMs: number; readonly nowMs: number }

/** Requests of a bounded number of points each. */
export function* metricsJson(families: Iterable<FamilyFigures>, resource: Attributes, times: Times): Generator<string> {
  let metrics: object[] = []
  let points = 0
  for (const family of families)
    for (let from = 0; from < family.series.length; from += otlpPointsAtOnceMax) {
      const series = family.series.slice(from, from + otlpPointsAtOnceMax)
      if (points + series.length > otlpPointsAtOnceMax && points > 0) {
        yield requestJson(metrics, resource)
        metrics = []
        points = 0
      }
      metrics.push(metricJson({ ...family, series } as FamilyFigures, times))
      points += series.length
    }
  if (points > 0) yield requestJson(metrics, resource)
}

function requestJson(metrics: readonly object[], resource: Attributes): string {
  const scopeMetrics = [{ scope: { name: 'longitude' }, metrics }]
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes: attributesJson(resource) }, scopeMetrics }] })
}

function metricJson(family: FamilyFigures, { startedMs, nowMs }: Times): object {
  const { name, help } = family
  const about = { name, description: help, unit: unitOf(name) }
  const at = { startTimeUnixNano: nanosText(startedMs), timeUnixNano: nanosText(nowMs) }
  if (family.kind === 'histogram') {
    const dataPoints = family.series.map(({ labels, counts, sum }) => ({
      attributes: attributesJson(labels),
      ...at,
      count: String(counts.reduce((all, count) => all + count, 0)),
      sum,
      bucketCounts: Array.from(counts, String),
      explicitBounds: family.bounds,
    }))
    return { ...about, histogram: { aggregationTemporality: cumulative, dataPoints } }
  }
  // Nothing was measured where it is no number.
  const dataPoints = family.series
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value }) => ({ attributes: attributesJson(labels), ...at, asDouble: value }))
  if (family.kind === 'gauge') return { ...about, gauge: { dataPoints } }
  return { ...about, sum: { aggregationTemporality: cumulative, isMonotonic: true, dataPoints } }
}

function unitOf(name: string): string {
  if (name.endsWith('_seconds')) return 's'
  return name.endsWith('_bytes') ? 'By' : '1'
}
