import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { outagesOf, recoveriesOf } from '../../../src/drills/report/outages.ts'
import type { Operation } from '../../../src/drills/definition/drill-record.ts'
import { fault, operation } from './operations.ts'

const endMs = 60_000

/** A request every 100 ms, except that those that begin in [from, to) fail after 50 ms. */
function clientWithout(from: number, to: number, more: Partial<Operation> = {}): Operation[] {
  return Array.from({ length: endMs / 100 }, (_, index) => {
    const startMs = index * 100
    return startMs >= from && startMs < to
      ? operation(startMs, { endMs: startMs + 50, fate: 'unknown', attempts: 3, ...more })
      : operation(startMs, more)
  })
}

describe('RTO', () => {
  it('is the time from the fault to the first answer after which the client had two quiet seconds', () => {
    const [found] = recoveriesOf(clientWithout(10_000, 13_000), [fault(9_990, 30_000)], endMs)
    expect(found).toMatchObject({ home: 'a', interrupted: 1, clients: 1, rtoMs: 13_010 - 9_990, unserved: 0 })
  })

  it('is that of the client that was served again last', () => {
    const operations = [...clientWithout(10_000, 11_000), ...clientWithout(10_000, 15_000, { client: 'two' })]
    expect(recoveriesOf(operations, [fault(10_000, 30_000)], endMs)[0]).toMatchObject({ interrupted: 2, rtoMs: 5010 })
  })

  it('goes on while answers and failures take turns', () => {
    const operations = clientWithout(10_000, 10_100).map((each) =>
      each.startMs === 11_500 ? { ...each, fate: 'unknown' as const } : each,
    )
    expect(recoveriesOf(operations, [fault(10_000, 30_000)], endMs)[0]?.rtoMs).toBe(1610)
  })

  it('does not blame the fault for what begins after it has ended', () => {
    const [found] = recoveriesOf(clientWithout(40_000, 41_000), [fault(10_000, 20_000)], endMs)
    expect(found).toMatchObject({ interrupted: 0 })
    expect(found?.rtoMs).toBeUndefined()
  })

  it('counts a request that was under way and needed a second attempt', () => {
    const operations = [operation(9_900, { endMs: 11_500, attempts: 2 }), operation(12_000), operation(15_000)]
    expect(recoveriesOf(operations, [fault(10_000, 30_000)], endMs)[0]?.rtoMs).toBe(1500)
  })

  it('is missing when a client is never served again, which is told', () => {
    const [found] = recoveriesOf(clientWithout(10_000, endMs), [fault(10_000, undefined)], endMs)
    expect(found).toMatchObject({ unserved: 1 })
    expect(found?.rtoMs).toBeUndefined()
  })

  it('is told for every moment at which something broke, and faults of one step are one', () => {
    const faults = [fault(10_000, 12_000), fault(10_000, 12_000, { what: 'wipe: a' }), fault(30_000, 31_000)]
    expect(recoveriesOf(clientWithout(0, 0), faults, endMs).map((each) => each.fault)).toEqual([
      'kill: a, wipe: a',
      'kill: a',
    ])
  })

  it('never lies before the fault nor after the end of the failures by more than one request', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 99 }),
        (first, length, early) => {
          const from = first * 100
          const to = from + length * 100
          const faultMs = from - early
          const [found] = recoveriesOf(clientWithout(from, to), [fault(faultMs, to)], endMs)
          expect(found?.rtoMs).toBe(to + 10 - faultMs)
        },
      ),
    )
  })
})

describe('outages', () => {
  it('are from the first look without an answer to the first with one, and know the last before', () => {
    const states = ['ready', 'ready', 'down', 'not ready', 'ready', 'down'] as const
    const samples = states.map((state, index) => ({ region: 'a', atMs: index * 100, state }))
    expect(outagesOf(samples)).toEqual([
      { region: 'a', answeredMs: 100, fromMs: 200, toMs: 400 },
      { region: 'a', answeredMs: 400, fromMs: 500 },
    ])
  })
})
