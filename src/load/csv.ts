/** CSV (RFC 4180): quoted cells may hold delimiters, quotes and line ends. All cells are texts; empty cells are left out, as by DynamoDB's import. */
import { Failure } from '../process/failure.ts'
import { lineBytesMax } from './limits.ts'
import { linesOf } from './lines.ts'
import type { Found, Source } from './record.ts'

export type CsvOptions = {
  readonly table: string | undefined
  readonly delimiter: string
  /** Names of the columns; the first row where they are not given. */
  readonly header: readonly string[] | undefined
}

const quote = '"'

export function csv(path: string, options: CsvOptions): Source {
  return { name: path, records: (after) => readRows(path, options, after) }
}

async function* readRows(path: string, { table, delimiter, header }: CsvOptions, after: number): AsyncGenerator<Found> {
  let names = header
  for await (const { cells, line, last, sizeBytes } of rowsOf(path, delimiter)) {
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

async function* rowsOf(path: string, delimiter: string): AsyncGenerator<Row> {
  let text = ''
  let first = 0
  let line = 0
  for await (const part of linesOf(path)) {
    line++
    text = text === '' ? part : `${text}\n${part}`
    if (first === 0) first = line
    if (text.length > lineBytesMax) throw new Failure(`${path}:${first}: the row does not end; a quote is missing`)
    // A quote within a cell is doubled, so a whole row has an even number of them.
    if (text.split(quote).length % 2 === 0) continue
    if (text !== '') yield { cells: cellsOf(text, delimiter), line: first, last: line, sizeBytes: text.length }
    text = ''
    first = 0
  }
  if (text !== '') throw new Failure(`${path}:${first}: the row does not end; a quote is missing`)
}

function cellsOf(text: string, delimiter: string): readonly string[] {
  const cells: string[] = []
  for (let from = 0; from <= text.length;) {
    const isQuoted = text[from] === quote
    const end = isQuoted ? endOfQuoted(text, from) : endOfPlain(text, delimiter, from)
    cells.push(isQuoted ? text.slice(from + 1, end - 1).replaceAll('""', quote) : text.slice(from, end))
    const next = text.indexOf(delimiter, end)
    from = next < 0 ? text.length + 1 : next + delimiter.length
  }
  return cells
}

const endOfPlain = (text: string, delimiter: string, from: number): number => {
  const end = text.indexOf(delimiter, from)
  return end < 0 ? text.length : end
}

/** After its last quote. */
function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== quote) continue
    if (text[at + 1] !== quote) return at + 1
    at++
  }
  return text.length
}
