/** The report for people who read it in a terminal, a pull request or a wiki. */
import { figuresOf, loadText } from '../figures.ts'
import { recordOf } from '../record-of.ts'
import { headings, measuredText } from './words.ts'
import type { Report } from '../report.ts'
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

export function markdownOf(report: Report): string {
  const { circumstances, fates } = report
  const parts = [
    `# ${report.outcome === 'pass' ? 'PASS' : 'FAIL'}: ${escaped(report.title)}`,
    escaped(report.description.trim()),
    figuresOf(report)
      .map(({ name, value, how }) => `- **${name}: ${value}** ${escaped(how)}`)
      .join('\n'),
    `Under this load: ${escaped(loadText(report))}`,
    markdownTable(verdictTable(report)),
    `## ${headings.record}`,
    recordOf(report)
      .map(([term, fact]) => `- ${term}: ${escaped(fact)}`)
      .join('\n'),
    `## ${headings.broken}`,
    markdownTable(faultTable(report)),
    markdownTable(stepTable(report)),
    `## ${headings.clients}`,
    markdownTable(serviceTable(report)),
    markdownTable(recoveryTable(report)),
    markdownTable(outageTable(report)),
    `## ${headings.underWay}`,
    markdownTable(pairTable(report)),
    `## ${headings.recovery}`,
    markdownTable(recoveryPointTable(report)),
    `## ${headings.lost}`,
    markdownTable(fateTable(report)),
    markdownTable(lossTable(report)),
    ...(fates.losses.length > lossesShownMax
      ? [`${fates.losses.length - lossesShownMax} more are in report.json.`]
      : []),
    markdownTable(conflictTable(report)),
    ...(report.effects === undefined ? [] : [`## ${headings.effects}`, markdownTable(effectTable(report))]),
    `## ${headings.proof}`,
    markdownTable(proofTable(report)),
    `## ${headings.measured}`,
    ...measuredText(report),
    `## ${headings.file}`,
    `\`\`\`yaml\n${circumstances.definition.trimEnd()}\n\`\`\``,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function markdownTable({ head, rows, none }: Table): string {
  if (rows.length === 0) return `*${none}*`
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;')
}
