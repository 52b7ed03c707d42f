/**
 * What of the order counts: which node leads, and which of the entries are taken. It follows from the entries alone, so it is the same in
 * every node, whatever their clocks say and however late each of them is.
 *
 *   lead      takes the next term, when the node that leads has placed nothing that the author had not seen
 *   batch     counts when it is of the present term and the next of it; so do beats
 *   resign    ends the term of the process that places it: the next `lead` of any node counts
 *   other     is passed over, as is everything of a term that is over, and everything that comes twice
 */
import { unreachable } from '../../core/assert.ts'
import { checksum } from '../../core/checksum.ts'
import type { BatchEntry, BeatEntry, LeadEntry, NodeEntry } from './node-entry.ts'
import { decodeEdits } from './node-entry.ts'
import { firstPlace, type NodePlace } from './store/node-place.ts'
import type { Edit } from '../../ports/store.ts'

/** What came of an entry. */
export type Verdict =
  | { readonly kind: 'led' }
  | { readonly kind: 'resigned' }
  /** The next of the term; `edits` with the last part of a batch. */
  | { readonly kind: 'accepted'; readonly n: number; readonly edits: readonly Edit[] | undefined }
  /** The node that leads has other edits up to here than this one. */
  | { readonly kind: 'differs' }
  | { readonly kind: 'noted'; readonly node: string; readonly durable: number }
  | { readonly kind: 'dropped' }

const dropped: Verdict = { kind: 'dropped' }

export class Terms {
  #place: NodePlace = firstPlace
  /** The first parts of a batch whose last part has not come. */
  #parts: Buffer[] = []
  /** Before the first of them: from there the entries are needed again. */
  #beforeParts: NodePlace = firstPlace

  load(place: NodePlace): void {
    this.#place = place
    this.#parts = []
  }

  get place(): NodePlace {
    return this.#place
  }

  /** What the store is up to when all accepted edits are in it. */
  get whole(): NodePlace {
    return this.#parts.length > 0 ? this.#beforeParts : this.#place
  }

  /** Undefined: bytes that are no entry. */
  take(sequence: number, entry: NodeEntry | undefined): Verdict {
    const before = this.#place
    this.#place = movedTo(before, sequence)
    if (entry === undefined) return dropped
    switch (entry.kind) {
      case 'lead':
        return this.#lead(sequence, entry)
      case 'batch':
      case 'beat':
        return this.#next(sequence, entry, before)
      case 'resign':
        return this.#resign(sequence, entry)
      case 'note':
        return { kind: 'noted', node: entry.node, durable: entry.durable }
      default:
        return unreachable(entry)
    }
  }

  #lead(sequence: number, { term, after, node, address, run }: LeadEntry): Verdict {
    const { term: present, placed } = this.#place
    if (term !== present + 1 || after < placed) return dropped
    this.#parts = []
    const leader = { node, address, run }
    this.#place = { ...this.#place, term, n: 0, placed: sequence, leader, isResigned: false }
    return { kind: 'led' }
  }

  #resign(sequence: number, { term, run }: { readonly term: number; readonly run: string }): Verdict {
    const { term: present, leader, isResigned } = this.#place
    if (term !== present || leader?.run !== run || isResigned) return dropped
    this.#place = { ...this.#place, placed: sequence, isResigned: true }
    return { kind: 'resigned' }
  }

  #next(sequence: number, entry: BatchEntry | BeatEntry, before: NodePlace): Verdict {
    const { term, n, isResigned } = this.#place
    if (entry.term !== term || entry.n !== n + 1 || isResigned) return dropped
    if (!this.#isNextPart(entry)) return dropped
    const digest = entry.kind === 'beat' ? this.#place.digest : digestAfter(this.#place.digest, entry.bytes)
    this.#place = { ...this.#place, n: entry.n, placed: sequence, digest }
    const edits = entry.kind === 'beat' ? undefined : this.#editsWith(entry, before)
    if (digest !== entry.digest || edits === 'unreadable') return { kind: 'differs' }
    return { kind: 'accepted', n: entry.n, edits }
  }

  /** A node places the parts of a batch one after another, and nothing between them. */
  #isNextPart(entry: BatchEntry | BeatEntry): boolean {
    return (entry.kind === 'beat' ? 0 : entry.part) === this.#parts.length
  }

  #editsWith({ part, of, bytes }: BatchEntry, before: NodePlace): readonly Edit[] | undefined | 'unreadable' {
    if (part === 0) this.#beforeParts = before
    if (part + 1 < of) {
      this.#parts.push(bytes)
      return undefined
    }
    const whole = part === 0 ? bytes : Buffer.concat([...this.#parts, bytes])
    this.#parts = []
    return decodeEdits(whole) ?? 'unreadable'
  }
}

/** From `wholeFrom` on, the rows of a copy are all of one moment. */
function movedTo(place: NodePlace, sequence: number): NodePlace {
  const isWhole = place.wholeFrom === undefined || sequence >= place.wholeFrom
  return { ...place, sequence, wholeFrom: isWhole ? undefined : place.wholeFrom }
}

/** Of all edits up to some entry and those of the next one. */
export const digestAfter = (digest: number, bytes: Buffer): number => checksum(bytes, 0, bytes.length, digest)
