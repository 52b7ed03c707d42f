/** Bugs in what the nodes of a region take of their order, which tests put in. */
import type { NodeEntry } from '../../../src/region/nodes/node-entry.ts'
import { digestAfter, Terms } from '../../../src/region/nodes/terms.ts'
import { replaceMethod } from '../replaced-methods.ts'

/** Entries are taken as `as` makes them of what was placed. */
export const takesAs = (as: (entry: NodeEntry, terms: Terms) => NodeEntry): void =>
  replaceMethod(
    Terms.prototype,
    'take',
    (usual) =>
      function take(this: Terms, sequence, entry) {
        return usual.call(this, sequence, entry === undefined ? entry : as(entry, this))
      },
  )

/** As if it were the next of the present term. */
export function asNext(entry: NodeEntry, { place: { term, n, digest } }: Terms): NodeEntry {
  if (entry.kind === 'beat') return { ...entry, term, n: n + 1, digest }
  if (entry.kind === 'batch') return { ...entry, term, n: n + 1, digest: digestAfter(digest, entry.bytes) }
  return entry
}

/** Batches of a term that is over are accepted. */
export const takesFormerTerms = (): void =>
  takesAs((entry, terms) =>
    (entry.kind === 'batch' || entry.kind === 'beat') && entry.term < terms.place.term ? asNext(entry, terms) : entry,
  )
