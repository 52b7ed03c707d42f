/**
 * Worlds with caches: their promises hold, and each way to get a cache wrong that somebody has taken before, put in from
 * outside, is found by some seed.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runSeed } from './run.ts'
import { expectFound } from './teeth.ts'
import { replace, restoreReplaced } from './replacing.ts'

const seedCount = 4

describe('a world of regions with caches keeps its promises', () => {
  it(`for seeds 1 to ${seedCount}`, { timeout: 300_000 }, async () => {
    let cachedReads = 0
    for (let seed = 1; seed <= seedCount; seed++) {
      const { failure, story, ...result } = await runSeed({ seed, caches: true })
      expect(
        failure === undefined ? undefined : [`seed ${seed}: ${failure.stack}`, ...story.slice(-40)].join('\n'),
      ).toBeUndefined()
      cachedReads += result.cachedReads
    }
    // There was something to be wrong about.
    expect(cachedReads).toBeGreaterThan(20 * seedCount)
  })
})

type Bug = {
  readonly bug: string
  /** Tried first, as in teeth.test.ts. */
  readonly knownSeed?: number
  /** Only these faults. */
  readonly only?: readonly string[]
  readonly breaks: readonly string[]
  readonly inject: () => void
}

const dax = '../../src/cache/core'
const seedsMax = 40
/** The version of the world that the known seeds are of. */
const world = 8

type Told = { readonly after: number; readonly changes: readonly { readonly key: unknown }[] }
type Decode = (payload: Buffer) => Told

const decoding = (change: (told: Told) => object): void =>
  replace('../../src/core/change/invalidation.ts', ({ decodeInvalidation }) => ({
    decodeInvalidation: (payload: Buffer) => {
      const told = (decodeInvalidation as Decode)(payload)
      return { ...told, ...change(told) }
    },
  }))

const bugs: readonly Bug[] = [
  {
    bug: 'what was read before the last change of its key is kept',
    knownSeed: 5,
    breaks: [
      'a cached read is not older than what was told',
      'a cache answers nothing of a table that has changed since',
    ],
    inject: () =>
      replace(`${dax}/fences.ts`, ({ Fences }) => ({
        Fences: class extends (Fences as new (max: number) => object) {
          admits(): boolean {
            return true
          }
        },
      })),
  },
  {
    bug: 'a hole in what the log tells is passed over',
    knownSeed: 47,
    breaks: [
      'a cache ends with what its region has',
      'a cached read is not older than its lease',
      'a cached read is not older than what was told',
    ],
    inject: () => decoding(() => ({ after: 0 })),
  },
  {
    bug: 'what is kept of a table survives the table',
    knownSeed: 12,
    breaks: ['a cache answers nothing of a table that has changed since'],
    inject: () => decoding(({ changes }) => ({ changes: changes.filter(({ key }) => key !== undefined) })),
  },
  {
    bug: 'hits are answered for ever after the log was heard once',
    knownSeed: 85,
    only: ['crash server', 'crash', 'isolate', 'cut all', 'stall link'],
    breaks: ['a cached read is not older than its lease'],
    inject: () => {
      const end = Number.POSITIVE_INFINITY
      replace(`${dax}/cache.ts`, ({ Cache }) => ({
        Cache: class extends (Cache as new (options: object) => { freshUntil(ms: number): void }) {
          override freshUntil(ms: number): void {
            super.freshUntil(ms > 0 ? end : ms)
          }
        },
      }))
    },
  },
  {
    bug: 'a read joins one that began before its key changed',
    breaks: [
      'a cached read is not older than what was told',
      'a cache answers nothing of a table that has changed since',
    ],
    inject: () =>
      replace(`${dax}/flights.ts`, ({ Flights }) => ({
        Flights: class extends (Flights as new (fences: object) => object) {
          constructor(fences: { serial: number }) {
            super(
              new Proxy(fences, {
                get: (target, name) => (name === 'toldSince' ? () => false : Reflect.get(target, name, target)),
              }),
            )
          }
        },
      })),
  },
  {
    bug: 'a write through the cache is kept at a later position than its own',
    breaks: [
      'a cached read is not older than what was told',
      'a cached read was true when it was read',
      'a cached read is not older than its lease',
      'a cache ends with what its region has',
    ],
    inject: () =>
      replace(`${dax}/cache.ts`, ({ Cache }) => ({
        Cache: class extends (Cache as new (options: object) => {
          wrote(who: string, writes: unknown, mark: unknown): void
        }) {
          override wrote(who: string, writes: unknown, mark: { place: { position: number } } | undefined): void {
            super.wrote(who, writes, mark === undefined ? mark : { ...mark, commits: [mark.place.position + 5] })
          }
        },
      })),
  },
]

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  for (const { bug, knownSeed, only, breaks, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      inject()
      const simulation = await import('./run.ts')
      const run = (seed: number) => simulation.runSeed({ seed, world, only, caches: true })
      await expectFound({ bug, breaks, knownSeed, seedsMax, run })
    })
})
