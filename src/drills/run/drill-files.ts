/** Where drills and their reports lie. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Drill } from '../definition/definition.ts'
import { junitOf } from '../report/forms/junit.ts'
import { markdownOf } from '../report/forms/markdown.ts'
import { pageOf } from '../report/forms/report-page.ts'
import { DrillMistakes, parseDrill } from '../definition/parse-drill.ts'
import type { Recorded } from '../definition/drill-record.ts'
import { type Report, reportFormat } from '../report/report.ts'
import { Failure, messageOf } from '../../process/failure.ts'

/** The same two levels up from src/drills/run and from dist/drills/run. */
const builtInFolder = fileURLToPath(new URL('../../../drills', import.meta.url))

export type DrillFile = { readonly path: string; readonly text: string; readonly drill: Drill }

export function builtInDrills(): readonly DrillFile[] {
  return readdirSync(builtInFolder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => readDrill(join(builtInFolder, name)))
}

/** A file, or the name of one that comes with Longitude. Throws a Failure that says what is wrong, and in which line. */
export function findDrill(fileOrName: string): DrillFile {
  if (statSync(fileOrName, { throwIfNoEntry: false })?.isFile() === true) return readDrill(fileOrName)
  const builtIn = join(builtInFolder, `${fileOrName}.yaml`)
  const isName = /^[a-z0-9-]+$/.test(fileOrName)
  if (isName && statSync(builtIn, { throwIfNoEntry: false }) !== undefined) return readDrill(builtIn)
  const known = readdirSync(builtInFolder).map((name) => basename(name, '.yaml'))
  throw new Failure(`no file ${fileOrName}, and no drill of that name; there are ${known.join(', ')}`)
}

function readDrill(path: string): DrillFile {
  try {
    const text = readFileSync(path, 'utf8')
    return { path, text, drill: parseDrill(text, path) }
  } catch (error) {
    if (error instanceof DrillMistakes) throw new Failure(`the drill cannot be read:\n${error.message}`)
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
}

/** What was seen. */
const recordNames = [
  'drill.yaml',
  'operations.ndjson',
  'samples.ndjson',
  'conflicts.ndjson',
  'probes.ndjson',
  'effects.ndjson',
]
/** What follows from it. */
const reportNames = ['report.json', 'report.html', 'report.md', 'report.junit.xml']

export type Written = { readonly folder: string; readonly page: string }

/** All that an auditor may want to look into, beside the report. */
export function writeReport(folder: string, made: Report, recorded: Recorded): Written {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'drill.yaml'), made.circumstances.definition)
  writeLines(join(folder, 'operations.ndjson'), recorded.operations)
  writeLines(join(folder, 'samples.ndjson'), recorded.samples)
  writeLines(join(folder, 'conflicts.ndjson'), recorded.conflicts)
  if (recorded.probes !== undefined && recorded.probes.length > 0)
    writeLines(join(folder, 'probes.ndjson'), recorded.probes)
  if (recorded.effects !== undefined) writeLines(join(folder, 'effects.ndjson'), recorded.effects.handled)
  const records = recordNames.filter((name) => existsSync(join(folder, name)))
  const report = { ...made, digests: Object.fromEntries(records.map((name) => [name, digestOf(join(folder, name))])) }
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 1)}\n`)
  return renderReport(folder, report)
}

export function renderReport(folder: string, report: Report): Written {
  const page = join(folder, 'report.html')
  writeFileSync(join(folder, 'report.md'), markdownOf(report))
  writeFileSync(page, pageOf(report))
  writeFileSync(join(folder, 'report.junit.xml'), junitOf(report))
  writeSums(folder)
  return { folder, page }
}

/** Of a report's folder, or of its JSON. */
export function readReport(folderOrFile: string): { readonly folder: string; readonly report: Report } {
  const isFolder = statSync(folderOrFile, { throwIfNoEntry: false })?.isDirectory() === true
  const path = isFolder ? join(folderOrFile, 'report.json') : folderOrFile
  let report: unknown
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
  const known = z.looseObject({ format: z.literal(reportFormat), name: z.string(), verdicts: z.array(z.unknown()) })
  if (!known.safeParse(report).success)
    throw new Failure(`${path} is no report of this version of Longitude (format ${reportFormat})`)
  return { folder: resolve(path, '..'), report: report as Report }
}

/** For `sha256sum --check`. */
function writeSums(folder: string): void {
  const names = [...recordNames, ...reportNames].filter((name) => existsSync(join(folder, name)))
  const lines = names.map((name) => `${digestOf(join(folder, name))}  ${name}\n`)
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''))
}

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function writeLines(path: string, rows: readonly unknown[]): void {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
