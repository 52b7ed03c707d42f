/** Regions of three nodes under faults (nodes/nodes-world.ts). */
import { describe, expect, it } from 'vitest'
import { historyText } from '../linearizability/history.ts'
import { nodesFaultNames } from './nodes/nodes-faults.ts'
import { runNodes } from './nodes/run-nodes.ts'

/** All faults are met in these. In 17 a copy was read when its second place was taken, before the edits up to there were on its disk. */
const seeds = [6, 8, 16, 17, 25, 27]

describe('a region of three nodes under faults', () => {
  it(`keeps its promises, for seeds ${seeds.join(', ')}`, { timeout: 300_000 }, async () => {
    const met = new Set<string>()
    const counts = { ok: 0, unknown: 0, eventual: 0, terms: 0, copies: 0 }
    let trimmed = 0
    for (const seed of seeds) {
      const result = await runNodes({ seed })
      const told = `seed ${seed}: ${result.failure?.stack}\n${result.story.slice(-30).join('\n')}`
      expect(result.failure, told).toBeUndefined()
      for (const name of result.met.keys()) met.add(name)
      for (const name of ['ok', 'unknown', 'eventual', 'terms', 'copies'] as const) counts[name] += result.counts[name]
      trimmed += result.trimmed
    }
    // Work that is counted: a world in which nothing happens would hold as well.
    expect(nodesFaultNames.filter((name) => !met.has(name))).toEqual([])
    expect(counts.ok).toBeGreaterThan(2000)
    expect(counts.unknown).toBeGreaterThan(0)
    expect(counts.eventual).toBeGreaterThan(1000)
    expect(counts.terms).toBeGreaterThan(20)
    expect(counts.copies).toBeGreaterThan(1)
    expect(trimmed).toBeGreaterThan(1000)
  })

  it('goes the same way each time', { timeout: 300_000 }, async () => {
    const [first, second] = [await runNodes({ seed: 6 }), await runNodes({ seed: 6 })]
    expect(historyText(second.history)).toBe(historyText(first.history))
  })
})
