/**
 * Metrics by prom-client, made from the one table in ports/meter.ts, so that a metric that is not in the table
 * cannot be counted and one that is in it is always on /metrics.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { metrics } from '../ports/meter.ts'
import type { Labels, Meter, MetricName } from '../ports/meter.ts'

export type PrometheusMeter = Meter & {
  readonly contentType: string
  /** What /metrics answers. */
  render(): Promise<string>
}

export function prometheusMeter(labels: Labels = {}): PrometheusMeter {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  const counters = new Map<MetricName, Counter>()
  const gauges = new Map<MetricName, Gauge>()
  const histograms = new Map<MetricName, Histogram>()
  for (const [name, { kind, help, labels: labelNames }] of entriesOf(metrics)) {
    const options = { name, help, labelNames: [...labelNames], registers: [registry] }
    if (kind === 'counter') counters.set(name, new Counter(options))
    else if (kind === 'gauge') gauges.set(name, new Gauge(options))
    else histograms.set(name, new Histogram({ ...options, buckets: bucketsOf(name) }))
  }
  return {
    count: (name, of = {}, by = 1) => counters.get(name)?.inc(of, by),
    gauge: (name, value, of = {}) => gauges.get(name)?.set(of, value),
    observe: (name, value, of = {}) => histograms.get(name)?.observe(of, value),
    contentType: registry.contentType,
    render: () => registry.metrics(),
  }
}

/** Durations from 50 µs, which a cached read takes, to 10 s; counts and sizes in powers of four. */
function bucketsOf(name: MetricName): number[] {
  if (name.endsWith('_seconds'))
    return [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
  return Array.from({ length: name.endsWith('_bytes') ? 13 : 7 }, (_, power) => 4 ** power)
}

type MetricRow = {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

function entriesOf(table: Readonly<Record<MetricName, MetricRow>>): readonly [MetricName, MetricRow][] {
  return Object.entries(table) as [MetricName, MetricRow][]
}
