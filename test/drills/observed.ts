/** A drill on regions of `longitude up`, with the observer beside it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Operation, RegionSample } from '../../src/drills/definition/drill-record.ts'
import type { Report } from '../../src/drills/report/report.ts'
import type { Up } from '../cli/command-line.ts'
import { type Ended, drill, startObserver } from './command.ts'
import { type Load, type Row, compare } from './comparison.ts'

export type ObservedDrill = { readonly ended: Ended; readonly report: Report; readonly rows: readonly Row[] }

/** A drill in which a region is lost, the load that its file says, and flags of the command. */
export type Watched = { readonly drill: string; readonly load: Load; readonly flags: readonly string[] }

/** For the comparison itself: what is lost for a moment is enough for wrong figures to differ. */
export const watched: Watched = {
  drill: fileURLToPath(new URL('observed.yaml', import.meta.url)),
  load: { writers: 3, everyMs: 1000 / 12 },
  flags: [],
}

/** `out` is the report's folder. */
export async function observedDrill(
  { overview }: Pick<Up, 'overview'>,
  { data, out }: { readonly data: string; readonly out: string },
  { drill: name, load, flags }: Watched = watched,
): Promise<ObservedDrill> {
  const endpoints = Object.fromEntries(overview.regions.map(({ region, endpoint }) => [region, endpoint]))
  const observer = startObserver(endpoints)
  const ended = await drill('run', name, '--yes', '--data', data, '--out', out, '--json', ...flags)
  const observed = await observer.end()
  if (ended.status === 2) throw new Error(ended.errors)
  const report = readReport(out)
  const samples = linesOf(join(out, 'samples.ndjson')) as readonly RegionSample[]
  const operations = readOperations(out)
  return { ended, report, rows: compare({ report, samples, operations, observed, load }) }
}

export function readReport(folder: string): Report {
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report
}

export function readOperations(folder: string): readonly Operation[] {
  return linesOf(join(folder, 'operations.ndjson')) as readonly Operation[]
}

function linesOf(path: string): readonly unknown[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
}
