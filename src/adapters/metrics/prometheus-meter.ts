/**
 * The node's metrics in Prometheus' text, made from the one table in ports/meter.ts, so that a metric that is not in the table
 * cannot be counted and one that is in it is always on /metrics. Those of the process come from prom-client.
 */
import { metricLinesAtOnceMax } from '../../core/limits/limits.ts'
import { metrics } from '../../ports/meter.ts'
import type { Labels, Meter, MetricKind, MetricName } from '../../ports/meter.ts'
import type { FamilyFigures } from './family-figures.ts'
import { Histogram } from './histogram.ts'
import { processMetrics } from './metrics-text.ts'
import { SeriesOf } from './series.ts'

export type PrometheusMeter = Meter & {
  readonly contentType: string
  /** What /metrics answers: put together in several turns of the event loop. */
  render(): Promise<string>
  /** The same, less that of the process, for another protocol. */
  families(): readonly FamilyFigures[]
  /** Forgets all gauges: what they say of is not here any more. */
  forgetGauges(): void
  /** Series of all metrics. */
  readonly size: number
}

/** One of the table's histograms alone, for a process that has no other metrics of a node. */
export function histogramOf(name: MetricName): Histogram {
  return new Histogram(name, metrics[name].help, bucketsOf(name))
}

export function prometheusMeter(labels: Labels = {}): PrometheusMeter {
  const ofProcess = processMetrics(labels)
  const families = new Map<MetricName, SeriesOf>()
  const histograms = new Map<MetricName, Histogram>()
  for (const [name, { kind, help, labels: labelNames }] of entriesOf(metrics)) {
    if (kind === 'histogram') histograms.set(name, histogramOf(name))
    else if (kind !== 'sample') families.set(name, new SeriesOf({ name, kind, help }, labelNames.length > 0))
  }
  return {
    count: (name, of = none, by = 1) => families.get(name)?.add(of, by),
    gauge: (name, value, of = none) => families.get(name)?.set(of, value),
    observe: (name, value, of = none) => histograms.get(name)?.observe(value, of),
    forget: (of) => {
      for (const family of families.values()) family.forget(of)
    },
    contentType: ofProcess.contentType,
    render: async () => {
      const parts = [await ofProcess.text(), '\n']
      for (const family of families.values()) {
        for (const line of family.render(labels)) if (parts.push(line) % metricLinesAtOnceMax === 0) await nextTurn()
        parts.push('\n')
      }
      for (const histogram of histograms.values()) parts.push(histogram.render(labels))
      return parts.join('')
    },
    forgetGauges: () => {
      for (const [name, family] of families) if (metrics[name].kind === 'gauge') family.clear()
    },
    families: () => [...families.values(), ...histograms.values()].map((family) => family.figures()),
    get size() {
      const all = [...families.values(), ...histograms.values()]
      return all.reduce((sum, { size }) => sum + size, 0)
    },
  }
}

const none: Labels = {}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}

/** Durations from 50 µs, which a cached read takes, to 10 s; counts and sizes in powers of four. */
function bucketsOf(name: MetricName): number[] {
  if (name.endsWith('_seconds'))
    return [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
  return Array.from({ length: name.endsWith('_bytes') ? 13 : 7 }, (_, power) => 4 ** power)
}

type MetricRow = {
  readonly kind: MetricKind
  readonly help: string
  readonly labels: readonly string[]
}

function entriesOf(table: Readonly<Record<MetricName, MetricRow>>): readonly [MetricName, MetricRow][] {
  return Object.entries(table) as [MetricName, MetricRow][]
}
