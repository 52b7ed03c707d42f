import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DelayQueue } from '../../../../src/links/lane/delay-queue.ts'

const arrivals = fc.array(fc.record({ waitMs: fc.nat(50), delayMs: fc.nat(200), sizeBytes: fc.nat(1000) }), {
  maxLength: 200,
})

describe('a delay queue', () => {
  test('gives everything back in order, and never before its delay is over', () => {
    fc.assert(
      fc.property(arrivals, (list) => {
        const queue = new DelayQueue<number>()
        let nowMs = 0
        const earliest = list.map(({ waitMs, delayMs, sizeBytes }, index) => {
          nowMs += waitMs
          queue.put(index, sizeBytes, nowMs + delayMs)
          return nowMs + delayMs
        })
        const taken: number[] = []
        for (let dueMs = queue.nextDueMs; dueMs !== undefined; dueMs = queue.nextDueMs) {
          expect(queue.take(dueMs - 0.001)).toBeUndefined()
          const index = queue.take(dueMs)
          if (index === undefined) throw new Error('nothing came out although it was due')
          expect(dueMs).toBeGreaterThanOrEqual(earliest[index] ?? Infinity)
          taken.push(index)
        }
        expect(taken).toEqual(list.map((_, index) => index))
        expect(queue.sizeBytes).toBe(0)
      }),
    )
  })
})
