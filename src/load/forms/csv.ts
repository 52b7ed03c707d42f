/** CSV (RFC 4180): quoted cells may hold delimiters, quotes and line ends. All cells are texts; empty cells are left out, as by DynamoDB's import. */
import { CsvRows, CsvUnfinished } from '../../core/copies/csv-rows.ts'
import { Failure } from '../../process/failure.ts'
import type { Files } from '../places/local-files.ts'
import { linesOf } from './lines.ts'
import type { Found, Source } from '../load-record.ts'

export type CsvOptions = {
  readonly files: Files
  readonly table: string | undefined
  readonly delimiter: string
  /** Names of the columns; the first row where they are not given. */
  readonly header: readonly string[] | undefined
}

export function csv(path: string, options: CsvOptions): Source {
  return { name: path, records: (after) => readRows(path, options, after) }
}

async function* readRows(
  path: string,
  { files, table, delimiter, header }: CsvOptions,
  after: number,
): AsyncGenerator<Found> {
  let names = header
  for await (const { cells, line, last, sizeBytes } of rowsOf(files, path, delimiter)) {
    if (names === undefined) {
      names = cells
      const twice = cells.find((name, at) => cells.indexOf(name) !== at)
      if (twice !== undefined) throw new Failure(`${path}:${line}: the header has the column ${twice} twice`)
      continue
    }
    if (last <= after) continue
    const place = { position: last, place: `${path}:${line}` }
    if (cells.length > names.length) {
      yield { ...place, record: undefined, problem: `it has ${cells.length} cells, and the header has ${names.length}` }
      continue
    }
    const filled = names.flatMap((name, at) =>
      cells[at] === undefined || cells[at] === '' ? [] : [[name, { S: cells[at] }]],
    )
    const put = Object.fromEntries(filled as [string, { S: string }][])
    yield { ...place, record: { table, put, remove: undefined, isText: true, sizeBytes } }
  }
}

type Row = {
  readonly cells: readonly string[]
  readonly line: number
  readonly last: number
  readonly sizeBytes: number
}

async function* rowsOf(files: Files, path: string, delimiter: string): AsyncGenerator<Row> {
  const rows = new CsvRows(delimiter)
  let first = 0
  let line = 0
  let sizeBytes = 0
  for await (const part of linesOf(files, path)) {
    line++
    if (!rows.isOpen) first = line
    sizeBytes = rows.isOpen ? sizeBytes + part.length + 1 : part.length
    const cells = finished(() => rows.add(part), `${path}:${first}`)
    if (cells !== undefined) yield { cells, line: first, last: line, sizeBytes }
  }
  if (rows.isOpen) throw new Failure(`${path}:${first}: the row does not end; a quote is missing`)
}

function finished<Result>(add: () => Result, place: string): Result {
  try {
    return add()
  } catch (error) {
    throw error instanceof CsvUnfinished ? new Failure(`${place}: ${error.message}`) : error
  }
}
