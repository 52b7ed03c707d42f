/** Bounds what is asked of one peer before what came before it is here, over all tables together. Pure. */
export class Ahead {
  /** Whether the peer has answered a question of a series as one (row-parts.ts). */
  understood = false
  readonly #bytesMax: () => number
  #bytes = 0
  #parts = 0
  #series = 0

  constructor(bytesMax: () => number) {
    this.#bytesMax = bytesMax
  }

  /** A name that no other series of the session has. */
  nextSeries(): string {
    return `s${++this.#series}`
  }

  /** A part that alone needs longer than the window: the next waits behind it, or the line would stand idle after each. */
  hasCapacity(bytes: number): boolean {
    const max = this.#bytesMax()
    return this.#bytes + bytes <= max || (this.#parts === 1 && this.#bytes + bytes <= windowsOfLarge * max)
  }

  /** Returns a function that releases what was taken; calling it again does nothing. */
  take(bytes: number): () => void {
    this.#bytes += bytes
    this.#parts++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#bytes -= bytes
      this.#parts--
    }
  }
}

const windowsOfLarge = 4
