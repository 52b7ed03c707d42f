/** A meter that remembers: counts summed and gauges as last set, by name and labels. */
import type { Labels, Meter, MetricName } from '../../src/ports/meter.ts'

export class RecordedMeter implements Meter {
  readonly #values = new Map<string, number>()

  count(name: MetricName, labels?: Labels, by = 1): void {
    const series = seriesOf(name, labels)
    this.#values.set(series, (this.#values.get(series) ?? 0) + by)
  }

  gauge(name: MetricName, value: number, labels?: Labels): void {
    this.#values.set(seriesOf(name, labels), value)
  }

  observe(): void {}

  value(name: MetricName, labels?: Labels): number | undefined {
    return this.#values.get(seriesOf(name, labels))
  }
}

function seriesOf(name: MetricName, labels: Labels = {}): string {
  return Object.values(labels).reduce((series, value) => `${series}|${value}`, name as string)
}
