/**
 * Counters and gauges in Prometheus' terms, without the hash of their labels that prom-client makes at every step, and with a way
 * to forget all series of a table or a peer without looking at every other.
 */
import { labelledRememberedMax } from '../../core/limits/metric-limits.ts'
import { ByLabels } from '../../core/metrics/by-labels.ts'
import type { Labels } from '../../ports/meter.ts'
import type { FamilyFigures } from './family-figures.ts'
import { headText, isAmong, labelKey, labelText } from './histogram.ts'

type Series = { readonly labels: Labels; value: number }

export type Family = { readonly name: string; readonly kind: 'counter' | 'gauge'; readonly help: string }

export class SeriesOf {
  readonly #family: Family
  readonly #labelled: boolean
  /** By the values of the labels. */
  readonly #series = new Map<string, Series>()
  readonly #recent = new ByLabels<Series>(labelledRememberedMax)
  readonly #byTable = new Map<string, Set<string>>()

  constructor(family: Family, labelled: boolean) {
    this.#family = family
    this.#labelled = labelled
    this.clear()
  }

  clear(): void {
    this.#series.clear()
    this.#byTable.clear()
    // Without labels it is there from the start, as 0.
    if (!this.#labelled) this.#at({})
  }

  get size(): number {
    return this.#series.size
  }

  add(labels: Labels, by: number): void {
    this.#at(labels).value += by
  }

  set(labels: Labels, value: number): void {
    this.#at(labels).value = value
  }

  forget(labels: Labels): void {
    const { table } = labels
    const keys = table === undefined ? this.#series.keys() : (this.#byTable.get(table) ?? [])
    for (const key of keys) {
      const series = this.#series.get(key)
      if (series !== undefined && isAmong(labels, series.labels)) this.#remove(key, series)
    }
  }

  figures(): FamilyFigures {
    return { ...this.#family, series: [...this.#series.values()] }
  }

  /** Lines of text, with labels that all of the node's metrics have. */
  *render(common: Labels): Iterable<string> {
    const { name, kind, help } = this.#family
    yield headText(name, kind, help)
    for (const { labels, value } of this.#series.values())
      yield `${name}${labelText({ ...labels, ...common })} ${value}\n`
  }

  #at(labels: Labels): Series {
    const recent = this.#recent.get(labels)
    if (recent !== undefined) return recent
    const key = labelKey(labels)
    const series = this.#series.get(key) ?? this.#added(key, labels)
    this.#recent.set(labels, series)
    return series
  }

  #added(key: string, labels: Labels): Series {
    const series = { labels: { ...labels }, value: 0 }
    this.#series.set(key, series)
    const { table } = labels
    if (table !== undefined) this.#byTable.set(table, (this.#byTable.get(table) ?? new Set()).add(key))
    return series
  }

  #remove(key: string, { labels: { table } }: Series): void {
    this.#series.delete(key)
    this.#recent.clear()
    if (table === undefined) return
    const keys = this.#byTable.get(table)
    keys?.delete(key)
    if (keys?.size === 0) this.#byTable.delete(table)
  }
}
