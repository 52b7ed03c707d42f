/** Token buckets, growth and partitions in virtual time, by the figures of the developer guide. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { onDemandUnitsMin, splitAfterMs } from '../../../src/core/limits/capacity-limits.ts'
import { Bucket } from '../../../src/core/capacity/bucket.ts'
import { Growth } from '../../../src/core/capacity/growth.ts'
import { Partitions } from '../../../src/core/capacity/partitions.ts'
import { type Cause, ResourceCapacity, type Settings } from '../../../src/core/capacity/resource.ts'

const second = 1000
const minute = 60 * second

/** Requests of one unit each, evenly over each second: how many a second pass, and what refuses the others. */
function passing(
  capacity: ResourceCapacity,
  asked: {
    readonly settings: Settings
    readonly perSecond: number
    readonly hashes?: (n: number) => readonly number[]
  },
  [fromS, toS]: readonly [number, number],
): { readonly perSecond: number; readonly causes: readonly Cause[] } {
  const { settings, perSecond, hashes = () => [] } = asked
  const causes = new Set<Cause>()
  let passed = 0
  for (let n = 0; n < (toS - fromS) * perSecond; n++) {
    const nowMs = fromS * second + (n * second) / perSecond
    const request = { settings, direction: 'write', hashes: hashes(n) } as const
    const cause = capacity.refusal(request, nowMs)
    if (cause !== undefined) causes.add(cause)
    else {
      capacity.debit(request, 1, nowMs)
      passed++
    }
  }
  return { perSecond: passed / (toS - fromS), causes: [...causes] }
}

const provisioned = (writeUnits: number): Settings => ({ mode: 'PROVISIONED', units: { readUnits: 1, writeUnits } })

describe('a token bucket', () => {
  test('gives over any time no more than its burst and what came since, whatever is asked when', () => {
    const asks = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 40 })), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 300 }),
        asks,
        (perSecond, burstSeconds, all) => {
          const rate = { perSecond, burstSeconds }
          const bucket = new Bucket(rate, 0)
          let [nowMs, given, largest] = [0, 0, 0]
          for (const [laterMs, units] of all) {
            nowMs += laterMs
            largest = Math.max(largest, units)
            if (bucket.available(rate, nowMs) <= 0) continue
            bucket.debit(units, rate, nowMs)
            given += units
          }
          // The last request may leave a debt; one larger than the burst is let off.
          const comes = perSecond * burstSeconds + (perSecond * nowMs) / second
          const letOff = all.filter(([, units]) => units > perSecond * burstSeconds).length * largest
          expect(given).toBeLessThanOrEqual(comes + largest + letOff)
        },
      ),
    )
  })

  test('is not filled by a clock that goes back', () => {
    const rate = { perSecond: 10, burstSeconds: 1 }
    const bucket = new Bucket(rate, 5000)
    bucket.debit(10, rate, 5000)
    expect(bucket.available(rate, 1000)).toBe(0)
    expect(bucket.available(rate, 5500)).toBe(5)
  })
})

describe('provisioned throughput', () => {
  test('serves 300 seconds of what was unused as a burst, then what is provisioned', () => {
    const capacity = new ResourceCapacity(provisioned(10), 0)
    const burst = passing(capacity, { settings: provisioned(10), perSecond: 110 }, [0, 30])
    expect(burst).toEqual({ perSecond: 110, causes: [] })
    const after = passing(capacity, { settings: provisioned(10), perSecond: 110 }, [31, 131])
    expect(after.causes).toEqual(['ProvisionedThroughput'])
    expect(after.perSecond).toBeGreaterThan(9.9)
    expect(after.perSecond).toBeLessThan(10.5)
  })

  test('lets one hot key use what the others leave, up to a partition’s thousand writes a second', () => {
    const settings = provisioned(4000)
    const capacity = new ResourceCapacity(settings, 0)
    const hot = { settings, perSecond: 2000, hashes: () => [7] }
    const { perSecond, causes } = passing(capacity, hot, [0, 20])
    expect(causes).toEqual(['KeyRangeThroughput'])
    expect(perSecond).toBeGreaterThan(990)
    expect(perSecond).toBeLessThan(1100)
  })

  test('that is raised counts from then on', () => {
    const capacity = new ResourceCapacity(provisioned(1), 0)
    passing(capacity, { settings: provisioned(1), perSecond: 100 }, [0, 10])
    const raised = passing(capacity, { settings: provisioned(50), perSecond: 100 }, [10, 60])
    expect(raised.perSecond).toBeGreaterThan(49)
    expect(raised.perSecond).toBeLessThan(52)
  })
})

