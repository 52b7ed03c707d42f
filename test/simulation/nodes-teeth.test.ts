/** Bugs that are put into a region of several nodes: some seed finds each, by a promise that it breaks. */
import { afterEach, describe, it } from 'vitest'
import { Applying } from '../../src/region/nodes/store/applying.ts'
import { Leading } from '../../src/region/nodes/leading.ts'
import type { NodePlace } from '../../src/region/nodes/store/node-place.ts'
import { Terms } from '../../src/region/nodes/terms.ts'
import type { Edit } from '../../src/ports/store.ts'
import { asNext, takesAs, takesFormerTerms } from './nodes/taking.ts'
import type { NodesVariant } from './nodes/nodes-world.ts'
import { runNodes } from './nodes/run-nodes.ts'
import { replaceMethod, restoredBy, restoreMethods } from './replaced-methods.ts'
import { expectFound } from './teeth.ts'

const linearizable = 'strong operations are linearizable'
const sameBytes = 'all nodes hold the same bytes'
const orderDecides = 'the order decides which node leads'
const inParts = 'no transaction is seen in parts'
const isPrefix = 'eventual reads are a prefix of the order'
const answersAgain = 'every node answers again'
const seedsMax = 40

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly knownSeed: number
  readonly variant?: NodesVariant
  /** Undone after the test. */
  readonly inject?: () => void
}

afterEach(restoreMethods)

/** Of the edits that lie in the bytes of a first part, those that are whole. */
function editsIn(bytes: Buffer): readonly Edit[] {
  const edits: Edit[] = []
  let at = 4
  while (at + 2 <= bytes.length) {
    const keyEnd = at + 2 + bytes.readUInt16BE(at)
    if (keyEnd + 4 > bytes.length) break
    const size = bytes.readUInt32BE(keyEnd)
    const end = keyEnd + 4 + (size === 0xffff_ffff ? 0 : size)
    if (end > bytes.length) break
    const value = size === 0xffff_ffff ? undefined : bytes.subarray(keyEnd + 4, end)
    edits.push({ key: bytes.subarray(at + 2, keyEnd), value })
    at = end
  }
  return edits
}

const bugs: readonly Bug[] = [
  {
    bug: 'strong reads do not wait until it is known that no other node leads',
    breaks: [linearizable],
    knownSeed: 85,
    variant: { member: (member) => ({ ...member, barrier: () => Promise.resolve() }) },
  },
  {
    bug: 'refusals do not wait until it is known that no other node leads',
    breaks: [linearizable],
    knownSeed: 210,
    variant: { isUnsure: true },
  },
  {
    bug: 'a node that does not say which term it knows is taken to know of no later one',
    breaks: [linearizable],
    knownSeed: 7,
    variant: { askTerm: (ask) => async (node) => (await ask(node)) ?? 0 },
  },
  {
    bug: 'batches of a term that is over are accepted',
    breaks: [linearizable, sameBytes, orderDecides, isPrefix, answersAgain],
    knownSeed: 9,
    inject: takesFormerTerms,
  },
  {
    bug: 'an entry that comes twice is accepted twice',
    breaks: [linearizable, sameBytes, orderDecides, isPrefix, answersAgain],
    knownSeed: 24,
    inject: () =>
      takesAs((entry, terms) => {
        const { term, n } = terms.place
        const isRepeat = entry.kind === 'batch' && entry.term === term && entry.n <= n
        return isRepeat ? asNext(entry, terms) : entry
      }),
  },
  {
    bug: 'a node takes over from one that it has not heard to the end',
    breaks: [orderDecides],
    knownSeed: 38,
    inject: () => takesAs((entry) => (entry.kind === 'lead' ? { ...entry, after: Infinity } : entry)),
  },
  {
    bug: 'a copy of a store serves before its rows are of one moment',
    breaks: [isPrefix, inParts, linearizable, sameBytes],
    knownSeed: 17,
    // With the entries that strong reads are then, more of them lie between the two places of a copy.
    variant: { askTerm: () => () => Promise.resolve(undefined) },
    inject: () => {
      const usual = Object.getOwnPropertyDescriptor(Applying.prototype, 'durable') as PropertyDescriptor
      const get = function get(this: Applying): NodePlace {
        return { ...(usual.get?.call(this) as NodePlace), wholeFrom: undefined }
      }
      Object.defineProperty(Applying.prototype, 'durable', { ...usual, get })
      restoredBy(() => Object.defineProperty(Applying.prototype, 'durable', usual))
    },
  },
  {
    bug: 'a part of a batch is applied alone',
    breaks: [inParts, linearizable, isPrefix, orderDecides],
    knownSeed: 54,
    inject: () =>
      replaceMethod(
        Terms.prototype,
        'take',
        (usual) =>
          function take(this: Terms, sequence, entry) {
            const verdict = usual.call(this, sequence, entry)
            const isFirst = entry?.kind === 'batch' && entry.of > 1 && entry.part === 0
            if (!isFirst || verdict.kind !== 'accepted') return verdict
            return { ...verdict, edits: editsIn(entry.bytes) }
          },
      ),
  },
  {
    bug: 'a write is answered when it has been sent',
    breaks: [linearizable],
    knownSeed: 7,
    inject: () =>
      replaceMethod(
        Leading.prototype,
        'write',
        (usual) =>
          function write(this: Leading, edits) {
            usual.call(this, edits).catch(() => undefined)
            return Promise.resolve()
          },
      ),
  },
]

describe('the simulator finds that', () => {
  it.each(bugs)('$bug', { timeout: 300_000 }, async ({ bug, breaks, knownSeed, variant, inject }) => {
    inject?.()
    const run = (seed: number) => runNodes({ seed, ...(variant === undefined ? {} : { variant }) })
    await expectFound({ bug, breaks, knownSeed, seedsMax, run })
  })
})
