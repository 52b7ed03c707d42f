/** What /metrics answers beside the families of a node: prom-client's figures of the process, and single figures of ours. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Labels } from '../../ports/meter.ts'
import { type Family, SeriesOf } from './series.ts'

export type Figure = Family & { readonly value: number }

export type ProcessMetrics = { readonly contentType: string; readonly text: () => Promise<string> }

/** `labels` are on every line. */
export function processMetrics(labels: Labels): ProcessMetrics {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

/** Each a family without labels of its own. */
export function figuresText(figures: readonly Figure[], labels: Labels): string {
  return figures
    .map(({ value, ...family }) => {
      const series = new SeriesOf(family, false)
      series.set({}, value)
      return [...series.render(labels)].join('')
    })
    .join('\n')
}
