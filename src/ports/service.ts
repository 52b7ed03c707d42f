/** Something that runs: a loop over the log, a watch, a server. Making one starts nothing. */
export interface Service {
  start(): Promise<void> | void
  /** Resolves when it has ended: it does nothing more. A service that was never started stops at once. */
  stop(): Promise<void> | void
}
