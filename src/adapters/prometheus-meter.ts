/**
 * Metrics by prom-client, made from the one table in ports/meter.ts, so that a metric that is not in the table
 * cannot be counted and one that is in it is always on /metrics.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { metrics } from '../ports/meter.ts'
import type { Labels, Meter, MetricName } from '../ports/meter.ts'
import { Histogram, labelKey } from './histogram.ts'

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
    else histograms.set(name, new Histogram(name, help, bucketsOf(name)))
  }
  const counted = new Counted((name, by, of) => counters.get(name)?.inc(of, by))
  return {
    count: (name, of = none, by = 1) => counted.add(name, by, of),
    gauge: (name, value, of = {}) => gauges.get(name)?.set(of, value),
    observe: (name, value, of = none) => histograms.get(name)?.observe(value, of),
    contentType: registry.contentType,
    render: async () => {
      counted.flush()
      const texts = [...histograms.values()].map((histogram) => histogram.render(labels))
      return `${await registry.metrics()}\n${texts.join('')}`
    },
  }
}

const none: Labels = {}

type Count = { readonly labels: Labels; by: number }

/** What is counted between two scrapes: most of it is the same few labels again and again. */
class Counted {
  readonly #told: (name: MetricName, by: number, labels: Labels) => void
  readonly #counts = new Map<MetricName, Map<string, Count>>()

  constructor(told: (name: MetricName, by: number, labels: Labels) => void) {
    this.#told = told
  }

  add(name: MetricName, by: number, labels: Labels): void {
    let counts = this.#counts.get(name)
    if (counts === undefined) this.#counts.set(name, (counts = new Map()))
    const key = labelKey(labels)
    const count = counts.get(key)
    if (count === undefined) counts.set(key, { labels: { ...labels }, by })
    else count.by += by
  }

  flush(): void {
    for (const [name, counts] of this.#counts)
      for (const count of counts.values()) {
        this.#told(name, count.by, count.labels)
        count.by = 0
      }
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
