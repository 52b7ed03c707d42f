/** A cache's line to the log of its region. It may be cut, be silent, or lose what is said: the positions that travel on it show that. */
export interface CacheSession {
  /** A question to the region's node; rejects after `timeoutMs`. */
  ask(payload: Buffer, timeoutMs: number): Promise<Buffer>
  /** Resolves once, with the reason, when the connection has ended. */
  readonly closed: Promise<string>
  close(): Promise<void>
}

export interface CacheLine {
  /** `onInvalidation` is called in order, until the session is closed. Rejects when the bus cannot be reached. */
  connect(onInvalidation: (payload: Buffer) => void): Promise<CacheSession>
}
