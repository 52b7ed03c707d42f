/** Reads fields one after another from bytes that somebody else has made. Past the end, or a length that lies, is a RangeError. */
export class Reader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  /** 48 bits: positions, own numbers, milliseconds. */
  u48(): number {
    return this.#bytes.readUIntBE(this.#advance(6), 6)
  }

  /** A view, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** Text under a length of two bytes. Bytes that are not UTF-8 are refused rather than replaced. */
  text(): string {
    const length = this.u16()
    const start = this.#advance(length)
    // Names and ids are ASCII, and there are three in every message.
    if (this.#isAscii(start, length)) return this.#bytes.toString('latin1', start, start + length)
    const bytes = this.#bytes.subarray(start, start + length)
    const text = bytes.toString('utf8')
    if (Buffer.byteLength(text) !== bytes.length || text.includes('\uFFFD'))
      throw new RangeError('text that is not UTF-8')
    return text
  }

  /** Nothing may follow: bytes that nobody reads are the sign of a message that was understood wrongly. */
  end(): void {
    if (this.left !== 0) throw new RangeError(`${this.left} bytes after the end`)
  }

  #isAscii(start: number, length: number): boolean {
    for (let at = start; at < start + length; at++) if ((this.#bytes[at] as number) >= 0x80) return false
    return true
  }

  #advance(length: number): number {
    if (length > this.left) throw new RangeError('cut short')
    const start = this.#offset
    this.#offset += length
    return start
  }
}
