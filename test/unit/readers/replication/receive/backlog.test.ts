import { array, assert, asyncProperty, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batch, encodeBatch } from '../../../../../src/core/change/batch.ts'
import { decodeRequest, encodeControl } from '../../../../../src/core/change/control.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import { backlogPartsUnderWayMax } from '../../../../../src/core/limits/limits.ts'
import { pullBacklog } from '../../../../../src/readers/replication/receive/backlog.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import { change } from '../change.ts'

const stamp = { wallMs: 1, counter: 0, region: 1 }
const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 0, body: Buffer.from('{}') })

const batchOf = (after: number, upTo: number): Batch => ({
  origin: 'us',
  originNumber: 1,
  epoch: 'e',
  after,
  upTo,
  changes: Array.from({ length: upTo - after }, (_, n) => ({ ...change(after + 1 + n), row })),
})

/** A peer with a log up to wherever one asks, which answers at most `most(n)` changes to the n-th question, each after `turns(n)`. */
function scene(most: (n: number) => number, turns: (n: number) => number) {
  const seen = { underWay: 0, most: 0, asked: 0, ms: 0 }
  const request = async (payload: Buffer): Promise<Buffer> => {
    const asked = decodeRequest(payload)
    if (asked.say !== 'log') throw new Error(asked.say)
    const n = seen.asked++
    seen.most = Math.max(seen.most, ++seen.underWay)
    for (let turn = turns(n); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
    seen.underWay--
    return encodeBatch(batchOf(asked.after, Math.min(asked.upTo ?? Infinity, asked.after + Math.max(1, most(n)))))
  }
  const parts: Batch[] = []
  const state = { goesOn: true }
  const backlog = {
    session: { request, pace: new Pace() },
    clock: { monotonicMs: () => seen.ms } as Parameters<typeof pullBacklog>[0]['clock'],
    region: 'eu',
    peer: { name: 'us', number: 1 },
    epoch: 'e',
    after: 10,
    upTo: 5000,
    onPart: (batch: Batch) => void parts.push(batch),
    goesOn: () => state.goesOn,
  }
  return { backlog, parts, seen, state, request }
}

describe('a backlog asked of the log', () => {
  it('comes whole and in order, however much an answer holds and whenever it comes', async () => {
    const numbers = array(integer({ min: 1, max: 300 }), { minLength: 1 })
    const waits = array(integer({ min: 0, max: 3 }), { minLength: 1 })
    await assert(
      asyncProperty(numbers, waits, integer({ min: 11, max: 3000 }), async (most, turns, upTo) => {
        const { backlog, parts, seen } = scene(
          (n) => most[n % most.length] as number,
          (n) => turns[n % turns.length] as number,
        )
        expect(await pullBacklog({ ...backlog, upTo })).toBe(true)
        const positions = parts.flatMap(({ changes }) => changes.map(({ position }) => position))
        expect(positions).toEqual(Array.from({ length: upTo - 10 }, (_, n) => 11 + n))
        expect(seen.most).toBeLessThanOrEqual(backlogPartsUnderWayMax + 1)
      }),
      { numRuns: 50 },
    )
  })

  it('is asked for in more and more parts at a time, and in no more of a peer that answers late', async () => {
    const fast = scene(
      () => 256,
      () => 1,
    )
    await pullBacklog({ ...fast.backlog, upTo: 40_000 })
    expect(fast.seen.most).toBe(backlogPartsUnderWayMax)
    const slow = scene(
      () => 256,
      () => 1,
    )
    const clock = { monotonicMs: () => (slow.seen.ms += 5000) } as typeof slow.backlog.clock
    await pullBacklog({ ...slow.backlog, clock })
    expect(slow.seen.most).toBe(8)
  })

  it('waits for room before the next part is handed on', async () => {
    const { backlog, parts, seen } = scene(
      () => 256,
      () => 0,
    )
    let deps = (): void => undefined
    const full = new Promise<void>((resolve) => (deps = resolve))
    const pulled = pullBacklog({
      ...backlog,
      onPart: (batch) => {
        parts.push(batch)
        return parts.length === 3 ? full : undefined
      },
    })
    while (parts.length < 3 || seen.underWay > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(parts.length).toBe(3)
    deps()
    expect(await pulled).toBe(true)
    expect(parts.at(-1)?.upTo).toBe(5000)
  })

  it('ends without an error when nobody wants it any more', async () => {
    const { backlog, parts, state } = scene(
      () => 256,
      () => 0,
    )
    const onPart = (batch: Batch): void => {
      parts.push(batch)
      state.goesOn = parts.length < 2
    }
    expect(await pullBacklog({ ...backlog, onPart })).toBe(false)
    expect(parts.length).toBe(2)
  })

  it('is an error where the log is gone, or the answer is of another log or another part', async () => {
    const { backlog, request } = scene(
      () => 256,
      () => 0,
    )
    const answering = (answer: (payload: Buffer) => Promise<Buffer>) =>
      pullBacklog({ ...backlog, session: { ...backlog.session, request: answer } })
    const gone = encodeControl({ say: 'gone', epoch: 'e', oldest: 100, flushed: 200 })
    await expect(answering(async () => gone)).rejects.toThrow('does not reach back')
    const others = [
      { ...batchOf(10, 20), epoch: 'f' },
      { ...batchOf(10, 20), origin: 'ap' },
      batchOf(11, 20),
      batchOf(5, 10),
    ]
    for (const other of others) await expect(answering(async () => encodeBatch(other))).rejects.toThrow(RangeError)
    await expect(answering(async (payload) => (await request(payload)).subarray(0, 50))).rejects.toThrow(RangeError)
  })
})
