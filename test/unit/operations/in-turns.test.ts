import { describe, expect, test } from 'vitest'
import { readsBegunMax, readsByTurnsMax } from '../../../src/core/limits/limits.ts'
import type { Turns } from '../../../src/core/turns.ts'
import { inTurns } from '../../../src/operations/in-turns.ts'
import type { OperationContext } from '../../../src/operations/operation.ts'

/** Time passes when the test says so. */
function region() {
  let sleepers: (() => void)[] = []
  const clock = { sleep: async () => await new Promise<void>((resolve) => sleepers.push(resolve)) }
  return {
    context: { env: { clock }, engine: {} } as unknown as OperationContext,
    turn: async () => {
      const due = sleepers
      sleepers = []
      for (const wake of due) wake()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

type Read = { turns: number; done: boolean; failed: boolean }

function reads(count: number, context: OperationContext, turnsWanted: (n: number) => number, failing = -1) {
  const all: Read[] = Array.from({ length: count }, () => ({ turns: 0, done: false, failed: false }))
  function* work(read: Read, n: number): Turns<void> {
    for (let turn = 1; turn <= turnsWanted(n); turn++) {
      read.turns++
      if (n === failing) throw new Error('this one fails')
      if (turn < turnsWanted(n)) yield
    }
    read.done = true
  }
  const results = all.map(async (read, n) => {
    try {
      await inTurns(work(read, n), context)
    } catch {
      read.failed = true
    }
  })
  return { all, results }
}

describe('reads that need several turns', () => {
  test('hold what they have gathered only so many at a time, and all come to their end in order', async () => {
    const { context, turn } = region()
    const { all, results } = reads(200, context, () => 3)
    const held = (): number => all.filter(({ turns, done }) => turns > 0 && !done).length
    const going = (): number => all.filter(({ turns, done }) => turns > 1 && !done).length
    expect(held()).toBe(readsBegunMax)
    for (let n = 0; n < 400 && all.some(({ done }) => !done); n++) {
      await turn()
      expect(held()).toBeLessThanOrEqual(readsBegunMax)
      expect(going()).toBeLessThanOrEqual(readsByTurnsMax)
    }
    await Promise.all(results)
    expect(all.every(({ done }) => done)).toBe(true)
  })

  test('let those that need one turn be done at once, and do not lose those that wait when some fail', async () => {
    const { context, turn } = region()
    const small = reads(1, context, () => 1)
    expect(small.all[0]?.done).toBe(true)
    const { all, results } = reads(
      readsBegunMax + 60,
      context,
      (n) => (n < readsBegunMax ? 2 : 1 + (n % 3)),
      readsBegunMax + 1,
    )
    for (let n = 0; n < 400 && all.some(({ done, failed }) => !done && !failed); n++) await turn()
    await Promise.all(results)
    expect(all.filter(({ failed }) => failed)).toHaveLength(1)
    expect(all.filter(({ done }) => done)).toHaveLength(all.length - 1)
  })
})
