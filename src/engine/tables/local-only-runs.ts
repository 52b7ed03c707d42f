/**
 * Stretches of the log that hold nothing that may leave the region, as far as this process knows: what came from peers, and
 * writes to tables that no other region has. Readers of what leaves the region pass over them unread. What is not known here is
 * read; so nothing is kept of them over a restart.
 */
import type { Position } from '../../core/change/change.ts'
import { localOnlyRunsMax } from '../../core/limits/limits.ts'

type Run = { readonly first: Position; last: Position }

export class LocalOnlyRuns {
  /** In the log's order. */
  #runs: Run[] = []

  /** Positions are added as the log gives them, each greater than those before. */
  add(position: Position): void {
    const run = this.#runs.at(-1)
    if (run !== undefined && run.last === position - 1) run.last = position
    else this.#runs.push({ first: position, last: position })
    // Readers are mostly near the end; one that is further behind reads what it could have passed over.
    if (this.#runs.length > localOnlyRunsMax) this.#runs.splice(0, localOnlyRunsMax / 2)
  }

  /** The log ends at `position`: what was decided beyond it never was. */
  cut(position: Position): void {
    while ((this.#runs.at(-1)?.first ?? 0) > position) this.#runs.pop()
    const run = this.#runs.at(-1)
    if (run !== undefined) run.last = Math.min(run.last, position)
  }

  /** The stretch that has `position`, or the next one after it. */
  at(position: Position): Readonly<Run> | undefined {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs[middle] as Run).last < position) low = middle + 1
      else high = middle
    }
    return this.#runs[low]
  }
}
