/**
 * Every drill that comes with Longitude on regions of its own, one after the other, and one on a running `longitude up` with an
 * independent observer beside it.
 *
 *   npm run drills                              all of them
 *   npm run drills -- region-loss failback      only these
 *   npm run drills -- --out reports             keep the reports there
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { tableText } from '../../src/process/table-text.ts'
import { builtInDrills } from '../../src/drills/run/drill-files.ts'
import { up } from '../cli/command-line.ts'
import { drill } from './command.ts'
import { comparisonText } from './comparison.ts'
import { observedDrill, readReport, watched } from './observed.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, seed: { type: 'string' } },
})
const folder = values.out === undefined ? mkdtempSync(join(tmpdir(), 'longitude-drills-')) : resolve(values.out)
mkdirSync(folder, { recursive: true })
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const names = builtInDrills()
  .map((file) => file.drill.name)
  .filter((name) => positionals.length === 0 || positionals.includes(name))

const rows: string[][] = []
let failed = 0
for (const name of names) {
  const out = join(folder, name)
  const startedMs = performance.now()
  const { status, output, errors } = await drill('run', name, '--start', '--out', out, '--seed', String(seed))
  console.log(output)
  if (status !== 0) {
    failed++
    console.error(errors)
  }
  rows.push([
    name,
    outcomeOf(status),
    `${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
    ...figures(out, status),
  ])
}
if (positionals.length === 0 || positionals.includes('observed')) {
  const data = mkdtempSync(join(tmpdir(), 'longitude-drills-up-'))
  const out = join(folder, 'observed')
  const running = await up(data)
  const { report, rows: compared } = await observedDrill(
    running,
    { data, out },
    { ...watched, flags: ['--seed', String(seed)] },
  ).finally(async () => {
    running.supervisor.kill('SIGTERM')
    await running.ended
    rmSync(data, { recursive: true, force: true })
  })
  const agrees = compared.every((row) => row.agrees)
  console.log(`\nThe report beside an independent observer (${report.title}):\n\n${comparisonText(compared)}\n`)
  if (!agrees || report.outcome !== 'pass') failed++
  rows.push(['observed', agrees ? outcomeOf(report.outcome === 'pass' ? 0 : 1) : 'DIFFERS', '', ...figures(out, 0)])
}
console.log(
  tableText(['DRILL', 'OUTCOME', 'TOOK', 'RTO', 'RPO', 'AVAILABILITY', 'LOST', 'BY LWW', 'EQUAL AFTER'], rows),
)
console.log(
  `\n${rows.length - failed} passed, ${failed} failed (seed ${seed})${values.out === undefined ? '' : `; reports in ${folder}`}`,
)
if (values.out === undefined) rmSync(folder, { recursive: true, force: true })
process.exit(failed === 0 ? 0 : 1)

function outcomeOf(status: number | null): string {
  return status === 0 ? 'pass' : status === 1 ? 'FAIL' : 'DID NOT RUN'
}

function figures(out: string, status: number | null): string[] {
  if (status === 2 || status === null) return []
  const { recoveries, recoveryPoints, services, fates, convergedMs } = readReport(out)
  const rto = recoveries.flatMap(({ rtoMs }) => (rtoMs === undefined ? [] : [rtoMs]))
  const [point] = recoveryPoints.toSorted((a, b) => b.items - a.items)
  const least = Math.min(...services.map(({ service }) => service.availability ?? 0))
  const byRule = fates.losses.filter(({ reason }) => reason === 'last writer wins').length
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  return [
    rto.length === 0 ? '–' : seconds(Math.max(...rto)),
    point === undefined ? '–' : `${point.items} items, ${seconds(point.ageMs)}`,
    `${least.toFixed(2)} %`,
    String(fates.losses.length - byRule),
    String(byRule),
    convergedMs === undefined ? 'not proved' : seconds(convergedMs),
  ]
}
