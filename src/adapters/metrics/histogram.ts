/** A histogram in Prometheus' terms that costs a search in fifteen numbers to feed: prom-client's hashes its labels every time. */
import { labelledRememberedMax } from '../../core/limits/metric-limits.ts'
import { ByLabels } from '../../core/metrics/by-labels.ts'
import type { Labels } from '../../ports/meter.ts'
import type { FamilyFigures } from './family-figures.ts'

type Series = { readonly labels: Labels; readonly counts: Float64Array; sum: number }

export class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  /** By the values of the labels. */
  readonly #series = new Map<string, Series>()
  readonly #recent = new ByLabels<Series>(labelledRememberedMax)

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  observe(value: number, labels: Labels): void {
    const series = this.#recent.get(labels) ?? this.#at(labels)
    let at = 0
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at++
    series.counts[at] = (series.counts[at] ?? 0) + 1
    series.sum += value
  }

  #at(labels: Labels): Series {
    const key = labelKey(labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { labels: { ...labels }, counts: new Float64Array(this.#bounds.length + 1), sum: 0 }
      this.#series.set(key, series)
    }
    this.#recent.set(labels, series)
    return series
  }

  get size(): number {
    return this.#series.size
  }

  figures(): FamilyFigures {
    const [name, help, bounds] = [this.#name, this.#help, this.#bounds]
    return { name, help, kind: 'histogram', bounds, series: [...this.#series.values()] }
  }

  /** In the text format, with labels that all of the node's metrics have. */
  render(common: Labels): string {
    const lines: string[] = []
    for (const { labels, counts, sum } of this.#series.values()) {
      let count = 0
      for (const [at, bound] of [...this.#bounds, '+Inf'].entries()) {
        count += counts[at] ?? 0
        lines.push(`${this.#name}_bucket${labelText({ le: String(bound), ...common, ...labels })} ${count}`)
      }
      lines.push(`${this.#name}_sum${labelText({ ...common, ...labels })} ${sum}`)
      lines.push(`${this.#name}_count${labelText({ ...common, ...labels })} ${count}`)
    }
    return `${headText(this.#name, 'histogram', this.#help)}${lines.map((line) => `${line}\n`).join('')}`
  }
}

/** What stands before the series of a family. */
export function headText(name: string, kind: 'counter' | 'gauge' | 'histogram', help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`
}

/** Whether a series has all of these labels. */
export function isAmong(labels: Labels, of: Labels): boolean {
  return Object.keys(labels).length > 0 && Object.entries(labels).every(([name, value]) => of[name] === value)
}

/** Of labels whose names are always given in the same order. */
export function labelKey(labels: Labels): string {
  let key = ''
  for (const name in labels) key += `${labels[name]}\0`
  return key
}

export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, escaped)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (character: string): string => (character === '\n' ? String.raw`\n` : `\\${character}`)
