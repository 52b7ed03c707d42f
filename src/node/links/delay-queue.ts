/**
 * What is on its way over one direction of a link: chunks in their order, each with the moment at which it comes out. Pure;
 * the link brings the time. Bounded in bytes, because a queue without a bound keeps a peer's backlog in memory and hides
 * from TCP that the link is full.
 */
export type Due<T> = { readonly dueMs: number; readonly sizeBytes: number; readonly content: T }

export class DelayQueue<T> {
  readonly #entries: Due<T>[] = []
  #head = 0
  #sizeBytes = 0
  #lastDueMs = 0
  readonly #sizeBytesMax: number

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax
  }

  /** Never comes out before what was put in earlier, though the delay may have become shorter. */
  put(content: T, sizeBytes: number, dueMs: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs)
    this.#entries.push({ dueMs: this.#lastDueMs, sizeBytes, content })
    this.#sizeBytes += sizeBytes
  }

  /** The next content that is due at `nowMs`, removed; undefined when none is. */
  take(nowMs: number): T | undefined {
    const entry = this.#entries[this.#head]
    if (entry === undefined || entry.dueMs > nowMs) return undefined
    this.#head += 1
    this.#sizeBytes -= entry.sizeBytes
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
    return entry.content
  }

  /** When the next content comes out; undefined when there is none. */
  get nextDueMs(): number | undefined {
    return this.#entries[this.#head]?.dueMs
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** No more should be put in until `isLow`. */
  get isFull(): boolean {
    return this.#sizeBytes >= this.#sizeBytesMax
  }

  get isLow(): boolean {
    return this.#sizeBytes <= this.#sizeBytesMax / 2
  }
}
