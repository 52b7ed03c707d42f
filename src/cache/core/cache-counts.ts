/** What a cache counts, since it started. */
export class Figures {
  itemHits = 0
  itemMisses = 0
  queryHits = 0
  queryMisses = 0
  scanHits = 0
  scanMisses = 0
  /** Requests that are passed on whatever is kept: strongly consistent and transactional reads, and all reads while the log is not followed. */
  passedOn = 0
  /** Misses that had the answer of another's read. */
  coalesced = 0
  /** Answers that were not kept, because their key had changed since they were read. */
  missedMoments = 0
  /** Changes that the log has told. */
  told = 0
  /** Times that something may have been missed, and everything was forgotten. */
  cleared = 0
  errors = 0
  faults = 0
  throttled = 0
  /** Actions of DAX's clients that policies denied, or would deny where they are only looked at. */
  denied = 0
  /** Of GetItem that were answered the shortest way; the others by their operations. */
  hits = 0
  readonly #requests = new Map<string, number>()

  request(operation: string): void {
    this.#requests.set(operation, (this.#requests.get(operation) ?? 0) + 1)
  }

  requestsOf(operation: string): number {
    return (this.#requests.get(operation) ?? 0) + (operation === 'GetItem' ? this.hits : 0)
  }

  get requests(): number {
    return [...this.#requests.values()].reduce((sum, count) => sum + count, this.hits)
  }

  page(kind: 'query' | 'scan', hit: boolean): void {
    if (kind === 'query') this[hit ? 'queryHits' : 'queryMisses']++
    else this[hit ? 'scanHits' : 'scanMisses']++
  }
}
