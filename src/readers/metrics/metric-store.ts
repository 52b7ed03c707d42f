/**
 * The points of a region's metrics: one for each minute that had any value. The hours of late are in memory; those before lie in blocks, one for each
 * hour, in a store of blobs. Nothing here waits on the way of a request: a value is added to its minute in memory.
 */
import {
  metricHoursInMemory,
  metricPointsInMemoryMax,
  metricResolutionMs,
  metricRetentionMs,
  metricSeriesMax,
  recentlyActiveMs,
  recentMetricsMax,
} from '../../core/limits/metric-limits.ts'
import { type BlockSeries, readBlock, writeBlock } from '../../core/metrics/block.ts'
import type { MetricRef } from '../../core/metrics/metric.ts'
import { type StatisticSet, StatisticSum } from '../../core/metrics/statistic-set.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Env } from '../../ports/env.ts'

export type MetricStoreDeps = { readonly env: Pick<Env, 'clock' | 'log'>; readonly blobs: Blobs }

/** A metric in one unit, and when it last had a value. */
export type MetricSeries = MetricRef & { lastMs: number }

/** By the time of the minute. */
export type PointSets = ReadonlyMap<number, StatisticSet>

const hourMs = 60 * metricResolutionMs
const hourOf = (ms: number): number => Math.floor(ms / hourMs) * hourMs
const minuteOf = (ms: number): number => Math.floor((ms % hourMs) / metricResolutionMs)

const folder = 'metrics/'
const blockName = (hour: number): string => `${folder}${new Date(hour).toISOString().slice(0, 13)}`
const blockHour = (name: string): number => Date.parse(`${name.slice(folder.length)}:00Z`)
const listedAtOnce = 500

/** By series, and then by minute. */
type Hour = Map<string, Map<number, StatisticSum>>

type Recent = { readonly fromMs: number; readonly sum: StatisticSum }

export class MetricStore {
  readonly #deps: MetricStoreDeps
  readonly #series = new Map<string, MetricSeries>()
  readonly #hours = new Map<number, Hour>()
  readonly #changed = new Set<number>()
  /** Where the values of the present minute go: each request adds some. */
  readonly #recent = new Map<MetricRef, Recent>()
  #points = 0
  /** Hours from this one on are in memory with all that there is of them. */
  #wholeFrom = Infinity
  #toldFullMs = -Infinity

  constructor(deps: MetricStoreDeps) {
    this.#deps = deps
  }

