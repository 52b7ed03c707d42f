/** Tables that are restored to random moments of their history, under faults (recovery.ts); and that the checker finds bugs that are put in. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { recoveryFaults } from './recovery.ts'
import { replace, restoreReplaced } from './replacing.ts'
import { runSeed } from './run.ts'
import { expectFound } from './teeth.ts'

const promise = 'a table is restored to any moment'
const seeds = 5

const options = (seed: number) => ({ seed, only: recoveryFaults, recovery: true, caches: false })

describe('point-in-time recovery', () => {
  it(`restores what the log says, for seeds 1 to ${seeds}`, { timeout: 300_000 }, async () => {
    let restored = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await runSeed(options(seed))
      expect(
        result.failure,
        `seed ${seed}: ${result.failure?.stack}\n${result.story.slice(-30).join('\n')}`,
      ).toBeUndefined()
      restored += result.restored
    }
    expect(restored).toBeGreaterThan(seeds)
  })
})

type Bug = { readonly bug: string; readonly breaks: readonly string[]; readonly inject: () => void }

const source = '../../src'

const bugs: readonly Bug[] = [
  {
    bug: 'some changes are archived with a time that is much later',
    breaks: [promise],
    inject: () =>
      replace(`${source}/core/archive/recovery.ts`, ({ encodeArchived }) => {
        let count = 0
        return {
          encodeArchived: (change: object) => {
            const archived = (encodeArchived as (of: object) => Buffer)(change)
            // Every seventh change is archived as one that is much later.
            if (++count % 7 === 0) archived.writeUIntBE(2 ** 47, 0, 6)
            return archived
          },
        }
      }),
  },
  {
    bug: 'a blob that is lost is read as an empty one',
    breaks: [promise],
    inject: () =>
      replace(`${source}/readers/archive/archived.ts`, ({ readBlob }) => ({
        readBlob: async (blobs: object, name: string) => {
          try {
            return await (readBlob as (of: object, name: string) => Promise<Buffer>)(blobs, name)
          } catch (error) {
            // The manifest stays, so that the rest goes on.
            if (name.endsWith('manifest') || (error as Error).name !== 'BlobUnusable') throw error
            return Buffer.alloc(0)
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
  for (const { bug, breaks, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      inject()
      const buggy = await import('./run.ts')
      const run = (seed: number) => buggy.runSeed(options(seed))
      await expectFound({ bug, breaks, knownSeed: undefined, seedsMax: 12, run })
    })
})
