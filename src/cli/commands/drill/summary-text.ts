/** What a drill prints when it has ended. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../../drills/report/report.ts'
import { tableText } from '../../../process/table-text.ts'

export function summaryText(report: Report, folder: string): string {
  const rows = report.verdicts.map(({ target, wanted, found, pass }) => [
    pass ? 'ok' : 'NOT MET',
    target,
    wanted,
    found,
  ])
  const page = join(folder, 'report.html')
  return [
    '',
    tableText(['', 'TARGET', 'WANTED', 'FOUND'], rows),
    '',
    `${report.outcome === 'pass' ? 'PASS' : 'FAIL'}  ${report.name}  (seed ${report.circumstances.seed})  ${existsSync(page) ? page : folder}`,
  ].join('\n')
}

export function repeatText(reports: readonly Report[]): string {
  const rows = reports.map((report, index) => [
    String(index + 1),
    String(report.circumstances.seed),
    report.outcome,
    report.verdicts
      .filter(({ pass }) => !pass)
      .map(({ target, found }) => `${target}: ${found}`)
      .join('; '),
  ])
  return `\n${tableText(['RUN', 'SEED', 'OUTCOME', 'NOT MET'], rows)}`
}
