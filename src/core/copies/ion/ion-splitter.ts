/**
 * Structs at the top of a file of Ion text, each with what stands before it, from bytes that come in pieces, in bounded memory. It looks no deeper than is needed
 * to find where a struct ends: brackets, quotes and comments.
 */
import { lineBytesMax } from '../../limits/copy-limits.ts'
import { LineTooLong } from '../line-splitter.ts'

/** Binary Ion begins with this. */
const binaryStart = Buffer.from([0xe0, 0x01, 0x00, 0xea])

export class BinaryIon extends Error {
  override readonly name = 'BinaryIon'

  constructor() {
    super('it is binary Ion, and Ion text is read')
  }
}

type State = 'between' | 'string' | 'symbol' | 'long' | 'line-comment' | 'comment' | 'lob'

const byte = (text: string): number => text.charCodeAt(0)
const [quote, apostrophe, backslash, slash, star, newline] = ['"', "'", '\\', '/', '*', '\n'].map(byte)
const [open, close, openList, closeList] = ['{', '}', '[', ']'].map(byte)

export class IonSplitter {
  #bytes: Buffer = Buffer.alloc(0)
  /** Up to where the bytes were looked at. */
  #at = 0
  #depth = 0
  #state: State = 'between'
  #isFirst = true;

  /** Structs that end in these bytes. Throws LineTooLong, BinaryIon. */
  *add(more: Buffer): Generator<Buffer> {
    this.#bytes = this.#bytes.length === 0 ? more : Buffer.concat([this.#bytes, more])
    this.#refuseBinary()
    // Two bytes ahead are looked at.
    for (let end = this.#bytes.length - 2; this.#at < end; end = this.#bytes.length - 2)
      if (this.#step()) yield this.#take()
      else if (this.#at >= end) break
    if (this.#bytes.length > lineBytesMax) throw new LineTooLong()
  }

  /** What is left, where it is more than blanks and comments. */
  *end(): Generator<Buffer> {
    const left = this.#bytes.length
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from('\n\n')])
    while (this.#at < left) if (this.#step()) yield this.#take()
    const rest = this.#bytes
    this.#bytes = Buffer.alloc(0)
    if (this.#depth > 0 || !/^\s*(\$ion_1_0\s*)?(\/\/[^\n]*\s*|\/\*[^]*\*\/\s*)*$/.test(rest.toString('utf8')))
      yield rest
  }

  #refuseBinary(): void {
    if (this.#isFirst && this.#bytes.subarray(0, binaryStart.length).equals(binaryStart)) throw new BinaryIon()
    if (this.#bytes.length >= binaryStart.length) this.#isFirst = false
  }

  #take(): Buffer {
    const struct = this.#bytes.subarray(0, this.#at)
    this.#bytes = this.#bytes.subarray(this.#at)
    this.#at = 0
    return struct
  }

  /** One byte, or one mark, further. Whether a struct at the top has ended with it. */
  #step(): boolean {
    const one = this.#bytes[this.#at]
    switch (this.#state) {
      case 'between':
        return this.#between(one)
      case 'string':
        return this.#quoted(one, quote)
      case 'symbol':
        return this.#quoted(one, apostrophe)
      case 'long':
        return this.#long(one)
      case 'line-comment':
        if (one === newline) this.#state = 'between'
        break
      case 'comment':
        if (one === star && this.#follows(slash)) this.#enter('between', 1)
        break
      case 'lob':
        if (one === close && this.#follows(close)) this.#enter('between', 1)
        break
    }
    this.#at++
    return false
  }

  #between(one: number | undefined): boolean {
    const isTriple = one === apostrophe && this.#follows(apostrophe) && this.#bytes[this.#at + 2] === apostrophe
    if (isTriple) this.#enter('long', 2)
    else if (one === quote) this.#state = 'string'
    else if (one === apostrophe) this.#state = 'symbol'
    else if (one === slash && this.#follows(slash)) this.#enter('line-comment', 1)
    else if (one === slash && this.#follows(star)) this.#enter('comment', 1)
    else if (one === open && this.#follows(open)) this.#enter('lob', 1)
    else if (one === open || one === openList) this.#depth++
    const isEnd = one === close || one === closeList
    if (isEnd) this.#depth = Math.max(0, this.#depth - 1)
    this.#at++
    return isEnd && this.#depth === 0
  }

  #quoted(one: number | undefined, end: number | undefined): boolean {
    if (one === backslash) this.#at++
    else if (one === end) this.#state = 'between'
    this.#at++
    return false
  }

  #long(one: number | undefined): boolean {
    if (one === backslash) this.#at++
    else if (one === apostrophe && this.#follows(apostrophe) && this.#bytes[this.#at + 2] === apostrophe)
      this.#enter('between', 2)
    this.#at++
    return false
  }

  #enter(state: State, skipped: number): void {
    this.#state = state
    this.#at += skipped
  }

  #follows(next: number | undefined): boolean {
    return this.#bytes[this.#at + 1] === next
  }
}
