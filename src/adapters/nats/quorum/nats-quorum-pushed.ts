/** Entries that the leader has pushed, until it is their turn. Beyond the bounds they are dropped: the follower asks for what it lacks. */
import { quorumPushedBytesMax, quorumPushedMax } from '../../../core/limits/quorum-server-limits.ts'
import type { QuorumEntry } from '../../../ports/quorum.ts'

export class PushedEntries {
  readonly #entries = new Map<number, QuorumEntry>()
  #bytes = 0

  add(entry: QuorumEntry): void {
    if (this.#entries.has(entry.sequence) || this.#entries.size >= quorumPushedMax) return
    if (this.#bytes + entry.bytes.length > quorumPushedBytesMax) return
    this.#entries.set(entry.sequence, entry)
    this.#bytes += entry.bytes.length
  }

  /** Takes out the entries from this one on that follow each other, and forgets earlier ones. */
  from(sequence: number): readonly QuorumEntry[] {
    for (const earlier of this.#entries.keys()) if (earlier < sequence) this.#remove(earlier)
    const run: QuorumEntry[] = []
    for (let entry = this.#remove(sequence); entry !== undefined; entry = this.#remove(sequence + run.length))
      run.push(entry)
    return run
  }

  #remove(sequence: number): QuorumEntry | undefined {
    const entry = this.#entries.get(sequence)
    if (entry === undefined) return undefined
    this.#entries.delete(sequence)
    this.#bytes -= entry.bytes.length
    return entry
  }
}
