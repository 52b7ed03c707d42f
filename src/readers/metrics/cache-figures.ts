/** What the caches before a region have counted, as metrics of AWS/DAX. A cache tells what it has counted since it started; each look shows what is new. */
import type { CacheReport } from '../../core/change/cache-talk.ts'
import { metricResolutionMs } from '../../core/limits/metric-limits.ts'
import { daxSamples, type Figures } from '../../core/metrics/dax-metrics.ts'
import type { MetricStore } from './metric-store.ts'

export class CacheFigures {
  readonly #store: Pick<MetricStore, 'add'>
  /** By the cache's process, as it was at the last look. */
  #known: ReadonlyMap<string, Figures> = new Map()

  constructor(store: Pick<MetricStore, 'add'>) {
    this.#store = store
  }

  /** A cache that has run for longer than it is known has not said what it had counted a minute ago: its first look counts nothing. */
  take(caches: readonly CacheReport[], nowMs: number): void {
    for (const { id, node, endpoint, figures } of caches) {
      const isNew = (figures['uptimeMs'] ?? Infinity) <= 2 * metricResolutionMs
      const before = this.#known.get(id) ?? (isNew ? {} : figures)
      for (const { ref, value } of daxSamples(node ?? endpoint, figures, before)) this.#store.add(ref, nowMs, value)
    }
    this.#known = new Map(caches.map(({ id, figures }) => [id, figures]))
  }
}
