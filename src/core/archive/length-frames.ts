/** Many small pieces of bytes in one: each under its length, u32. */
export class FrameWriter {
  #parts: Buffer[] = []
  #bytes = 0

  get sizeBytes(): number {
    return this.#bytes
  }

  get parts(): readonly Buffer[] {
    return this.#parts
  }

  /** The piece is kept as it is until `take`. */
  add(piece: Buffer): void {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(piece.length)
    this.#parts.push(length, piece)
    this.#bytes += length.length + piece.length
  }

  /** What was added, and begins again. */
  take(): readonly Buffer[] {
    const parts = this.#parts
    this.#parts = []
    this.#bytes = 0
    return parts
  }
}

/** Views of the pieces. Throws RangeError where the last is cut off. */
export function* framesIn(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length;) {
    const start = offset + 4
    const end = start + bytes.readUInt32BE(offset)
    if (end > bytes.length) throw new RangeError('a frame is cut off')
    yield bytes.subarray(start, end)
    offset = end
  }
}
