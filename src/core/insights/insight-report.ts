/** A report over the minutes of a rule, as GetInsightRuleReport gives it. */
import { Distinct } from './distinct.ts'
import type { InsightWindow } from './insight-window.ts'

/** By the time of their minute, from the oldest on. */
export type Windows = ReadonlyMap<number, InsightWindow>

export type Asked = {
  readonly startMs: number
  readonly endMs: number
  readonly periodMs: number
  readonly countMax: number
  readonly orderBy: 'Sum' | 'Maximum'
}

export type Contributor = {
  readonly key: string
  readonly sum: number
  readonly points: readonly { readonly atMs: number; readonly sum: number }[]
}

export type PeriodPoint = {
  readonly atMs: number
  readonly distinct: number
  readonly greatest: number
  readonly count: number
  readonly sum: number
  readonly minimum: number
  readonly maximum: number
}

export type InsightReport = {
  readonly sum: number
  readonly distinct: number
  readonly contributors: readonly Contributor[]
  readonly periods: readonly PeriodPoint[]
}

export function insightReport(windows: Windows, asked: Asked): InsightReport {
  const { startMs, endMs, periodMs, countMax, orderBy } = asked
  const all = new Distinct()
  const sums = new Map<string, Map<number, number>>()
  const periods = new Map<number, InsightWindow[]>()
  let sum = 0
  for (const [at, window] of windows) {
    if (at < startMs || at >= endMs) continue
    const period = startMs + Math.floor((at - startMs) / periodMs) * periodMs
    periods.set(period, [...(periods.get(period) ?? []), window])
    all.merge(window.distinct)
    sum += window.sum
    for (const { key, sum: own } of window.top) {
      const ofKey = sums.get(key) ?? new Map<number, number>()
      ofKey.set(period, (ofKey.get(period) ?? 0) + own)
      sums.set(key, ofKey)
    }
  }
  const contributors = [...sums].map(([key, points]) => contributorOf(key, points))
  const rank = ({ sum: whole, points }: Contributor): number =>
    orderBy === 'Sum' ? whole : Math.max(...points.map((point) => point.sum))
  return {
    sum,
    distinct: all.estimate,
    contributors: contributors.toSorted((a, b) => rank(b) - rank(a)).slice(0, countMax),
    periods: [...periods].map(([atMs, parts]) => periodOf(atMs, parts, sums)),
  }
}

function contributorOf(key: string, points: ReadonlyMap<number, number>): Contributor {
  const told = [...points].map(([atMs, sum]) => ({ atMs, sum }))
  return { key, sum: told.reduce((whole, { sum }) => whole + sum, 0), points: told }
}

function periodOf(
  atMs: number,
  parts: readonly InsightWindow[],
  sums: ReadonlyMap<string, ReadonlyMap<number, number>>,
): PeriodPoint {
  const distinct = new Distinct()
  for (const part of parts) distinct.merge(part.distinct)
  const total = (of: (window: InsightWindow) => number): number => parts.reduce((whole, part) => whole + of(part), 0)
  let greatest = 0
  for (const points of sums.values()) greatest = Math.max(greatest, points.get(atMs) ?? 0)
  return {
    atMs,
    distinct: distinct.estimate,
    greatest,
    count: total(({ count }) => count),
    sum: total(({ sum }) => sum),
    minimum: Math.min(...parts.map(({ minimum }) => minimum)),
    maximum: Math.max(...parts.map(({ maximum }) => maximum)),
  }
}
