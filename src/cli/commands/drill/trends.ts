/** `longitude drill trends`: a page and a table of all runs whose reports lie below a folder. */
import { type Dirent, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { trendReportsMax } from '../../../core/limits/drill-limits.ts'
import { type Run, runOf, trendHead, trendRow, trendsPage } from '../../../drills/report/forms/trends.ts'
import { readReport } from '../../../drills/run/drill-files.ts'
import { Failure } from '../../../process/failure.ts'
import { tableText } from '../../../process/table-text.ts'

/** A run of several has its own folder for each. */
const depthMax = 2

export function runDrillTrends(command: Command, json: boolean): void {
  const folder = resolve(command.args[0] ?? 'drill-reports')
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Failure(`there is no folder ${folder}`)
  const { runs, unread } = runsBelow(folder)
  if (runs.length === 0) throw new Failure(`no report lies below ${folder}`)
  const page = join(folder, 'trends.html')
  writeFileSync(page, trendsPage(runs))
  if (json) return console.log(JSON.stringify({ runs, unread, page }))
  console.log(tableText([...trendHead], runs.map(trendRow)))
  if (unread > 0) console.log(`\n${unread} reports could not be read, or are older than the newest ${trendReportsMax}`)
  console.log(`\n${page}`)
}

/** The newest first. */
function runsBelow(folder: string): { readonly runs: readonly Run[]; readonly unread: number } {
  const found = reportsBelow(folder, depthMax)
    .map((path) => ({ path, changedMs: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.changedMs - a.changedMs)
  const runs = found.slice(0, trendReportsMax).flatMap(({ path }) => {
    try {
      return [runOf(relative(folder, dirname(path)), readReport(path).report)]
    } catch (error) {
      if (error instanceof Failure || error instanceof TypeError) return []
      throw error
    }
  })
  return { runs: runs.toSorted((a, b) => b.startedMs - a.startedMs), unread: found.length - runs.length }
}

function reportsBelow(folder: string, depth: number): readonly string[] {
  const entries: readonly Dirent[] = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isFile()) return entry.name === 'report.json' ? [path] : []
    return entry.isDirectory() && depth > 0 ? reportsBelow(path, depth - 1) : []
  })
}
