/** Figures of ours in Prometheus' text, with those of the process behind them. */
import { collectDefaultMetrics, Registry } from 'prom-client'

export type Figure = {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly value: number
}

export type MetricsText = {
  readonly contentType: string
  readonly render: (figures: readonly Figure[]) => Promise<string>
}

export function metricsText(labels: Readonly<Record<string, string>>): MetricsText {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  const shown = Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, '_')}"`)
    .join(',')
  return {
    contentType: registry.contentType,
    render: async (figures) => {
      const lines = figures.map(
        ({ name, kind, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name}{${shown}} ${value}\n`,
      )
      return `${lines.join('\n')}\n${await registry.metrics()}`
    },
  }
}
