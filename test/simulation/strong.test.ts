/** Strongly consistent tables under faults (strong/strong-world.ts); and that the checkers find bugs that are put in. */
import { describe, expect, it, vi } from 'vitest'
import { historyText } from '../linearizability/history.ts'
import { runStrong } from './strong/run-strong.ts'
import { strongFaultNames } from './strong/strong-faults.ts'

const seedCount = 9

describe('strongly consistent tables under faults', () => {
  it(`keep their promises, for seeds 1 to ${seedCount}`, { timeout: 300_000 }, async () => {
    const met = new Set<string>()
    const counts = { strong: 0, unknownAlone: 0, eventualAlone: 0 }
    for (let seed = 1; seed <= seedCount; seed++) {
      const result = await runStrong({ seed })
      const told = `seed ${seed}: ${result.failure?.stack}\n${result.story.slice(-30).join('\n')}`
      expect(result.failure, told).toBeUndefined()
      for (const name of result.met.keys()) met.add(name)
      for (const name of ['strong', 'unknownAlone', 'eventualAlone'] as const) counts[name] += result.counts[name]
    }
    // Work that is counted: a world in which nothing happens would hold as well.
    expect(strongFaultNames.filter((name) => !met.has(name))).toEqual([])
    expect(counts.strong).toBeGreaterThan(3000)
    expect(counts.unknownAlone).toBeGreaterThan(0)
    expect(counts.eventualAlone).toBeGreaterThan(50)
  })

  it('are served by a stream that is trimmed all the time, for a few seeds', { timeout: 300_000 }, async () => {
    vi.resetModules()
    const limits = '../../src/core/quorum-limits.ts'
    vi.doMock(limits, async (original) => ({ ...(await original<Record<string, unknown>>()), quorumTrimStep: 8 }))
    const trimming = await import('./strong/run-strong.ts')
    let trimmed = 0
    for (const seed of [4, 5, 7, 11]) {
      const result = await trimming.runStrong({ seed })
      expect(result.failure, `seed ${seed}: ${result.failure?.stack}`).toBeUndefined()
      trimmed += result.trimmed
    }
    vi.doUnmock(limits)
    expect(trimmed).toBeGreaterThan(200)
  })

  it('go the same way each time', { timeout: 300_000 }, async () => {
    const [first, second] = [await runStrong({ seed: 7 }), await runStrong({ seed: 7 })]
    expect(historyText(second.history)).toBe(historyText(first.history))
  })
})
