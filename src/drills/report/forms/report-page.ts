/** The report as one page that needs nothing else: no script, no file, no network; readable on light and on dark. */
import { figuresOf, loadText } from '../figures.ts'
import { type Markup, element, page, raw } from './markup.ts'
import { availabilityPlot, colourOf, latencyPlot, pairPlot, timelinePlot } from './plots.ts'
import { recordOf } from '../record-of.ts'
import type { Report } from '../report.ts'
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
} from './report-tables.ts'
import { headings, measuredText } from './words.ts'

export function pageOf(report: Report): string {
  const regions = report.services.map(({ region }) => region)
  const sources = [...new Set(report.pairs.map(({ from }) => from))]
  const body = element(
    'main',
    {},
    head(report),
    figures(report),
    underLoad(report),
    table(verdictTable(report)),
    section(headings.record, record(report)),
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
      moreLosses(report),
      element('h3', {}, 'Conflicts, settled by last-writer-wins'),
      table(conflictTable(report)),
    ),
    effectsSection(report),
    section(headings.proof, table(proofTable(report))),
    section(headings.measured, ...measuredText(report).map((text) => element('p', {}, text))),
    section(headings.file, element('pre', {}, report.circumstances.definition.trimEnd())),
  )
  return page(`${report.outcome === 'pass' ? 'Pass' : 'Fail'}: ${report.title}`, style, body)
}

function underLoad(report: Report): Markup {
  return element(
    'p',
    { id: 'load', class: 'load' },
    element('strong', {}, 'Under this load: '),
    ...whole(loadText(report)),
  )
}

function moreLosses({ fates }: Report): Markup {
  const count = fates.losses.length - lossesShownMax
  return count > 0 ? element('p', {}, `${count} more are in report.json.`) : raw('')
}

function effectsSection(report: Report): Markup {
  return report.effects === undefined ? raw('') : section(headings.effects, table(effectTable(report)))
}

function head({ outcome, title, description }: Report): Markup {
  return element(
    'header',
    {},
    element('p', { id: 'outcome', class: `outcome ${outcome}` }, outcome === 'pass' ? '✓ Pass' : '✗ Fail'),
    element('h1', {}, title),
    element('p', { class: 'description' }, description),
  )
}

/** Who ran what, on what, and by which files it can be checked. */
function record(report: Report): Markup {
  return element(
    'dl',
    { id: 'record' },
    ...recordOf(report).map(([term, fact]) => [element('dt', {}, term), element('dd', {}, ...whole(fact))]),
  )
}

/** The few figures that a drill is run for. */
function figures(report: Report): Markup {
  return element(
    'div',
    { class: 'figures' },
    ...figuresOf(report).map(({ id, name, value, how }) =>
      element(
        'div',
        { class: 'figure', id },
        element('span', { class: 'name' }, name),
        element('strong', {}, value),
        element('span', { class: 'more' }, ...whole(how)),
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
        ...rows.map((row) =>
          element('tr', { class: rowClass(row) }, ...row.map((cell) => element('td', {}, ...whole(cell)))),
        ),
      ),
    ),
  )
}

function rowClass([first]: readonly string[]): string | undefined {
  if (first === 'NOT MET') return 'bad'
  return first === 'met' ? 'good' : undefined
}

const wholeCharsMax = 40

/** A name with hyphens or dots in it is broken at none of them, unless it is longer than a line, and a number stays with its unit. */
function whole(text: string): readonly (string | Markup)[] {
  return text
    .replaceAll(/(\d) (s|ms|%)(?!\w)/g, '$1\u00A0$2')
    .split(/([^\S\u00A0]+)/)
    .map((word) =>
      /\w[-./:]+\w/.test(word) && word.length <= wholeCharsMax ? element('span', { class: 'whole' }, word) : word,
    )
}
