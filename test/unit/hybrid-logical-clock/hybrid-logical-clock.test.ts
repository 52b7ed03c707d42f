import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ClockState,
  clockZero,
  isAfter,
  receive,
  stampOf,
  tick,
} from '../../../src/core/hybrid-logical-clock/hybrid-logical-clock.ts'
import {
  compareStamps,
  counterMax,
  readStamp,
  type Stamp,
  wallMsMax,
  writeStamp,
} from '../../../src/core/hybrid-logical-clock/stamp.ts'

const state: fc.Arbitrary<ClockState> = fc.record({
  wallMs: fc.integer({ min: 0, max: wallMsMax - 1 }),
  counter: fc.integer({ min: 0, max: counterMax }),
})
const stamp: fc.Arbitrary<Stamp> = fc
  .tuple(state, fc.integer({ min: 0, max: 0xfffe }))
  .map(([clock, region]) => stampOf(clock, region))

describe('the hybrid logical clock', () => {
  it('takes the wall clock’s time when that is ahead, and counts when it is not', () => {
    expect(tick({ wallMs: 5, counter: 3 }, 9)).toEqual({ wallMs: 9, counter: 0 })
    expect(tick({ wallMs: 5, counter: 3 }, 5)).toEqual({ wallMs: 5, counter: 4 })
    expect(tick({ wallMs: 5, counter: 3 }, 1)).toEqual({ wallMs: 5, counter: 4 })
  })

  it('is past what it has received', () => {
    expect(receive({ wallMs: 5, counter: 3 }, { wallMs: 7, counter: 8 }, 6)).toEqual({ wallMs: 7, counter: 9 })
    expect(receive({ wallMs: 5, counter: 3 }, { wallMs: 5, counter: 8 }, 4)).toEqual({ wallMs: 5, counter: 9 })
    expect(receive({ wallMs: 5, counter: 3 }, { wallMs: 2, counter: 8 }, 4)).toEqual({ wallMs: 5, counter: 4 })
    expect(receive({ wallMs: 5, counter: 3 }, { wallMs: 7, counter: 8 }, 9)).toEqual({ wallMs: 9, counter: 0 })
  })

  it('borrows the next millisecond when its counter is full', () => {
    expect(tick({ wallMs: 5, counter: counterMax }, 5)).toEqual({ wallMs: 6, counter: 0 })
  })

  it('goes forward with every event, whatever the wall clock does', () => {
    const now = fc.integer({ min: 0, max: wallMsMax - 1 })
    fc.assert(
      fc.property(state, now, state, (before, nowMs, remote) => {
        expect(isAfter(tick(before, nowMs), before)).toBe(true)
        const received = receive(before, remote, nowMs)
        expect(isAfter(received, before) && isAfter(received, remote)).toBe(true)
      }),
    )
  })

  it('orders causes before effects, and stays within the skew of the clocks, over any exchange between regions', () => {
    const skewMs = 50
    const step = fc.record({ from: fc.nat({ max: 2 }), to: fc.nat({ max: 2 }), passMs: fc.nat({ max: 3 }) })
    const skews = fc.array(fc.integer({ min: -skewMs, max: skewMs }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), skews, (steps, skew) => {
        const clocks: ClockState[] = [clockZero, clockZero, clockZero]
        let trueMs = 1_000_000
        for (const { from, to, passMs } of steps) {
          trueMs += passMs
          const sent = tick(clocks[from] ?? clockZero, trueMs + (skew[from] ?? 0))
          clocks[from] = sent
          const received = receive(clocks[to] ?? clockZero, sent, trueMs + (skew[to] ?? 0))
          expect(isAfter(received, sent)).toBe(true)
          expect(received.wallMs - trueMs).toBeLessThanOrEqual(skewMs)
          clocks[to] = received
        }
      }),
    )
  })
})

describe('stamps', () => {
  it('read back as written, and their bytes are in their order', () => {
    fc.assert(
      fc.property(stamp, stamp, (a, b) => {
        const [x, y] = [Buffer.alloc(12), Buffer.alloc(12)]
        expect(writeStamp(x, 2, a)).toBe(12)
        writeStamp(y, 2, b)
        expect(readStamp(x, 2)).toEqual(a)
        expect(Math.sign(compareStamps(a, b))).toBe(Math.sign(Buffer.compare(x, y)))
      }),
    )
  })

  it('break ties by the region’s number', () => {
    expect(compareStamps({ wallMs: 1, counter: 1, region: 1 }, { wallMs: 1, counter: 1, region: 2 })).toBeLessThan(0)
  })

  it('are refused where they do not fit', () => {
    const target = Buffer.alloc(10)
    expect(() => writeStamp(target, 0, { wallMs: wallMsMax + 1, counter: 0, region: 1 })).toThrow('48 bits')
    expect(() => writeStamp(target, 0, { wallMs: 1, counter: counterMax + 1, region: 1 })).toThrow('16 bits')
  })
})
