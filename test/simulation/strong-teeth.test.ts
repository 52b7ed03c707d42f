/** Bugs that are put into strongly consistent tables: some seed finds each, by a promise that it breaks. */
import { afterEach, describe, it } from 'vitest'
import { AesKeySeal } from '../../src/adapters/encryption/key-seal.ts'
import { QuorumCopy } from '../../src/adapters/memory/quorum/memory-quorum-copy.ts'
import { decide } from '../../src/core/write/decide.ts'
import type { Write } from '../../src/core/write/write.ts'
import { OrderBook } from '../../src/engine/order/order-book.ts'
import { Runs } from '../../src/engine/order/quorum-runs.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { overriding } from './observed-engine.ts'
import { replaceMethod, restoreMethods } from './replaced-methods.ts'
import { itemIn } from './strong/requests.ts'
import { runStrong } from './strong/run-strong.ts'
import type { StrongVariant } from './strong/start-member.ts'
import { expectFound } from './teeth.ts'

const linearizable = 'strong operations are linearizable'
const sameStreams = 'streams are the same in every region'
const seedsMax = 40

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly knownSeed: number
  readonly variant?: StrongVariant
  /** Undone after the test. */
  readonly inject?: () => void
}

afterEach(restoreMethods)

/** The write as it is once its condition has been looked at here and now. */
function decidedEarly(engine: Engine, write: Write): Write {
  const table = engine.tableWithId(write.table)
  if (table === undefined || write.kind === 'check' || write.condition === undefined) return write
  const item = itemIn(engine.get(table, write.key))
  const current = item === undefined ? undefined : { item: () => item, sizeBytes: 0 }
  if ('refused' in decide(write, table, current)) return write
  const { condition: _looked, ...unconditional } = write
  return unconditional
}

const bugs: readonly Bug[] = [
  {
    bug: 'a strong read does not wait for what has a place by now',
    breaks: [linearizable],
    knownSeed: 7,
    variant: { member: (member) => ({ ...member, barrier: () => Promise.resolve() }) },
  },
  {
    bug: 'a condition is decided before the write has its place',
    breaks: [linearizable],
    knownSeed: 4,
    variant: {
      member: ({ engine, barrier }) => ({
        barrier,
        engine: overriding(engine, {
          commit: (writes) => engine.commit(writes.map((write) => decidedEarly(engine, write))),
        }),
      }),
    },
  },
  {
    bug: 'an append is placed before a majority has it',
    breaks: [linearizable, 'a minority answers nothing strong', 'no replica has to stop', sameStreams],
    knownSeed: 4,
    inject: () =>
      replaceMethod(
        QuorumCopy.prototype,
        'append',
        (usual) =>
          function append(this: QuorumCopy, entry, sinceMs, answer) {
            usual.call(this, entry, sinceMs, answer)
            // As if the others had answered that they have it.
            const [term, upTo] = [this.term, this.last]
            for (const member of this.members) this.receive(member, { kind: 'stored', term, upTo })
          },
      ),
  },
  {
    bug: 'an entry that was placed twice is decided twice',
    breaks: [linearizable],
    knownSeed: 5,
    inject: () =>
      replaceMethod(
        Runs.prototype,
        'accept',
        (usual) =>
          function accept(this: Runs, id) {
            usual.call(this, id)
            return true
          },
      ),
  },
  {
    bug: 'regions do not tell the same conflicts',
    breaks: [sameStreams, 'no replica has to stop', linearizable],
    knownSeed: 20,
    inject: () => {
      let asked = 0
      replaceMethod(
        OrderBook.prototype,
        'isUnknown',
        (usual) =>
          function isUnknown(this: OrderBook, stamp) {
            return usual.call(this, stamp) && ++asked % 2 === 0
          },
      )
    },
  },
  {
    bug: 'a region stamps what is ordered by its own clock',
    breaks: [sameStreams, 'no replica has to stop'],
    knownSeed: 20,
    variant: {
      order: (order, name) => ({
        append: (command) => order.append(command),
        barrier: () => order.barrier(),
        place: () => order.place?.() ?? { sequence: 0 },
        follow: (after, take, follower) =>
          order.follow(after, (ordered) => take({ ...ordered, atMs: ordered.atMs + name.length }), follower),
      }),
    },
  },
  {
    bug: 'entries are not sealed',
    breaks: ['a witness holds nothing readable'],
    knownSeed: 4,
    inject: () => {
      replaceMethod(AesKeySeal.prototype, 'seal', () => (_secret, _place, plain) => plain)
      replaceMethod(AesKeySeal.prototype, 'open', () => (_secret, _place, sealed) => sealed)
    },
  },
]

describe('the simulator finds that', () => {
  it.each(bugs)('$bug', { timeout: 300_000 }, async ({ bug, breaks, knownSeed, variant, inject }) => {
    inject?.()
    const run = (seed: number) => runStrong({ seed, ...(variant === undefined ? {} : { variant }) })
    await expectFound({ bug, breaks, knownSeed, seedsMax, run })
  })
})
