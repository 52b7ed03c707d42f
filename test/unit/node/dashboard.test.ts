/** What deploy/ shows of the metrics, held against those that a node has. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { prometheusMeter } from '../../../src/adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { Cache } from '../../../src/cache/core/cache.ts'
import { cacheMetrics } from '../../../src/cache/core/metrics.ts'
import { metrics } from '../../../src/ports/meter.ts'

type Panel = {
  readonly title: string
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}
type Dashboard = {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly query: { readonly query: string } }[] }
}

const read = (path: string) => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8')
const dashboard = JSON.parse(read('grafana/dashboards/regions.json')) as Dashboard
const targets = dashboard.panels.flatMap(({ title, targets: of = [] }) => of.map((target) => ({ title, ...target })))
const variables = dashboard.templating.list.map(({ query }) => query.query)
const alerts = [...read('prometheus/alerts.yml').matchAll(/expr: (.*)/g)].map(([, expression = '']) => expression)
/** Said by Prometheus itself of everything that it asks. */
const ofPrometheus = ['up']

async function exported(): Promise<ReadonlySet<string>> {
  const lines = (await prometheusMeter({ region: 'us-east-1' }).render()).split('\n')
  const names = lines.flatMap((line) => {
    const [, name, kind] = /^# TYPE (\S+) (\S+)/.exec(line) ?? []
    if (name === undefined) return []
    return kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  })
  return new Set([...names, ...ofCaches(), ...ofPrometheus])
}

/** A cache has an endpoint of its own. */
function ofCaches(): readonly string[] {
  const cache = new Cache({ clock: systemClock, mode: 'coherent', itemTtlMs: 0, queryTtlMs: 0, memoryBytes: 1024 ** 2 })
  return cacheMetrics(cache, 0).map(({ name }) => name)
}

function metricsIn(expression: string): readonly string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without) \([^)]*\)/g, ' ')
  return [...bare.matchAll(/[A-Za-z_][A-Za-z0-9_]*(?!\w|\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => name.length > 1)
}

describe('the dashboard and the alerts', () => {
  test('name metrics that a node exports', async () => {
    const known = await exported()
    const named = [...targets.map(({ expr }) => expr), ...alerts].flatMap(metricsIn)
    const asked = variables.map((query) => /^label_values\((\w+),/.exec(query)?.[1] ?? query)
    expect([...named, ...asked].filter((name) => !known.has(name))).toEqual([])
    expect(named.length).toBeGreaterThan(30)
  })

  test('use labels that those metrics have', () => {
    const wrong = targets.flatMap(({ title, expr, legendFormat }) => {
      const known = metricsIn(expr).flatMap((name) => labelsOf(name))
      const filters = [...expr.matchAll(/([a-z]+)(?==~?"|!=")/g)].map(([, label = '']) => label)
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
      return [...filters, ...shown].filter((label) => !known.includes(label)).map((label) => `${title}: ${label}`)
    })
    expect(wrong).toEqual([])
  })

  test('show lag, pending, conflicts, latency, requests, errors, log and clocks', () => {
    const shown = targets.flatMap(({ expr }) => metricsIn(expr))
    const wanted: readonly (keyof typeof metrics)[] = [
      'longitude_replication_lag_seconds',
      'longitude_replication_pending',
      'longitude_conflicts_total',
      'longitude_replication_latency_seconds',
      'longitude_requests_total',
      'longitude_log_changes',
      'longitude_clock_skew_seconds',
    ]
    expect(wanted.filter((name) => !shown.includes(name))).toEqual([])
  })
})

function labelsOf(name: string): readonly string[] {
  const base = name.replace(/_(bucket|sum|count)$/, '')
  const rows: Readonly<Record<string, { readonly labels: readonly string[] }>> = metrics
  return ['region', 'instance', 'job', 'le', ...(rows[name] ?? rows[base] ?? { labels: [] }).labels]
}
