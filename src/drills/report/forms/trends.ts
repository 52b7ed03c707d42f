/** What a drill gave over its runs: one row a run, and how the figures move. */
import { element, page, raw, type Markup } from './markup.ts'
import type { Report } from '../report.ts'
import { quantile } from '../statistics.ts'
import { style } from './style.ts'
import { secondsText } from '../verdict.ts'

/** One run, as far as it is compared with others. */
export type Run = {
  /** Where its report lies, from the page's folder. */
  readonly folder: string
  readonly name: string
  readonly startedMs: number
  readonly outcome: 'pass' | 'fail'
  readonly commit: string
  /** Absent when clients were not interrupted, and when some were not served again. */
  readonly rtoMs?: number | undefined
  readonly isUnserved: boolean
  readonly rpoItems?: number | undefined
  readonly rpoAgeMs?: number | undefined
  readonly availability?: number | undefined
  readonly lost: number
  readonly overwritten: number
  readonly convergedMs?: number | undefined
}

export function runOf(folder: string, report: Report): Run {
  const { recoveries, recoveryPoints, services, fates, convergedMs, name, startedMs, outcome, circumstances } = report
  const overwritten = fates.losses.filter(({ reason }) => reason === 'last writer wins').length
  const isUnserved = recoveries.some(({ unserved }) => unserved > 0)
  return {
    folder,
    name,
    startedMs,
    outcome,
    commit: (circumstances.commit ?? circumstances.version).slice(0, 12),
    ...(isUnserved ? {} : { rtoMs: most(recoveries.flatMap(({ rtoMs }) => rtoMs ?? [])) }),
    isUnserved,
    rpoItems: most(recoveryPoints.map(({ items }) => items)),
    rpoAgeMs: most(recoveryPoints.map(({ ageMs }) => ageMs)),
    availability: least(services.flatMap(({ service }) => service.availability ?? [])),
    lost: fates.losses.length - overwritten,
    overwritten,
    convergedMs,
  }
}

export const trendHead = [
  'DRILL',
  'WHEN',
  'OUTCOME',
  'RTO',
  'RPO',
  'LOST',
  'BY LWW',
  'AVAILABILITY',
  'EQUAL AFTER',
  'COMMIT',
]

export function trendRow(run: Run): readonly string[] {
  return [
    run.name,
    `${new Date(run.startedMs).toISOString().slice(0, 19)}Z`,
    run.outcome,
    run.isUnserved ? 'not served again' : timeText(run.rtoMs),
    run.rpoItems === undefined ? none : `${run.rpoItems} items, ${timeText(run.rpoAgeMs)}`,
    String(run.lost),
    String(run.overwritten),
    run.availability === undefined ? none : `${run.availability.toFixed(2)} %`,
    timeText(run.convergedMs),
    run.commit,
  ]
}

/** For the figures of several runs: the middle, the least and the most. */
function spreadText(values: readonly number[], show: (value: number) => string): string {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined) return none
  return sorted.length === 1 ? show(low) : `${show(quantile(sorted, 0.5))} (${show(low)} to ${show(high)})`
}

export function trendsPage(runs: readonly Run[]): string {
  const names = [...new Set(runs.map(({ name }) => name))].toSorted()
  const body = element(
    'main',
    {},
    element('h1', {}, 'Drills over time'),
    element(
      'p',
      { class: 'description' },
      `${runs.length} runs of ${names.length} drills. Figures of single runs move by chance: look at the spread.`,
    ),
    ...names.map((name) =>
      section(
        name,
        runs.filter((run) => run.name === name),
      ),
    ),
  )
  return page('Drills over time', style, body)
}

const none = '–'

/** Newest last in the plots, newest first in the table. */
function section(name: string, given: readonly Run[]): Markup {
  const runs = given.toSorted((a, b) => a.startedMs - b.startedMs)
  const passed = runs.filter(({ outcome }) => outcome === 'pass').length
  const figures: readonly (readonly [string, readonly number[], (value: number) => string])[] = [
    ['RTO', runs.flatMap(({ rtoMs }) => rtoMs ?? []), secondsText],
    ['RPO, items', runs.flatMap(({ rpoItems }) => rpoItems ?? []), String],
    ['Availability', runs.flatMap(({ availability }) => availability ?? []), (value) => `${value.toFixed(2)} %`],
    ['All equal after', runs.flatMap(({ convergedMs }) => convergedMs ?? []), secondsText],
  ]
  return element(
    'section',
    { id: name },
    element('h2', {}, `${name}: ${passed} of ${runs.length} passed`),
    element(
      'div',
      { class: 'figures' },
      ...figures.map(([title, values, show]) =>
        element(
          'div',
          { class: 'figure' },
          element('span', { class: 'name' }, title),
          element('strong', {}, spreadText(values, show)),
          sparkline(values, `${title} of ${name}, oldest first`),
        ),
      ),
    ),
    table(runs.toReversed()),
  )
}

const plot = { width: 200, height: 36, inset: 3 }

function sparkline(values: readonly number[], label: string): Markup {
  if (values.length < 2) return raw('')
  const top = Math.max(...values)
  const x = (place: number): number => plot.inset + (place * (plot.width - 2 * plot.inset)) / (values.length - 1)
  const y = (value: number): number =>
    plot.height - plot.inset - (top === 0 ? 0 : (value * (plot.height - 2 * plot.inset)) / top)
  const points = values.map((value, place) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  return element(
    'svg',
    { class: 'plot', viewBox: `0 0 ${plot.width} ${plot.height}`, role: 'img', 'aria-label': label },
    element('polyline', { class: 'line region-0', points }),
  )
}

function table(runs: readonly Run[]): Markup {
  const head = trendHead.slice(1)
  return element(
    'div',
    { class: 'wide' },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...head.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...runs.map((run) => row(run))),
    ),
  )
}

function row(run: Run): Markup {
  const [, when = '', ...cells] = trendRow(run)
  const link = element('a', { href: `${run.folder.split('/').map(encodeURIComponent).join('/')}/report.html` }, when)
  return element(
    'tr',
    { class: run.outcome === 'pass' ? 'good' : 'bad' },
    element('td', { class: 'whole' }, link),
    ...cells.map((cell) => element('td', {}, cell)),
  )
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? none : secondsText(ms)
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values)
}
