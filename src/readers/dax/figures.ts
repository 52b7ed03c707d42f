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
  requests = new Map<string, number>()

  page(kind: 'query' | 'scan', hit: boolean): void {
    if (kind === 'query') this[hit ? 'queryHits' : 'queryMisses']++
    else this[hit ? 'scanHits' : 'scanMisses']++
  }
}
