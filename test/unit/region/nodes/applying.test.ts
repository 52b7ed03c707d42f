import { expect, test } from 'vitest'
import { MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import { ProcessClock, RegionClock } from '../../../../src/adapters/memory/region-clock.ts'
import { Scheduler } from '../../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import { nodeApplyRestMs } from '../../../../src/core/limits/nodes-limits.ts'
import { Applying } from '../../../../src/region/nodes/store/applying.ts'
import { firstPlace, type NodePlace } from '../../../../src/region/nodes/store/node-place.ts'
import { edit } from './nodes-world.ts'

type World = { readonly time: Scheduler; readonly applying: Applying; readonly durable: number[] }

function applying(work: (world: World) => Promise<void>): Promise<void> {
  const time = new Scheduler(new SeededRandom(1))
  const durable: number[] = []
  const store = new MemoryStore({ durable: async () => await time.sleep(1) })
  const clock = new ProcessClock(new RegionClock(time))
  const onDurable = ({ sequence }: NodePlace): void => void durable.push(sequence)
  const onFailed = (error: unknown): void => time.fail(error)
  return time.run(work({ time, durable, applying: new Applying({ store, clock, onDurable, onFailed }, firstPlace) }))
}

const place = (sequence: number): NodePlace => ({ ...firstPlace, sequence })
const edits = [edit('x', '1')]

test('a node that follows writes what comes after a rest at once, and gathers what comes soon afterwards', () =>
  applying(async ({ time, durable, applying: of }) => {
    for (let n = 1; n <= nodeApplyRestMs; n++) {
      of.add(edits, place(n))
      await time.sleep(1)
    }
    await time.sleep(nodeApplyRestMs)
    expect(durable.length).toBeLessThanOrEqual(3)
    expect(durable[0]).toBeLessThanOrEqual(2)
    expect(durable.at(-1)).toBe(nodeApplyRestMs)
  }))

test('what a request waits for is written at once, with all before it', () =>
  applying(async ({ time, durable, applying: of }) => {
    of.add(edits, place(1))
    await time.sleep(2)
    of.add(edits, place(2))
    await time.sleep(1)
    let isDone = false
    of.add(edits, place(3), () => (isDone = true))
    await time.sleep(2)
    expect([durable, isDone]).toEqual([[1, 3], true])
  }))

test.each([
  ['settling', (of: Applying) => of.settled(), [1, 2]],
  ['stopping', (of: Applying) => of.stop(), [1]],
] as const)('%s waits for no rest', (_, end, expected) =>
  applying(async ({ time, durable, applying: of }) => {
    of.add(edits, place(1))
    await time.sleep(2)
    of.add(edits, place(2))
    await time.sleep(1)
    const sinceMs = time.nowMs
    await end(of)
    expect(durable).toEqual(expected)
    expect(time.nowMs - sinceMs).toBeLessThan(nodeApplyRestMs / 2)
  }),
)
