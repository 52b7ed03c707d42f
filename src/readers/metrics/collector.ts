/**
 * A meter that keeps what CloudWatch shows of a region beside what it passes on. It has no loop: a value goes into its minute in memory when it is
 * counted.
 */
import { collectedLabelsMax } from '../../core/limits/metric-limits.ts'
import { ByLabels } from '../../core/metrics/by-labels.ts'
import { isShown, replicationLatency, type Target, targetsOf, watermarkAge } from '../../core/metrics/region-metrics.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Labels, Meter, MetricName } from '../../ports/meter.ts'
import type { MetricStore } from './metric-store.ts'

type Deps = { readonly clock: Clock; readonly store: MetricStore }

/** Average and bounds of one minute, which come one after the other. */
type Latency = { average: number; minimum: number }

const none: Labels = {}

export class Collector implements Meter {
  readonly countsIndexes = true
  readonly #inner: Meter
  readonly #deps: Deps
  /** Of the region's own metrics, by their labels. */
  readonly #targets = new Map<MetricName, ByLabels<readonly Target[]>>()
  readonly #latencies = new Map<string, Latency>()

  constructor(inner: Meter, deps: Deps) {
    this.#inner = inner
    this.#deps = deps
  }

  count(name: MetricName, labels: Labels = none, by = 1): void {
    this.#inner.count(name, labels, by)
    if (isShown(name)) this.#take(name, labels, by)
  }

  observe(name: MetricName, value: number, labels: Labels = none): void {
    this.#inner.observe(name, value, labels)
    if (isShown(name)) this.#take(name, labels, value)
  }

  gauge(name: MetricName, value: number, labels: Labels = none): void {
    this.#inner.gauge(name, value, labels)
    if (isShown(name)) this.#take(name, labels, value)
    else if (name === 'longitude_replication_watermark_seconds') this.#takeWatermark(labels, value)
    else if (name === 'longitude_replication_latency_seconds') this.#takeLatency(labels, value * 1000)
  }

  forget(labels: Labels): void {
    this.#inner.forget(labels)
  }

  #take(name: MetricName, labels: Labels, value: number): void {
    let ofMetric = this.#targets.get(name)
    if (ofMetric === undefined) this.#targets.set(name, (ofMetric = new ByLabels(collectedLabelsMax)))
    let targets = ofMetric.get(labels)
    if (targets === undefined) ofMetric.set(labels, (targets = targetsOf(name, labels)))
    if (targets.length === 0) return
    const nowMs = this.#deps.clock.wallMs()
    for (const { ref, scale } of targets) this.#deps.store.add(ref, nowMs, value * scale)
  }

  #takeWatermark({ table = '', peer = '' }: Labels, seconds: number): void {
    const nowMs = this.#deps.clock.wallMs()
    this.#deps.store.add(watermarkAge(table, peer), nowMs, Math.max(0, nowMs / 1000 - seconds))
  }

  /** Not a number: nothing has come. */
  #takeLatency({ table = '', peer = '', statistic }: Labels, ms: number): void {
    const key = `${table}\0${peer}`
    if (Number.isNaN(ms)) return
    const known = this.#latencies.get(key)
    if (statistic === 'average') this.#latencies.set(key, { average: ms, minimum: ms })
    else if (statistic === 'minimum' && known !== undefined) known.minimum = ms
    else if (known !== undefined) {
      this.#latencies.delete(key)
      const set = { count: 1, sum: known.average, minimum: known.minimum, maximum: ms }
      this.#deps.store.addSet(replicationLatency(table, peer), this.#deps.clock.wallMs(), set)
    }
  }
}
