/** The report as one page that needs nothing else: no script, no file, no network; readable on light and on dark. */
import { type Markup, element, raw } from './markup.ts'
import { availabilityPlot, colourOf, latencyPlot, pairPlot, timelinePlot } from './plots.ts'
import type { Report } from './report.ts'
import { style } from './style.ts'
import {
  type Table,
  conflictTable,
  effectTable,
  fateTable,
  faultTable,
  lossTable,
  lossesShownMax,
  outageTable,
  pairTable,
  proofTable,
  recoveryPointTable,
  recoveryTable,
  serviceTable,
  stepTable,
  verdictTable,
} from './tables.ts'
import { secondsText } from './verdict.ts'
import { headings, measuredText } from './words.ts'

export function pageOf(report: Report): string {
  const { fates, circumstances } = report
  const regions = report.services.map(({ region }) => region)
  const sources = [...new Set(report.pairs.map(({ from }) => from))]
  const body = element(
    'main',
    {},
    head(report),
    figures(report),
    table(verdictTable(report)),
    section(
      headings.broken,
      timelinePlot(report),
      table(faultTable(report)),
      element('details', {}, element('summary', {}, `all ${report.steps.length} steps`), table(stepTable(report))),
    ),
    section(
      headings.clients,
      ...regions.map((region) => availabilityPlot(report, region)),
      ...regions.map((region) => latencyPlot(report, region)),
      table(serviceTable(report)),
      element('h3', {}, 'Interrupted, and served again'),
      table(recoveryTable(report)),
      element('h3', {}, 'Regions out of service'),
      table(outageTable(report)),
    ),
    section(
      headings.underWay,
      legend(report),
      ...sources.flatMap((region) => [pairPlot(report, region, 'pending'), pairPlot(report, region, 'lagMs')]),
      table(pairTable(report)),
    ),
    section(headings.recovery, table(recoveryPointTable(report))),
    section(
      headings.lost,
      table(fateTable(report)),
      element('h3', {}, 'Acknowledged writes that were lost, and why'),
      table(lossTable(report)),
      moreLosses(fates.losses.length - lossesShownMax),
      element('h3', {}, 'Conflicts, settled by last-writer-wins'),
      table(conflictTable(report)),
    ),
    effectsSection(report),
    section(headings.proof, table(proofTable(report))),
    section(headings.measured, ...measuredText(report).map((text) => element('p', {}, text))),
    section(headings.file, element('pre', {}, circumstances.definition.trimEnd())),
  )
  return [
    '<!doctype html>',
    '<html lang="en">',
    element(
      'head',
      {},
      raw('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
      element('title', {}, `${report.outcome === 'pass' ? 'Pass' : 'Fail'}: ${report.title}`),
      element('style', {}, raw(style)),
    ).markup,
    element('body', {}, body).markup,
    '</html>\n',
  ].join('\n')
}

function moreLosses(count: number): Markup {
  return count > 0 ? element('p', {}, `${count} more are in report.json.`) : raw('')
}

function effectsSection(report: Report): Markup {
  return report.effects === undefined ? raw('') : section(headings.effects, table(effectTable(report)))
}

function head(report: Report): Markup {
  const { circumstances, name, startedMs, endedMs } = report
  const { seed, pace } = circumstances
  const facts = [
    ['drill', name],
    ['when', `${new Date(startedMs).toISOString()}, for ${secondsText(endedMs - startedMs)}`],
    ['on', `${circumstances.target}: ${circumstances.regions.join(', ')}`],
    ['machine', `${circumstances.host}; Longitude ${circumstances.version}`],
    ['again', `longitude drill run drill.yaml --seed ${seed}${pace === 1 ? '' : ` --pace ${pace}`}`],
    [
      'roles',
      Object.entries(circumstances.roles)
        .map(([role, region]) => `${role} is ${region}`)
        .join(', '),
    ],
    ...Object.entries(circumstances.understudies).map(([wanted, region]) => [
      'cast',
      `${region} in place of ${wanted}`,
    ]),
  ]
  return element(
    'header',
    {},
    element(
      'p',
      { id: 'outcome', class: `outcome ${report.outcome}` },
      report.outcome === 'pass' ? '✓ Pass' : '✗ Fail',
    ),
    element('h1', {}, report.title),
    element('p', { class: 'description' }, report.description),
    element('dl', {}, ...facts.map(([term = '', fact = '']) => [element('dt', {}, term), element('dd', {}, fact)])),
  )
}

/** The few figures that a drill is run for. */
function figures(report: Report): Markup {
  const { recoveries, recoveryPoints, fates, services, convergedMs } = report
  const rtos = recoveries.flatMap(({ rtoMs }) => (rtoMs === undefined ? [] : [rtoMs]))
  const unserved = recoveries.some((each) => each.unserved > 0)
  const byRule = fates.losses.filter(({ reason }) => reason === 'last writer wins').length
  const shares = services.flatMap(({ service: { availability } }) => (availability === undefined ? [] : [availability]))
  const measured = recoveryPoints.length > 0
  const tiles: readonly (readonly [string, string, string, string])[] = [
    [
      'rto',
      'RTO',
      unserved ? 'not served again' : rtos.length === 0 ? 'none' : secondsText(Math.max(...rtos)),
      rtos.length === 0 ? 'nobody was interrupted' : 'until all clients were served again',
    ],
    [
      'rpo-items',
      'RPO, items',
      measured ? String(Math.max(...recoveryPoints.map(({ items }) => items))) : '–',
      measured ? 'acknowledged, and nowhere else' : 'no region was lost',
    ],
    [
      'rpo-seconds',
      'RPO, seconds',
      measured ? secondsText(Math.max(...recoveryPoints.map(({ ageMs }) => ageMs))) : '–',
      measured ? 'the oldest of them' : 'no region was lost',
    ],
    [
      'availability',
      'Availability',
      shares.length === 0 ? '–' : `${Math.min(...shares).toFixed(2)} %`,
      'for the clients that had the least',
    ],
    [
      'lost',
      'Writes lost',
      String(fates.losses.length - byRule),
      `of ${fates.acknowledged} acknowledged; and ${byRule} to concurrent ones`,
    ],
    [
      'converged',
      'All equal after',
      convergedMs === undefined ? 'not proved' : secondsText(convergedMs),
      'from the end of load and faults',
    ],
  ]
  return element(
    'div',
    { class: 'figures' },
    ...tiles.map(([id, name, value, more]) =>
      element(
        'div',
        { class: 'figure', id },
        element('span', { class: 'name' }, name),
        element('strong', {}, value),
        element('span', { class: 'more' }, more),
      ),
    ),
  )
}

function legend(report: Report): Markup {
  return element(
    'p',
    { class: 'legend' },
    ...report.circumstances.regions.map((region) =>
      element('span', {}, element('i', { class: colourOf(report, region) }), `to ${region}`),
    ),
    element('span', {}, element('i', { class: 'band-key' }), 'something was broken'),
  )
}

function section(title: string, ...content: readonly Markup[]): Markup {
  return element('section', {}, element('h2', {}, title), ...content)
}

function table({ id, head: names, rows, none }: Table): Markup {
  if (rows.length === 0) return element('p', { id, class: 'none' }, none)
  return element(
    'div',
    { class: 'wide' },
    element(
      'table',
      { id },
      element('thead', {}, element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)))),
      element(
        'tbody',
        {},
        ...rows.map((row) => element('tr', { class: rowClass(row) }, ...row.map((cell) => element('td', {}, cell)))),
      ),
    ),
  )
}

function rowClass([first]: readonly string[]): string | undefined {
  if (first === 'NOT MET') return 'bad'
  return first === 'met' ? 'good' : undefined
}
