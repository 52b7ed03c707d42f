/** What deploy/ shows of the metrics, held against those that a node has. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { prometheusMeter } from '../../../src/adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { Cache } from '../../../src/cache/core/cache.ts'
import { cacheMetrics } from '../../../src/cache/core/cache-metrics.ts'
import { metrics } from '../../../src/ports/meter.ts'

type Panel = {
  readonly title: string
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}
type Dashboard = {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly query: { readonly query: string } }[] }
}

type Alert = {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}

const read = (path: string) => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8')
const dashboard = JSON.parse(read('grafana/dashboards/regions.json')) as Dashboard
const targets = dashboard.panels.flatMap(({ title, targets: of = [] }) => of.map((target) => ({ title, ...target })))
const variables = dashboard.templating.list.map(({ query }) => query.query)
const { groups } = parse(read('prometheus/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Alert[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules)
/** Said by Prometheus itself of everything that it asks. */
const ofPrometheus = ['up']
const words: ReadonlySet<string> = new Set(['unless', 'or', 'and', 'offset'])
const root = new URL('../../../', import.meta.url)

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
  const program = readFileSync(new URL('src/cache/start-cache.ts', root), 'utf8')
  const ofProgram = [...program.matchAll(/name: '(longitude_cache_\w+)'/g)].map(([, name = '']) => name)
  return [...cacheMetrics(cache, 0).map(({ name }) => name), ...ofProgram]
}

function metricsIn(expression: string): readonly string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(by|without) \([^)]*\)/g, ' ')
  return [...bare.matchAll(/[A-Za-z_][A-Za-z0-9_]*(?!\w|\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => name.length > 1 && !words.has(name))
}

describe('the dashboard and the alerts', () => {
  test('name metrics that a node exports', async () => {
    const known = await exported()
    const named = [...targets, ...alerts].flatMap(({ expr }) => metricsIn(expr))
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

describe('each alert', () => {
  test('has a name of its own, a severity, and a section of the runbooks', () => {
    const names = alerts.map(({ alert }) => alert)
    expect(new Set(names).size).toBe(names.length)
    const sections = headingsOf('docs/operating/runbooks.md')
    for (const { alert, labels, annotations } of alerts) {
      expect([alert, labels]).toEqual([alert, { severity: expect.stringMatching(/^(page|ticket)$/) as string }])
      const [path, section] = annotations.runbook_url.split('#')
      expect([alert, path, section]).toEqual([alert, 'docs/operating/runbooks.md', alert.toLowerCase()])
      expect(sections, alert).toContain(section)
    }
    expect(sections.filter((section) => !names.some((name) => name.toLowerCase() === section))).toEqual(chapters)
  })

  test('uses labels that its metrics have, and shows those that are left', () => {
    const wrong = alerts.flatMap(({ alert, expr, annotations }) => {
      const known = metricsIn(expr).flatMap((name) => labelsOf(name))
      const by = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ')
      const filters = [...expr.matchAll(/([a-z]+)(?==~?"|!~?")/g)].map(([, label = '']) => label)
      const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
      const lost = shown.filter((label) => !(by ?? known).includes(label))
      return [...filters, ...(by ?? [])]
        .filter((label) => !known.includes(label))
        .concat(lost)
        .map((label) => `${alert}: ${label}`)
    })
    expect(wrong).toEqual([])
  })

  test('has a case for promtool, which makes it fire', () => {
    const { tests } = parse(read('prometheus/alerts.test.yml')) as {
      readonly tests: readonly { readonly name: string }[]
    }
    expect(tests.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert))
  })

  test('there is one for every metric by which a feature says that it fails', () => {
    const watched = new Set(alerts.flatMap(({ expr }) => metricsIn(expr)))
    const failing = Object.keys(metrics).filter((name) => failures.test(name))
    expect(failing.filter((name) => !watched.has(name) && !unwatched.has(name))).toEqual([])
  })
})

const chapters = [
  'runbooks',
  'regions',
  'replication',
  'the-store',
  'backups-and-expiry',
  'streams-and-triggers',
  'nodes-of-a-region',
  'caches',
]
const failures =
  /fail|drop|refus|damage|behind|lag|age_|alarm|unreach|doubt|incomplete|conflict|overruled|missing|held|end_seconds|retries|safe|denied|throttled/
/** Others say the same: of each table beside all, or of samples that /metrics has none of. */
const unwatched: ReadonlySet<string> = new Set([
  // What is not taken is sent again; KinesisLag tells when that does not help.
  'longitude_kinesis_failed_records_total',
  // A node that is too far behind is not ready, which NodeAway tells.
  'longitude_node_behind_entries',
  'longitude_node_entry_age_seconds',
  'longitude_replication_table_lag_seconds',
  'longitude_replication_table_safe_to_evacuate',
  'longitude_table_refusals_total',
])

/** As links name them. */
function headingsOf(path: string): readonly string[] {
  const text = readFileSync(new URL(path, root), 'utf8')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-'))
}

function labelsOf(name: string): readonly string[] {
  const base = name.replace(/_(bucket|sum|count)$/, '')
  const rows: Readonly<Record<string, { readonly labels: readonly string[] }>> = metrics
  return ['region', 'instance', 'job', 'le', ...(rows[name] ?? rows[base] ?? { labels: [] }).labels]
}
