/** What was served and how fast, in all and over time. */
import { groupBy } from '../definition/group-by.ts'
import type { Operation, RegionSample } from '../definition/drill-record.ts'

export type Service = {
  readonly requests: number
  readonly served: number
  /** Per cent; absent without requests. */
  readonly availability?: number | undefined
  readonly retried: number
  readonly staleReads: number
  readonly p50Ms?: number | undefined
  readonly p99Ms?: number | undefined
  readonly longestMs?: number | undefined
  /** How many were served by another region than the clients' own. */
  readonly elsewhere: number
}

export function serviceOf(operations: readonly Operation[]): Service {
  const served = operations.filter(({ fate }) => fate === 'acknowledged')
  const latencies = served.map(({ startMs, endMs }) => endMs - startMs).toSorted((a, b) => a - b)
  return {
    requests: operations.length,
    served: served.length,
    ...(operations.length === 0 ? {} : { availability: (100 * served.length) / operations.length }),
    retried: operations.filter(({ attempts }) => attempts > 1).length,
    staleReads: operations.filter(({ stale }) => stale === true).length,
    ...(latencies.length === 0
      ? {}
      : { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), longestMs: latencies.at(-1) }),
    elsewhere: served.filter(({ home, served: by }) => by !== home).length,
  }
}

/** The least value that is not exceeded by that share of them. Sorted, not empty. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

const z95 = 1.96

/** Wilson's interval of 95 %, in per cent: what the share may be when so many of so many were served. Undefined without requests. */
export function intervalOf(served: number, requests: number): readonly [low: number, high: number] | undefined {
  if (requests === 0) return undefined
  const share = served / requests
  const square = z95 * z95
  const middle = share + square / (2 * requests)
  const half = z95 * Math.sqrt((share * (1 - share)) / requests + square / (4 * requests * requests))
  const by = 1 + square / requests
  return [Math.max(0, (100 * (middle - half)) / by), Math.min(100, (100 * (middle + half)) / by)]
}

export type Bin = {
  readonly atMs: number
  readonly served: number
  readonly failed: number
  readonly p50Ms?: number | undefined
  readonly p99Ms?: number | undefined
}

/** By the moment at which requests ended; bins without requests too, so that silence is seen as such. */
export function binsOf(operations: readonly Operation[], fromMs: number, toMs: number, binMs: number): readonly Bin[] {
  const byBin = groupBy(operations, ({ endMs }) => Math.floor((endMs - fromMs) / binMs))
  const count = Math.max(1, Math.ceil((toMs - fromMs) / binMs))
  return Array.from({ length: count }, (_, index) => {
    const own = byBin.get(index) ?? []
    const { served, requests, p50Ms, p99Ms } = serviceOf(own)
    return { atMs: fromMs + index * binMs, served, failed: requests - served, p50Ms, p99Ms }
  })
}

export type PairPoint = { readonly atMs: number; readonly pending: number; readonly lagMs: number }

export type PairSeries = {
  readonly from: string
  readonly to: string
  /** Null where the source could not be asked; in JSON there is no other way to say nothing. */
  readonly points: readonly (PairPoint | null)[]
  readonly pendingMost: number
  readonly lagMsMost: number
}

/** The most in each bin, for each ordered pair of regions. */
export function pairSeriesOf(
  samples: readonly RegionSample[],
  fromMs: number,
  toMs: number,
  binMs: number,
): readonly PairSeries[] {
  const count = Math.max(1, Math.ceil((toMs - fromMs) / binMs))
  const told = samples.flatMap(({ region, atMs, peers = [] }) =>
    peers.map(({ peer, pending, lagMs }) => ({ pair: `${region}>${peer}`, atMs, pending, lagMs })),
  )
  return [...groupBy(told, ({ pair }) => pair)].map(([pair, own]) => {
    const [from = '', to = ''] = pair.split('>')
    const byBin = groupBy(own, ({ atMs }) => Math.floor((atMs - fromMs) / binMs))
    const points = Array.from({ length: count }, (_, index) => {
      const bin = byBin.get(index)
      if (bin === undefined) return null
      return {
        atMs: fromMs + index * binMs,
        pending: Math.max(...bin.map(({ pending }) => pending)),
        lagMs: Math.max(...bin.map(({ lagMs }) => lagMs)),
      }
    })
    return {
      from,
      to,
      points,
      pendingMost: own.reduce((most, { pending }) => Math.max(most, pending), 0),
      lagMsMost: own.reduce((most, { lagMs }) => Math.max(most, lagMs), 0),
    }
  })
}