  /** Adds a value as often as it came. */
  add(ref: MetricRef, atMs: number, value: number, count = 1): void {
    const recent = this.#recent.get(ref)
    if (recent !== undefined && atMs >= recent.fromMs && atMs < recent.fromMs + metricResolutionMs)
      return recent.sum.add(value, count)
    const sum = this.#sumAt(ref, atMs)
    if (sum === undefined) return
    if (this.#recent.size >= recentMetricsMax) this.#recent.clear()
    this.#recent.set(ref, { fromMs: atMs - (atMs % metricResolutionMs), sum })
    sum.add(value, count)
  }

  /** Adds a value unless its minute has one. */
  addIfNone(ref: MetricRef, atMs: number, value: number): void {
    const sum = this.#sumAt(ref, atMs)
    if (sum?.value === undefined) sum?.add(value)
  }

  addSet(ref: MetricRef, atMs: number, set: StatisticSet): void {
    this.#sumAt(ref, atMs)?.addSet(set)
  }

  /** Those with points in the last two weeks. */
  series(): readonly MetricSeries[] {
    return [...this.#series.values()]
  }

  /** Each series' points of the minutes from `startMs` on, up to `endMs`. Rejects when blocks cannot be read. */
  async read(wanted: readonly MetricRef[], startMs: number, endMs: number): Promise<ReadonlyMap<string, PointSets>> {
    const sums = new Map(wanted.map(({ key }) => [key, new Map<number, StatisticSum>()]))
    for (let hour = hourOf(startMs); hour < endMs; hour += hourMs) {
      for (const { key, minutes } of await this.#hourOf(hour, wanted)) {
        const ofSeries = sums.get(key)
        for (const [minute, set] of minutes) {
          const at = hour + minute * metricResolutionMs
          if (ofSeries !== undefined && at >= startMs && at < endMs) addTo(ofSeries, at, set)
        }
      }
    }
    return new Map([...sums].map(([key, ofSeries]) => [key, setsOf(ofSeries)]))
  }

  /** Takes in what a former process has written of the hours that are kept in memory, and which metrics there are. */
  async load(): Promise<void> {
    const now = hourOf(this.#deps.env.clock.wallMs())
    const from = now - (metricHoursInMemory - 1) * hourMs
    for (const name of await this.#blocks()) {
      const hour = blockHour(name)
      for (const series of readBlock((await this.#deps.blobs.get(name))?.toString() ?? '')) {
        const last = hour + Math.max(0, ...series.minutes.keys()) * metricResolutionMs
        if (hour < from) this.#seriesOf(series, last)
        else this.#take(hour, series)
      }
    }
    this.#wholeFrom = from
  }

  /** Writes the hours that have changed, forgets what is too old, and keeps the last hours only in memory. */
  async flush(): Promise<void> {
    const { env, blobs } = this.#deps
    for (const hour of Array.from(this.#changed))
      await (hour < this.#wholeFrom ? this.#writeLate(hour) : this.#write(hour))
    const nowMs = env.clock.wallMs()
    const oldest = hourOf(nowMs) - (metricHoursInMemory - 1) * hourMs
    for (const hour of this.#hours.keys()) if (hour < oldest && !this.#changed.has(hour)) this.#forgetHour(hour)
    for (const name of await this.#blocks()) if (blockHour(name) < nowMs - metricRetentionMs) await blobs.delete(name)
    for (const [key, { lastMs }] of this.#series) if (lastMs < nowMs - metricRetentionMs) this.#series.delete(key)
  }

  async #write(hour: number): Promise<void> {
    this.#changed.delete(hour)
    this.#recent.clear()
    try {
      await this.#put(hour, this.#held(hour))
    } catch (error) {
      this.#changed.add(hour)
      throw error
    }
  }

  /** Points that came late are added to what the block of their hour has, and are in memory no longer. */
  async #writeLate(hour: number): Promise<void> {
    const late = this.#held(hour)
    this.#forgetHour(hour)
    try {
      const block = await this.#deps.blobs.get(blockName(hour))
      await this.#put(hour, [...readBlock(block?.toString() ?? ''), ...late])
    } catch (error) {
      for (const series of late) this.#take(hour, series)
      throw error
    }
  }

  async #put(hour: number, all: readonly BlockSeries[]): Promise<void> {
    const { blobs, env } = this.#deps
    const { text, leftOut } = writeBlock(merged(all))
    if (leftOut > 0) env.log.warn('an hour of metrics is too large to be kept whole', { metricsLeftOut: leftOut })
    await blobs.put(blockName(hour), Buffer.from(text))
  }

  #take(hour: number, series: BlockSeries): void {
    for (const [minute, set] of series.minutes) this.#sumAt(series, hour + minute * metricResolutionMs)?.addSet(set)
  }

  /** What is in memory of an hour. */
  #held(hour: number, wanted?: readonly MetricRef[]): readonly BlockSeries[] {
    const held = this.#hours.get(hour)
    if (held === undefined) return []
    const series = wanted ?? [...held.keys()].flatMap((key) => this.#series.get(key) ?? [])
    return series.flatMap((each) => {
      const minutes = held.get(each.key)
      return minutes === undefined ? [] : { ...each, minutes: setsOf(minutes) }
    })
  }

  /** What is in memory, and what lies in the block where memory has not all of it. */
  async #hourOf(hour: number, wanted: readonly MetricRef[]): Promise<readonly BlockSeries[]> {
    const held = this.#held(hour, wanted)
    if (hour >= this.#wholeFrom) return held
    const block = await this.#deps.blobs.get(blockName(hour))
    return block === undefined ? held : [...readBlock(block.toString(), wanted), ...held]
  }

  async #blocks(): Promise<readonly string[]> {
    const names: string[] = []
    for (;;) {
      const page = await this.#deps.blobs.list(folder, names.at(-1) ?? '', listedAtOnce)
      names.push(...page.filter((name) => !Number.isNaN(blockHour(name))))
      if (page.length < listedAtOnce) return names
    }
  }

  /** Undefined where there is no room for a further metric. */
  #sumAt(ref: MetricRef, atMs: number): StatisticSum | undefined {
    if (this.#seriesOf(ref, atMs) === undefined) return undefined
    const hour = hourOf(atMs)
    let ofHour = this.#hours.get(hour)
    if (ofHour === undefined) this.#hours.set(hour, (ofHour = new Map()))
    this.#changed.add(hour)
    let minutes = ofHour.get(ref.key)
    if (minutes === undefined) ofHour.set(ref.key, (minutes = new Map()))
    const minute = minuteOf(atMs)
    let sum = minutes.get(minute)
    if (sum === undefined) {
      minutes.set(minute, (sum = new StatisticSum()))
      if (++this.#points > metricPointsInMemoryMax) this.#forgetHour(Math.min(...this.#hours.keys()))
    }
    return sum
  }

  #seriesOf({ metric, unit, key }: MetricRef, atMs: number): MetricSeries | undefined {
    const known = this.#series.get(key)
    if (known !== undefined) {
      known.lastMs = Math.max(known.lastMs, atMs)
      return known
    }
    if (this.#series.size >= metricSeriesMax && !this.#makeRoom()) return undefined
    const series = { metric, unit, key, lastMs: atMs }
    this.#series.set(key, series)
    return series
  }

  /** The metric that has been silent for longest goes, if it has been silent for hours. */
  #makeRoom(): boolean {
    const { clock, log } = this.#deps.env
    const nowMs = clock.wallMs()
    const [key, oldest] = [...this.#series].reduce((least, each) => (each[1].lastMs < least[1].lastMs ? each : least))
    if (oldest.lastMs < nowMs - recentlyActiveMs) return this.#series.delete(key)
    if (nowMs - this.#toldFullMs > hourMs) {
      this.#toldFullMs = nowMs
      log.warn('there are too many metrics: further ones are not kept', { metrics: metricSeriesMax })
    }
    return false
  }

  #forgetHour(hour: number): void {
    for (const minutes of this.#hours.get(hour)?.values() ?? []) this.#points -= minutes.size
    this.#hours.delete(hour)
    this.#recent.clear()
    this.#changed.delete(hour)
    if (Number.isFinite(this.#wholeFrom)) this.#wholeFrom = Math.max(this.#wholeFrom, hour + hourMs)
  }
}

function addTo(sums: Map<number, StatisticSum>, at: number, set: StatisticSet): void {
  const sum = sums.get(at) ?? new StatisticSum()
  sum.addSet(set)
  sums.set(at, sum)
}

/** One entry for each series, whatever the number of parts that it comes in. */
function merged(all: readonly BlockSeries[]): readonly BlockSeries[] {
  const sums = new Map<string, { of: BlockSeries; minutes: Map<number, StatisticSum> }>()
  for (const series of all) {
    const known = sums.get(series.key) ?? { of: series, minutes: new Map<number, StatisticSum>() }
    for (const [minute, set] of series.minutes) addTo(known.minutes, minute, set)
    sums.set(series.key, known)
  }
  return [...sums.values()].map(({ of, minutes }) => ({ ...of, minutes: setsOf(minutes) }))
}

function setsOf(sums: ReadonlyMap<number, StatisticSum>): PointSets {
  const sets = [...sums].flatMap(([at, { value }]) => (value === undefined ? [] : [[at, value] as const]))
  return new Map(sets.toSorted(([a], [b]) => a - b))
}