describe('capacity on demand', () => {
  const settings: Settings = { mode: 'PAY_PER_REQUEST' }

  test('serves 4,000 writes a second of a new table', () => {
    const spread = (n: number) => [(n * 0x9e3779b1) >>> 0]
    const { perSecond, causes } = passing(
      new ResourceCapacity(settings, 0),
      { settings, perSecond: 6000, hashes: spread },
      [0, 10],
    )
    expect(causes).toEqual(['KeyRangeThroughput'])
    expect(perSecond).toBeGreaterThan(3900)
    expect(perSecond).toBeLessThan(4500)
  })

  test('keeps to the maximum that the table was given, and to what is warm', () => {
    const limited: Settings = { ...settings, maxWriteUnits: 5 }
    expect(passing(new ResourceCapacity(limited, 0), { settings: limited, perSecond: 50 }, [0, 20])).toMatchObject({
      causes: ['MaxOnDemandThroughput'],
    })
    const warm: Settings = { ...settings, warm: { readUnits: 12_000, writeUnits: 9000 } }
    expect(passing(new ResourceCapacity(warm, 0), { settings: warm, perSecond: 8000 }, [0, 5]).causes).toEqual([])
  })

  test('grows to twice a peak once that is half an hour old, and stays', () => {
    const growth = new Growth()
    const atLeast = onDemandUnitsMin.write
    growth.note(60 * 3000, 0)
    expect(growth.perSecond(atLeast, 29 * minute)).toBe(4000)
    expect(growth.perSecond(atLeast, 31 * minute)).toBe(6000)
    expect(growth.perSecond(atLeast, 40 * 24 * 60 * minute)).toBe(6000)
  })

  test('beyond the table’s quota it is the account’s limit that refuses', () => {
    const capacity = new ResourceCapacity(settings, 0)
    const request = { settings, direction: 'write', hashes: [] } as const
    capacity.debit(request, 40_000, 0)
    expect(capacity.refusal(request, 0)).toBe('AccountLimit')
  })
})

describe('partitions', () => {
  test('that stay hot are split while both halves are used, and then serve more', () => {
    const partitions = new Partitions(1, 0)
    const keys = [1, 2 ** 31 + 1]
    let served = 0
    const run = (fromMs: number, toMs: number): number => {
      const before = served
      for (let nowMs = fromMs; nowMs < toMs; nowMs += 0.5) {
        const key = keys[Math.floor(nowMs) % 2] as number
        if (partitions.available(key, 'write', nowMs) <= 0) continue
        partitions.debit(key, 'write', 1, nowMs)
        served++
      }
      return (served - before) / ((toMs - fromMs) / second)
    }
    expect(run(0, 20 * second)).toBeLessThan(1100)
    run(20 * second, splitAfterMs + 5 * second)
    expect(partitions.count).toBe(2)
    expect(run(70 * second, 80 * second)).toBeGreaterThan(1900)
  })

  test('with one hot key are not split for it alone', () => {
    const partitions = new Partitions(1, 0)
    for (let nowMs = 0; nowMs < 3 * splitAfterMs; nowMs += 0.5)
      if (partitions.available(5, 'write', nowMs) > 0) partitions.debit(5, 'write', 1, nowMs)
    expect(partitions.count).toBe(1)
  })

  test('cover every hash once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (count, hash) => {
        const partitions = new Partitions(count, 0)
        partitions.debit(hash, 'write', 1000, 0)
        expect(partitions.available(hash, 'write', 0)).toBe(0)
        expect(partitions.available(hash, 'read', 0)).toBe(3000)
      }),
    )
  })
})
