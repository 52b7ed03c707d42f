/**
 * Reads again, part by part, what this region's log holds of its own changes up to a position: for a peer that comes with
 * nothing, after the ledger has forgotten what all others had.
 */
import type { Position } from '../../../core/change/change.ts'
import { readStamp, type Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import { logPositionsMax } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import { nextPart } from './own-changes.ts'

type RecallEngine = Pick<
  Engine,
  'epoch' | 'flushed' | 'oldest' | 'region' | 'registers' | 'tableWithId' | 'visitOwnLog'
>

export type Entry = { readonly position: Position; readonly stamp: Stamp }

export class Recall {
  readonly #engine: RecallEngine
  readonly #found = new Map<TableId, Entry[]>()
  readonly upTo: Position
  #after: Position
  /** Nothing beyond this has been passed over because the log had let go of it. */
  wholeFrom: Position

  constructor(engine: RecallEngine, upTo: Position) {
    this.#engine = engine
    // The log may hold more for others than it would for a peer, and each change that is found takes memory.
    this.#after = Math.max(engine.oldest() - 1, upTo - logPositionsMax)
    this.wholeFrom = this.#after
    this.upTo = upTo
  }

  /** Reads one part. False when there is none. */
  readOn(): boolean {
    if (this.#after < this.#engine.oldest() - 1) this.wholeFrom = this.#after = this.#engine.oldest() - 1
    if (this.#after >= this.upTo) return false
    const { leaving, upTo } = nextPart(this.#engine, this.#after, this.upTo)
    for (const { position, table, row } of leaving) {
      if (position > this.upTo) continue
      const entries = this.#found.get(table) ?? []
      this.#found.set(table, entries)
      entries.push({ position, stamp: readStamp(row, 1) })
    }
    if (upTo === this.#after) return false
    this.#after = upTo
    return true
  }

  /** One table's entries after another, once all is read; undefined when there are no more. */
  take(): readonly [TableId, readonly Entry[]] | undefined {
    const next = this.#found.entries().next().value
    if (next !== undefined) this.#found.delete(next[0])
    return next
  }
}

/** The index of the first entry beyond the position; entries are in the log's order. */
export function firstBeyond(entries: readonly Entry[], position: Position): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle] as Entry).position <= position) low = middle + 1
    else high = middle
  }
  return low
}
