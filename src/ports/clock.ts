export interface Clock {
  /** Milliseconds since 1970. May step in either direction; order is the hybrid logical clock's business. */
  wallMs(): number
  /** Milliseconds since some moment; never goes back. Fractions count. */
  monotonicMs(): number
  /** Runs `work` once after `ms`; the returned function cancels it. */
  after(ms: number, work: () => void): () => void
  sleep(ms: number): Promise<void>
}
