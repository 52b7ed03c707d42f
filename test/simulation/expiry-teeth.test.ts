/** The teeth of the checkers of items that expire (expiring.ts), as in teeth.test.ts: each bug is put in from outside, and some seed must find it. */
import { afterEach, describe, it, vi } from 'vitest'
import type { Row } from '../../src/core/item/row.ts'
import { replace, restoreReplaced } from './replacing.ts'
import { expectFound } from './teeth.ts'

type Bug = {
  readonly bug: string
  readonly breaks: readonly string[]
  readonly seedsMax: number
  readonly knownSeed: number
  readonly inject: () => void
}

const world = 10
const core = '../../src/core'

type State = { readonly topology: { readonly self: { readonly number: number } } }
type Change = { readonly before: Buffer | undefined; readonly after: Row | undefined }
type Edit = (state: State, group: unknown, change: Change) => void

/** The expiry index with another way to follow a change of a row. */
function editing(edit: (usual: Edit) => Edit): void {
  replace('../../src/engine/derived/expiry-rows.ts', ({ expiryRows }) => {
    const usual = expiryRows as { readonly edit: Edit }
    return { expiryRows: { ...usual, edit: edit(usual.edit) } }
  })
}

const bugs: readonly Bug[] = [
  {
    bug: 'items are deleted an hour before they expire',
    breaks: ['only expired items expire'],
    seedsMax: 60,
    knownSeed: 16,
    inject: () =>
      replace(`${core}/item/item-expiry.ts`, ({ expiredSeconds }) => ({
        expiredSeconds: (now: number) => (expiredSeconds as (at: number) => object)(now + 3600),
      })),
  },
  {
    bug: 'the time of an item stays in the expiry index when the item changes',
    breaks: ['the expiry index equals a rebuild', 'expired items go'],
    seedsMax: 60,
    knownSeed: 17,
    inject: () => editing((usual) => (state, group, change) => usual(state, group, { ...change, before: undefined })),
  },
  {
    bug: 'the expiry index does not follow what comes from peers',
    breaks: ['the expiry index equals a rebuild', 'expired items go'],
    seedsMax: 60,
    knownSeed: 16,
    inject: () =>
      editing((usual) => (state, group, change) => {
        if (change.after === undefined || change.after.stamp.region === state.topology.self.number)
          usual(state, group, change)
      }),
  },
]

afterEach(() => {
  restoreReplaced()
  vi.resetModules()
})

describe('the simulator finds that', () => {
  for (const { bug, breaks, seedsMax, knownSeed, inject } of bugs)
    it(bug, { timeout: 300_000 }, async () => {
      vi.resetModules()
      inject()
      const { runSeed } = await import('./run.ts')
      const run = (seed: number) => runSeed({ seed, world })
      await expectFound({ bug, breaks, knownSeed, seedsMax, run })
    })
})
