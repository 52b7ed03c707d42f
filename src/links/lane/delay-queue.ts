/**
 * What is in flight over one direction of a link: chunks in their order, each with the moment at which it comes out. Pure;
 * the link brings the time.
 */
import { Fifo } from './fifo.ts'

type Due<T> = { readonly dueMs: number; readonly sizeBytes: number; readonly content: T }

export class DelayQueue<T> {
  readonly #entries = new Fifo<Due<T>>()
  #sizeBytes = 0
  #lastDueMs = 0

  /** Never comes out before what was put in earlier, though the delay may have become shorter. */
  put(content: T, sizeBytes: number, dueMs: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs)
    this.#entries.push({ dueMs: this.#lastDueMs, sizeBytes, content })
    this.#sizeBytes += sizeBytes
  }

  /** The next content that is due at `nowMs`, removed; undefined when none is. */
  take(nowMs: number): T | undefined {
    const entry = this.#entries.first
    if (entry === undefined || entry.dueMs > nowMs) return undefined
    this.#entries.shift()
    this.#sizeBytes -= entry.sizeBytes
    return entry.content
  }

  /** When the next content comes out; undefined when there is none. */
  get nextDueMs(): number | undefined {
    return this.#entries.first?.dueMs
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  clear(): void {
    this.#entries.clear()
    this.#sizeBytes = 0
  }
}
