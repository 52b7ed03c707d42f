/** Triggers under faults (trigger-watch.ts); and that the checker finds bugs that are put in. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Position } from '../../src/core/change/change.ts'
import type { ChangeStream, Shard } from '../../src/core/change-stream/change-stream.ts'
import { parseSequenceNumber } from '../../src/core/change-stream/sequence-number.ts'
import type { LaneProgress } from '../../src/core/triggers/mapping.ts'
import type { Functions } from '../../src/ports/functions.ts'
import { replace, restoreReplaced } from './replacing.ts'
import { runSeed } from './run.ts'
import { expectFound } from './teeth.ts'
import { triggerFaults } from './trigger-watch.ts'

const seeds = [4, 5, 6, 7, 10, 12, 20]
const handled = 'a trigger handles each record at least once'
const ordered = 'a trigger sends the records of an item in order'

const options = (seed: number) => ({ seed, only: triggerFaults, streams: true, triggers: true, caches: false })

describe('triggers', () => {
  it(`have each record handled, in its order, for seeds ${seeds.join(', ')}`, { timeout: 300_000 }, async () => {
    const triggered = { handled: 0, repeated: 0 }
    for (const seed of seeds) {
      const result = await runSeed(options(seed))
      expect(
        result.failure,
        `seed ${seed}: ${result.failure?.stack}\n${result.story.slice(-30).join('\n')}`,
      ).toBeUndefined()
      triggered.handled += result.triggered.handled
      triggered.repeated += result.triggered.repeated
    }
    expect(triggered.handled).toBeGreaterThan(100)
    expect(triggered.repeated).toBeGreaterThan(0)
  })
})

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly knownSeed: number
  readonly inject: () => void
}

const source = '../../src'
const seedsMax = 60

type Deps = {
  readonly functions: Functions
  readonly note: (isUrgent: boolean) => Promise<void>
  readonly stream: () => ChangeStream | undefined
  readonly shard: (stream: ChangeStream) => Shard | undefined
}
declare class Runner {
  constructor(deps: Deps, progress: LaneProgress)
  get progress(): LaneProgress
  get isFinished(): boolean
}
type RunnerClass = typeof Runner

const replaceRunner = (change: (usual: RunnerClass) => RunnerClass): void =>
  replace(`${source}/readers/triggers/lane-runner.ts`, ({ LaneRunner }) => ({
    LaneRunner: change(LaneRunner as RunnerClass),
  }))

/** The place is written down before the batch is answered. */
function hasty(LaneRunner: RunnerClass): RunnerClass {
  return class extends LaneRunner {
    readonly #place: { upTo: Position }

    constructor(deps: Deps, progress: LaneProgress) {
      const place = { upTo: 0 }
      const { functions, note } = deps
      const invoke: Functions['invoke'] = async (name, event, about) => {
        const { Records } = JSON.parse(event.toString()) as {
          readonly Records: readonly { readonly dynamodb: { readonly SequenceNumber: string } }[]
        }
        place.upTo = parseSequenceNumber(Records.at(-1)?.dynamodb.SequenceNumber ?? '')?.position ?? 0
        await note(true)
        return await functions.invoke(name, event, about)
      }
      super({ ...deps, functions: { all: () => functions.all(), invoke } }, progress)
      this.#place = place
    }

    override get progress(): LaneProgress {
      const told = super.progress
      return { ...told, after: Math.max(told.after, this.#place.upTo) }
    }
  }
}

/** The children of a shard begin once it ends, although it is not read to its end. */
function impatient(LaneRunner: RunnerClass): RunnerClass {
  return class extends LaneRunner {
    readonly #deps: Deps

    constructor(deps: Deps, progress: LaneProgress) {
      super(deps, progress)
      this.#deps = deps
    }

    override get isFinished(): boolean {
      const stream = this.#deps.stream()
      return super.isFinished || (stream !== undefined && this.#deps.shard(stream)?.upTo !== undefined)
    }
  }
}

type Settle = (lane: unknown, sent: unknown, outcome: { readonly kind: string }, settings: unknown) => unknown

const bugs: readonly Bug[] = [
  {
    bug: 'a place passes a batch that has failed',
    breaks: [handled],
    knownSeed: 10,
    inject: () =>
      replace(`${source}/core/triggers/trigger-lane.ts`, ({ settle }) => ({
        settle: (lane: unknown, sent: unknown, outcome: { readonly kind: string }, settings: unknown) =>
          (settle as Settle)(lane, sent, outcome.kind === 'failed' ? { kind: 'done' } : outcome, settings),
      })),
  },
  {
    bug: 'a place is written down before its batch is answered',
    breaks: [handled],
    knownSeed: 7,
    inject: () => replaceRunner(hasty),
  },
  {
    bug: 'a shard is read before its parent is read to its end',
    breaks: [ordered],
    knownSeed: 5,
    inject: () => replaceRunner(impatient),
  },
  {
    bug: 'a partial answer passes the first record that has failed',
    breaks: [handled, ordered],
    knownSeed: 18,
    inject: () =>
      replace(`${source}/core/triggers/function-response.ts`, ({ verdictOf }) => ({
        verdictOf: (...of: unknown[]) => {
          const verdict = (verdictOf as (...of: unknown[]) => { readonly kind: string; readonly from: number })(...of)
          const { sequences } = of[1] as { readonly sequences: readonly string[] }
          return verdict.kind === 'partly' && verdict.from + 1 < sequences.length
            ? { ...verdict, from: verdict.from + 1 }
            : verdict
        },
      })),
  },
]

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  for (const { bug, breaks, knownSeed, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      inject()
      const buggy = await import('./run.ts')
      const run = (seed: number) => buggy.runSeed(options(seed))
      await expectFound({ bug, breaks, knownSeed, seedsMax, run })
    })
})
