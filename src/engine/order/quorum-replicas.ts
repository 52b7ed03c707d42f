/**
 * What the replicas of a group say of themselves: the digest of their state at some entry, and the last entry that is durable there. A
 * replica whose digest differs from those of half of all replicas or more cannot be right, or cannot know that it is.
 */
import { quorumDigestsMax, quorumEntriesKeptMax, quorumTrimStep } from '../../core/limits/quorum-limits.ts'
import type { EntryHead } from './quorum-entry.ts'

export class QuorumReplicas {
  readonly #count: number
  /** Own digests, by entry. */
  readonly #digests = new Map<number, number>()
  readonly #durable = new Map<string, number>()
  readonly #differing = new Set<string>()
  #trimmed = 0

  constructor(count: number) {
    this.#count = count
  }

  /** The digests that follow are those of another history. */
  forget(): void {
    this.#digests.clear()
    this.#differing.clear()
  }

  /** This replica's own digest after the entry. */
  note(sequence: number, digest: number): void {
    this.#digests.set(sequence, digest)
    if (this.#digests.size <= quorumDigestsMax) return
    for (const [oldest] of this.#digests) {
      this.#digests.delete(oldest)
      return
    }
  }

  /** Returns the replicas that differ from this one, when they are too many. */
  hear(member: string, { place, digest, durable }: Pick<EntryHead, 'place' | 'digest' | 'durable'>): readonly string[] {
    this.#durable.set(member, Math.max(durable, this.#durable.get(member) ?? 0))
    const own = this.#digests.get(place)
    if (own === undefined) return []
    if (own === digest) this.#differing.delete(member)
    else this.#differing.add(member)
    return 2 * this.#differing.size >= this.#count ? [...this.#differing] : []
  }

  /** Up to where no replica needs the entries before `last`, when that is worth a trim; never what this replica does not have durably. */
  trimmable(last: number, own: number): number | undefined {
    const least = this.#durable.size < this.#count ? 0 : Math.min(...this.#durable.values())
    const upTo = Math.min(own, Math.max(least, last - quorumEntriesKeptMax))
    if (upTo < this.#trimmed + quorumTrimStep) return undefined
    this.#trimmed = upTo
    return upTo
  }
}
