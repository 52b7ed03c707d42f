/** An hour of points of all metrics, as text: a line for each metric and unit, which begins with the length of their names and with them, so that
 * others need not be parsed. */
import { metricBlockBytesMax } from '../limits/metric-limits.ts'
import { type MetricId, type MetricRef, refOf } from './metric.ts'
import { setOf, type StatisticSet, type StatisticTuple, tupleOf } from './statistic-set.ts'

export type BlockSeries = MetricRef & {
  /** By the minute of the hour. */
  readonly minutes: ReadonlyMap<number, StatisticSet>
}

type Line = readonly [
  namespace: string,
  name: string,
  dimensions: readonly (readonly [string, string])[],
  unit: string,
  minutes: readonly (readonly [minute: number, ...tuple: StatisticTuple])[],
]

/** Returns how many series had to be left out, beside the text. */
export function writeBlock(all: readonly BlockSeries[]): { readonly text: string; readonly leftOut: number } {
  const whole = linesOf(all, false)
  const lines = sizeOf(whole) <= metricBlockBytesMax ? whole : linesOf(all, true)
  const kept: string[] = []
  let sizeBytes = 0
  for (const line of lines) {
    sizeBytes += Buffer.byteLength(line) + 1
    if (sizeBytes > metricBlockBytesMax) break
    kept.push(line)
  }
  return { text: kept.map((line) => `${line}\n`).join(''), leftOut: lines.length - kept.length }
}

const sizeOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0)

function linesOf(all: readonly BlockSeries[], withoutSketches: boolean): readonly string[] {
  return all.map(({ metric, unit, minutes }) => {
    const told = [...minutes].map(([minute, set]) => [minute, ...tupleOf(withoutSketches ? bare(set) : set)])
    const head = headOf(metric, unit)
    return `${head.length} ${head}${JSON.stringify(told)}]`
  })
}

const bare = ({ count, sum, minimum, maximum }: StatisticSet): StatisticSet => ({ count, sum, minimum, maximum })

function headOf({ namespace, name, dimensions }: MetricId, unit: string): string {
  const pairs = dimensions.map((dimension) => [dimension.name, dimension.value])
  return `${JSON.stringify([namespace, name, pairs, unit]).slice(0, -1)},`
}

/** Those that are asked for, or all; a line that cannot be read is passed over. */
export function readBlock(text: string, wanted?: readonly MetricRef[]): BlockSeries[] {
  const heads = wanted && new Set(wanted.map(({ metric, unit }) => headOf(metric, unit)))
  const found: BlockSeries[] = []
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end
    const start = text.indexOf(' ', at) + 1
    const head = text.slice(start, start + Number(text.slice(at, start)))
    if (heads === undefined || heads.has(head)) {
      const series = seriesIn(text.slice(start, next))
      if (series !== undefined) found.push(series)
    }
    at = next + 1
  }
  return found
}

function seriesIn(line: string): BlockSeries | undefined {
  try {
    const [namespace, name, pairs, unit, minutes] = JSON.parse(line) as Line
    const dimensions = pairs.map(([dimension, value]) => ({ name: dimension, value }))
    const sets = minutes.map(([minute, ...tuple]): [number, StatisticSet] => [minute, setOf(tuple)])
    return { ...refOf({ namespace, name, dimensions }, unit), minutes: new Map(sets) }
  } catch {
    return undefined
  }
}
