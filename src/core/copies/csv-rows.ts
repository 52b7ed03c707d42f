/** CSV (RFC 4180): quoted cells may hold delimiters, quotes and line ends. */
import { lineBytesMax } from '../limits/copy-limits.ts'

const quote = '"'

export class CsvUnfinished extends Error {
  override readonly name = 'CsvUnfinished'
}

/** Puts lines together to rows. */
export class CsvRows {
  readonly #delimiter: string
  #text = ''
  #isOpen = false

  constructor(delimiter: string) {
    this.#delimiter = delimiter
  }

  /** Whether a row has begun that does not end yet. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The cells of the row that ends with this line; undefined for an empty line, and while a quote is open. Throws CsvUnfinished. */
  add(line: string): readonly string[] | undefined {
    const text = this.#isOpen ? `${this.#text}\n${line}` : line
    if (text.length > lineBytesMax) throw new CsvUnfinished('the row does not end; a quote is missing')
    // A quote within a cell is doubled, so a whole row has an even number of them.
    this.#isOpen = text.split(quote).length % 2 === 0
    this.#text = this.#isOpen ? text : ''
    return this.#isOpen || text === '' ? undefined : cellsOf(text, this.#delimiter)
  }
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
