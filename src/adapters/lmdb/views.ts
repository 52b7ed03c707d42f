/**
 * Views of one place in memory, where things of different lengths are found one after the other: making one costs more than a copy of the few bytes
 * that it shows, so one of each small length is kept.
 */
const lengthsKept = 2048

export class Views {
  readonly #kept: (Buffer | undefined)[] = Array.from({ length: lengthsKept }, () => undefined)

  of(bytes: Uint8Array, start: number, end: number): Buffer {
    const length = end - start
    const kept = this.#kept[length]
    if (kept !== undefined && kept.buffer === bytes.buffer && kept.byteOffset === bytes.byteOffset + start) return kept
    const made = Buffer.from(bytes.buffer, bytes.byteOffset + start, length)
    if (length < lengthsKept) this.#kept[length] = made
    return made
  }
}
