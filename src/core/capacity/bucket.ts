/**
 * A token bucket: tokens come at a rate, up to what the burst holds. What a request costs is known only once it has run, so a request passes while there
 * is any token, and its debit may leave a debt; the next ones wait until that is paid.
 */
export type Rate = {
  readonly perSecond: number
  /** What an unused bucket holds, in seconds of its rate. */ readonly burstSeconds: number
}

export class Bucket {
  #tokens: number
  #atMs: number

  /** Full. */
  constructor(rate: Rate, nowMs: number) {
    this.#tokens = most(rate)
    this.#atMs = nowMs
  }

  /** The tokens by now, negative while there is a debt. A rate that has changed counts from the last call on. */
  available(rate: Rate, nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = Math.max(this.#atMs, nowMs)
    this.#tokens = Math.min(most(rate), this.#tokens + (rate.perSecond * elapsedMs) / 1000)
    return this.#tokens
  }

  /** No debt is larger than the burst, so that one request never shuts a table for longer than that takes to fill. */
  debit(units: number, rate: Rate, nowMs: number): void {
    this.#tokens = Math.max(-most(rate), this.available(rate, nowMs) - units)
  }
}

const most = ({ perSecond, burstSeconds }: Rate): number => perSecond * burstSeconds
