/** Lines of bytes that come in pieces, in bounded memory. */
import { lineBytesMax } from '../limits/copy-limits.ts'

const newline = 0x0a
const carriageReturn = 0x0d

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong'

  constructor() {
    super(`a line has more than ${lineBytesMax} bytes`)
  }
}

export class LineSplitter {
  #parts: Buffer[] = []
  #length = 0;

  /** Lines that end in these bytes, without their ends; one that begins in them is a view of them. Throws LineTooLong. */
  *add(bytes: Buffer): Generator<Buffer> {
    let from = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const part = bytes.subarray(from, end)
      const line = this.#length === 0 ? part : Buffer.concat([...this.#parts, part])
      this.#parts = []
      this.#length = 0
      from = end + 1
      yield withoutReturn(line)
    }
    this.#parts.push(bytes.subarray(from))
    this.#length += bytes.length - from
    if (this.#length > lineBytesMax) throw new LineTooLong()
  }

  /** What follows the last line end, where there is anything. */
  *end(): Generator<Buffer> {
    if (this.#length > 0) yield withoutReturn(Buffer.concat(this.#parts))
    this.#parts = []
    this.#length = 0
  }
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === carriageReturn ? line.subarray(0, -1) : line)
