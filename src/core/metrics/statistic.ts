/** Statistics as requests name them, such as `Average`, `p99` or `tm90`, and what each is of a set of values. */
import { unreachable } from '../assert.ts'
import { valueOf } from './sketch.ts'
import type { StatisticSet } from './statistic-set.ts'

export type Statistic =
  | { readonly kind: 'plain'; readonly name: PlainStatistic }
  | { readonly kind: 'percentile'; readonly rank: number }
  /** Of the values between two ranks: their mean (tm), their mean with those beyond at the bound (wm), their count (tc) or their sum (ts). */
  | { readonly kind: 'trimmed'; readonly of: 'tm' | 'wm' | 'tc' | 'ts'; readonly from: number; readonly to: number }
  /** The part of the values within bounds, in percent. */
  | { readonly kind: 'rank'; readonly from: number; readonly to: number }

const plain = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const
export type PlainStatistic = (typeof plain)[number]

const percent = String.raw`(\d{1,2}(?:\.\d{1,10})?|100)`
const number = String.raw`(-?\d+(?:\.\d+)?)`
const percentilePattern = new RegExp(`^p${percent}$`)
const shortTrimmed = new RegExp(`^(tm|wm|tc|ts)${percent}$`)
const longTrimmed = new RegExp(String.raw`^(TM|WM|TC|TS)\((?:${percent}%)?:(?:${percent}%)?\)$`)
const rankPattern = new RegExp(String.raw`^PR\(${number}?:${number}?\)$`)

/** Undefined for what is no statistic. */
export function statisticNamed(text: string): Statistic | undefined {
  const named = plain.find((name) => name === text)
  if (named !== undefined) return { kind: 'plain', name: named }
  if (text === 'IQM') return { kind: 'trimmed', of: 'tm', from: 25, to: 75 }
  const percentile = percentilePattern.exec(text)
  if (percentile !== null) return { kind: 'percentile', rank: Number(percentile[1]) }
  const short = shortTrimmed.exec(text)
  if (short !== null) return { kind: 'trimmed', of: short[1] as 'tm', from: 0, to: Number(short[2]) }
  const long = longTrimmed.exec(text)
  if (long !== null && !(long[2] === undefined && long[3] === undefined))
    return {
      kind: 'trimmed',
      of: long[1]?.toLowerCase() as 'tm',
      from: Number(long[2] ?? 0),
      to: Number(long[3] ?? 100),
    }
  const rank = rankPattern.exec(text)
  if (rank === null || (rank[1] === undefined && rank[2] === undefined)) return undefined
  return { kind: 'rank', from: Number(rank[1] ?? -Infinity), to: Number(rank[2] ?? Infinity) }
}

/** Undefined where the values are only known by their sum. */
export function statisticOf(statistic: Statistic, set: StatisticSet): number | undefined {
  if (statistic.kind === 'plain') return plainOf(statistic.name, set)
  const buckets = bucketsOf(set)
  if (buckets === undefined) return undefined
  switch (statistic.kind) {
    case 'percentile':
      return percentileOf(statistic.rank, buckets, set)
    case 'trimmed':
      return trimmedOf(statistic, buckets, set)
    case 'rank':
      return rankOf(statistic, buckets, set)
    default:
      return unreachable(statistic)
  }
}

function plainOf(name: PlainStatistic, { count, sum, minimum, maximum }: StatisticSet): number {
  const values = { SampleCount: count, Average: sum / count, Sum: sum, Minimum: minimum, Maximum: maximum }
  return values[name]
}

type Bucket = { readonly value: number; readonly count: number }

/** From the least value to the greatest, none beyond the known bounds. */
function bucketsOf({ count, minimum, maximum, sketch }: StatisticSet): readonly Bucket[] | undefined {
  if (minimum === maximum) return [{ value: minimum, count }]
  return sketch?.map(([bucket, ofBucket]) => ({
    value: Math.min(Math.max(valueOf(bucket), minimum), maximum),
    count: ofBucket,
  }))
}

function percentileOf(rank: number, buckets: readonly Bucket[], { count, minimum, maximum }: StatisticSet): number {
  if (rank <= 0) return minimum
  if (rank >= 100) return maximum
  let wanted = (rank / 100) * count
  for (const bucket of buckets) {
    wanted -= bucket.count
    if (wanted <= 0) return bucket.value
  }
  return maximum
}

type Trimmed = Extract<Statistic, { kind: 'trimmed' }>

function trimmedOf({ of, from, to }: Trimmed, buckets: readonly Bucket[], set: StatisticSet): number | undefined {
  const [first, last] = [(from / 100) * set.count, (to / 100) * set.count]
  let at = 0
  let count = 0
  let sum = 0
  for (const bucket of buckets) {
    const within = Math.max(0, Math.min(at + bucket.count, last) - Math.max(at, first))
    count += within
    sum += within * bucket.value
    at += bucket.count
  }
  if (of === 'tc') return count
  if (of === 'ts') return sum
  if (of === 'tm') return count === 0 ? undefined : sum / count
  const below = first * percentileOf(from, buckets, set)
  const above = (set.count - last) * percentileOf(to, buckets, set)
  return (sum + below + above) / set.count
}

type Rank = Extract<Statistic, { kind: 'rank' }>

function rankOf({ from, to }: Rank, buckets: readonly Bucket[], { count }: StatisticSet): number {
  const within = buckets.reduce(
    (sum, bucket) => sum + (bucket.value > from && bucket.value <= to ? bucket.count : 0),
    0,
  )
  return (within / count) * 100
}
