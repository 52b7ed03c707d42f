import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearScale, logarithmicScale, timeScale } from '../../../src/drills/report/forms/scale.ts'
import { binsOf, pairSeriesOf, quantile, serviceOf } from '../../../src/drills/report/statistics.ts'
import { operation } from './operations.ts'

const operations = fc.array(
  fc
    .record({ startMs: fc.nat(10_000), took: fc.nat(3000), ok: fc.boolean() })
    .map(({ startMs, took, ok }) =>
      operation(startMs, { endMs: startMs + took, fate: ok ? 'acknowledged' : 'unknown' }),
    ),
)

describe('figures of service', () => {
  it('availability is the share of requests that were answered in the end', () => {
    const found = serviceOf([
      operation(1),
      operation(2),
      operation(3, { fate: 'unknown' }),
      operation(4, { attempts: 2 }),
    ])
    expect(found).toMatchObject({ requests: 4, served: 3, availability: 75, retried: 1, p50Ms: 10 })
  })

  it('of no requests there is no availability, rather than a perfect one', () => {
    expect(serviceOf([])).toEqual({ requests: 0, served: 0, retried: 0, staleReads: 0, elsewhere: 0 })
  })

  it('bins have every request once', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 50, max: 2000 }), (all, binMs) => {
        const bins = binsOf(all, 0, 13_001, binMs)
        const { served, requests } = serviceOf(all)
        expect(bins.reduce((sum, bin) => sum + bin.served, 0)).toBe(served)
        expect(bins.reduce((sum, bin) => sum + bin.failed, 0)).toBe(requests - served)
      }),
    )
  })

  it('a quantile is one of the values, with that share of them up to it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const sorted = values.toSorted((a, b) => a - b)
          const found = quantile(sorted, share)
          expect(sorted).toContain(found)
          expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * sorted.length - 1e-6)
          expect(sorted.filter((value) => value < found).length).toBeLessThan(share * sorted.length + 1e-6)
        },
      ),
    )
  })
})

it('a pair has a gap where the region could not be asked, and its most is kept', () => {
  const peers = [{ peer: 'b', outbound: 'live', pending: 7, lagMs: 30, held: 0, safeToEvacuate: false }]
  const samples = [
    { region: 'a', atMs: 10, state: 'ready' as const, peers },
    { region: 'a', atMs: 150, state: 'down' as const },
    { region: 'a', atMs: 210, state: 'ready' as const, peers: [{ ...peers[0]!, pending: 3, lagMs: 90 }] },
  ]
  const [series] = pairSeriesOf(samples, 0, 300, 100)
  expect(series).toMatchObject({ from: 'a', to: 'b', pendingMost: 7, lagMsMost: 90 })
  expect(series?.points.map((point) => point?.pending ?? null)).toEqual([7, null, 3])
})

describe('axes are honest', () => {
  it('a linear axis begins at zero, goes past the most, and keeps proportions', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), (most) => {
        const { place, ticks } = linearScale(most, [0, 100])
        expect(ticks[0]).toBe(0)
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-6))
        expect(place(0)).toBe(0)
        expect(place(most / 2)).toBeCloseTo(place(most) / 2, 6)
        expect(ticks.length).toBeLessThan(12)
      }),
    )
  })

  it('a logarithmic axis has each line ten times the one before, and nothing leaves it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e5, noNaN: true }), (most) => {
        const { place, ticks } = logarithmicScale([1, most], [0, 100])
        for (const [index, tick] of ticks.slice(1).entries()) expect(tick / (ticks[index] ?? 1)).toBeCloseTo(10, 6)
        expect(place(most)).toBeLessThanOrEqual(100 + 1e-6)
        expect(place(0)).toBe(0)
      }),
    )
  })

  it('a time axis has a few round seconds', () => {
    expect(timeScale(37_000, [0, 100]).ticks).toEqual([0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000])
  })
})
