/** Bytes of a reply that are put together in one buffer, which grows as it needs to. */
export class PageWriter {
  #bytes = Buffer.allocUnsafe(beginBytes)
  #length = 0

  /** Text in ASCII. */
  text(text: string): this {
    this.#reserve(text.length)
    this.#length += this.#bytes.write(text, this.#length, 'latin1')
    return this
  }

  copy(source: Buffer, from = 0, to = source.length): this {
    this.#reserve(to - from)
    this.#length += source.copy(this.#bytes, this.#length, from, to)
    return this
  }

  get length(): number {
    return this.#length
  }

  /** Takes back what was written behind that length. */
  cut(length: number): void {
    this.#length = Math.min(this.#length, length)
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

const beginBytes = 16 * 1024
