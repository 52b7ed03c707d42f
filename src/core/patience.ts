/**
 * Decides when a wait for a peer is over. Over a narrow line one message can need minutes, and nothing of it is seen before it
 * is whole; so the bytes that arrive count as progress, and only a line that brings nothing lets the time run out. What is
 * waited for cannot lie behind more bytes than were asked for: beyond that many, bytes prove nothing any more.
 */
import { patienceBytesMax, progressBytesMin } from './limits/limits.ts'

export type Look = { readonly nowMs: number; readonly receivedBytes: number }

export class Patience {
  readonly #idleMsMax: number
  readonly #begun: Look
  #progress: Look

  constructor(idleMsMax: number, now: Look) {
    this.#idleMsMax = idleMsMax
    this.#begun = now
    this.#progress = now
  }

  /** Looks at what has arrived since the last look. */
  isOver(now: Look): boolean {
    this.#note(now)
    // Compared with what the caller waits for: a difference may be rounded to another side of the limit.
    return now.nowMs >= this.nextMs
  }

  /** When the next look can find that the wait is over. */
  get nextMs(): number {
    return this.#progress.nowMs + this.#idleMsMax
  }

  #note(now: Look): void {
    const { receivedBytes } = now
    if (receivedBytes - this.#begun.receivedBytes > patienceBytesMax) return
    if (receivedBytes - this.#progress.receivedBytes >= progressBytesMin) this.#progress = now
    // Bytes that have turned out to be another message count no more.
    else if (receivedBytes < this.#progress.receivedBytes)
      this.#progress = { nowMs: this.#progress.nowMs, receivedBytes }
  }
}
