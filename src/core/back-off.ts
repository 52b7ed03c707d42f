/** How long to wait before another attempt: twice as long each time, up to a bound, and from the beginning again after a success. */
export class BackOff {
  readonly #minMs: number
  readonly #maxMs: number
  #ms: number

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#ms = minMs
  }

  /** Milliseconds; `mostMs` bounds this attempt, and the next ones by it, where less than the usual bound is to be waited. */
  next(mostMs: number = this.#maxMs): number {
    const ms = Math.min(mostMs, this.#ms)
    this.#ms = Math.min(this.#maxMs, ms * 2)
    return ms
  }

  reset(): void {
    this.#ms = this.#minMs
  }
}

/** Between a half and the whole of the wait, so that all that lost the same server do not come back at one moment. `fraction` is in [0, 1). */
export function spread(ms: number, fraction: number): number {
  return (ms * (1 + fraction)) / 2
}
