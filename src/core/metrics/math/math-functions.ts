/** Functions of metric math over values: numbers become numbers, a series a series or a number, an array a series or an array. */
import type { Expression } from './math-expression.ts'
import { MathError } from './math-expression.ts'
import {
  arrayValue,
  eachSeries,
  emptySeries,
  mapped,
  numberValue,
  type Series,
  seriesFrom,
  seriesValue,
  type Timeline,
  timesOf,
  unionOf,
  type Value,
} from './math-series.ts'

export type Call = {
  readonly name: string
  readonly arguments: readonly Expression[]
  /** The value of an argument. */
  readonly value: (n: number) => Value
  /** The word in the place of an argument, such as REPEAT. */
  readonly word: (n: number) => string | undefined
  readonly timeline: Timeline
}

type MathFunction = { readonly counts: readonly [least: number, most: number]; readonly run: (call: Call) => Value }

const taking = (least: number, most: number, run: (call: Call) => Value): MathFunction => ({
  counts: [least, most],
  run,
})

export function callFunction(call: Call): Value {
  const { name } = call
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (found === undefined)
    throw new MathError(
      elsewhere.has(name)
        ? `The function ${name} is not supported by this version of Longitude`
        : `The function ${name.slice(0, 50)} does not exist`,
    )
  const [least, most] = found.counts
  const count = call.arguments.length
  if (count < least || count > most) throw new MathError(`The function ${name} does not take ${count} arguments`)
  return found.run(call)
}

/** AWS has them. */
const elsewhere: ReadonlySet<string> = new Set([
  'ANOMALY_DETECTION_BAND',
  'INSIGHT_RULE_METRIC',
  'LAMBDA',
  'SEARCH',
  'SERVICE_QUOTA',
])

const pointwise = (change: (value: number) => number): MathFunction =>
  taking(1, 1, ({ value }) => eachSeries(value(0), (series) => mapped(series, change), change))

/** Of one series a number; of an array a series, from the values that there are at each time. */
function aggregate(reduce: (values: readonly number[], seriesCount: number) => number): MathFunction {
  return taking(1, 1, ({ value, name }) => {
    const given = value(0)
    if (given.kind === 'number') throw new MathError(`The function ${name} takes a series or an array of series`)
    if (given.kind === 'series') {
      const values = [...given.series.points.values()]
      return numberValue(values.length === 0 ? Number.NaN : reduce(values, values.length))
    }
    const all = given.series
    return seriesValue(
      seriesFrom(name, unionOf(all), (at) => {
        const values = all.map(({ points }) => points.get(at)).filter((point) => point !== undefined)
        return reduce(values, all.length)
      }),
    )
  })
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function deviation(values: readonly number[]): number {
  const mean = sum(values) / values.length
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length)
}

/** What follows from a point and the one before it; the first has none. */
const stepwise = (step: (value: number, before: number, seconds: number) => number): MathFunction =>
  taking(1, 1, ({ value }) =>
    eachSeries(value(0), ({ label, points }) => {
      const steps = new Map<number, number>()
      let before: readonly [at: number, value: number] | undefined
      for (const point of points) {
        const [at, here] = point
        if (before !== undefined) steps.set(at, step(here, before[1], (at - before[0]) / 1000))
        before = point
      }
      return { label, points: steps }
    }),
  )

/** From the time of each point of the timeline. */
const dated = (part: (date: Date) => number): MathFunction =>
  taking(1, 1, ({ value, timeline, name }) =>
    eachSeries(value(0), () => seriesFrom(name, timesOf(timeline), (at) => part(new Date(at)))),
  )

function arrayIn(value: Value, name: string): readonly Series[] {
  if (value.kind === 'array') return value.series
  if (value.kind === 'series') return [value.series]
  throw new MathError(`The function ${name} takes an array of series`)
}

function numberIn(value: Value, name: string): number {
  if (value.kind !== 'number') throw new MathError(`The function ${name} takes a number there`)
  return value.value
}

const functions: Readonly<Record<string, MathFunction>> = {
  ABS: pointwise(Math.abs),
  CEIL: pointwise(Math.ceil),
  FLOOR: pointwise(Math.floor),
  LOG: pointwise(Math.log),
  LOG10: pointwise(Math.log10),
  SUM: aggregate(sum),
  AVG: aggregate((values, count) => sum(values) / count),
  MIN: aggregate((values) => values.reduce((least, value) => Math.min(least, value), Infinity)),
  MAX: aggregate((values) => values.reduce((most, value) => Math.max(most, value), -Infinity)),
  STDDEV: aggregate(deviation),
  DATAPOINT_COUNT: taking(1, 1, (call) =>
    call.value(0).kind === 'series' && seriesIn(call.value(0)).points.size === 0
      ? numberValue(0)
      : aggregate((values) => values.length).run(call),
  ),
  METRIC_COUNT: taking(1, 1, ({ value, name }) => numberValue(arrayIn(value(0), name).length)),
  PERIOD: taking(1, 1, ({ timeline }) => numberValue(timeline.periodMs / 1000)),
  DIFF: stepwise((value, before) => value - before),
  DIFF_TIME: stepwise((_, __, seconds) => seconds),
  RATE: stepwise((value, before, seconds) => (value - before) / seconds),
  RUNNING_SUM: taking(1, 1, ({ value }) =>
    eachSeries(value(0), (series) => {
      let total = 0
      return mapped(series, (each) => (total += each))
    }),
  ),
  FILL: taking(2, 2, fill),
  IF: taking(2, 3, choose),
  FIRST: taking(1, 1, ({ value, name }) => seriesValue(arrayIn(value(0), name)[0] ?? emptySeries)),
  LAST: taking(1, 1, ({ value, name }) => seriesValue(arrayIn(value(0), name).at(-1) ?? emptySeries)),
  SLICE: taking(2, 3, (call) => {
    const from = numberIn(call.value(1), call.name)
    const to = call.arguments.length === 3 ? numberIn(call.value(2), call.name) : undefined
    return arrayValue(arrayIn(call.value(0), call.name).slice(from, to))
  }),
  SORT: taking(3, 4, sorted),
  REMOVE_EMPTY: taking(1, 1, ({ value, name }) =>
    arrayValue(arrayIn(value(0), name).filter(({ points }) => points.size > 0)),
  ),
  TIME_SERIES: taking(1, 1, ({ value, name, timeline }) => {
    const constant = numberIn(value(0), name)
    return seriesValue(seriesFrom(name, timesOf(timeline), () => constant))
  }),
  MINUTE: dated((date) => date.getUTCMinutes()),
  HOUR: dated((date) => date.getUTCHours()),
  DAY: dated((date) => date.getUTCDay() || 7),
  DATE: dated((date) => date.getUTCDate()),
  MONTH: dated((date) => date.getUTCMonth() + 1),
  YEAR: dated((date) => date.getUTCFullYear()),
  EPOCH: dated((date) => date.getTime() / 1000),
}

function seriesIn(value: Value): Series {
  return value.kind === 'series' ? value.series : emptySeries
}

function fill({ value, word, timeline, name }: Call): Value {
  const times = timesOf(timeline)
  const how = word(1)
  const filler = how === 'REPEAT' || how === 'LINEAR' ? undefined : value(1)
  if (filler?.kind === 'array') throw new MathError(`The function ${name} fills from a number or one series`)
  return eachSeries(value(0), ({ label, points }) => {
    const known = [...points]
    let next = 0
    return seriesFrom(label, times, (at) => {
      while ((known[next]?.[0] ?? Infinity) <= at) next++
      const here = points.get(at)
      if (here !== undefined) return here
      if (filler !== undefined) return filler.kind === 'number' ? filler.value : filler.series.points.get(at)
      const [before, after] = [known[next - 1], known[next]]
      if (before === undefined || (how === 'LINEAR' && after === undefined)) return undefined
      if (how === 'REPEAT' || after === undefined) return before[1]
      return before[1] + ((after[1] - before[1]) * (at - before[0])) / (after[0] - before[0])
    })
  })
}

/** A point of the condition that is not 0 is true; where the condition has no point, the outcome has none. */
function choose({ value, arguments: { length }, name }: Call): Value {
  const condition = value(0)
  const [whenTrue, whenFalse] = [value(1), length === 3 ? value(2) : seriesValue(emptySeries)]
  if (condition.kind === 'number') return condition.value === 0 ? whenFalse : whenTrue
  if (condition.kind === 'array' || whenTrue.kind === 'array' || whenFalse.kind === 'array')
    throw new MathError(`The function ${name} takes single series and numbers`)
  const at = (of: typeof whenTrue, time: number): number | undefined =>
    of.kind === 'number' ? of.value : of.series.points.get(time)
  const { label, points } = condition.series
  return seriesValue(
    seriesFrom(label, [...points.keys()], (time) =>
      points.get(time) === 0 ? at(whenFalse, time) : (at(whenTrue, time) ?? 0),
    ),
  )
}

const rankings: Readonly<Record<string, (values: readonly number[]) => number>> = {
  AVG: (values) => sum(values) / values.length,
  SUM: sum,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
}

function sorted({ value, word, arguments: { length }, name }: Call): Value {
  const rank = rankings[word(1) ?? '']
  const order = word(2)
  if (rank === undefined || (order !== 'ASC' && order !== 'DESC'))
    throw new MathError(`The function ${name} takes AVG, MIN, MAX or SUM, and ASC or DESC`)
  const ranked = arrayIn(value(0), name)
    .filter(({ points }) => points.size > 0)
    .map((series) => ({ series, by: rank([...series.points.values()]) }))
    .toSorted((a, b) => (order === 'ASC' ? a.by - b.by : b.by - a.by))
    .map(({ series }) => series)
  return arrayValue(length === 4 ? ranked.slice(0, numberIn(value(3), name)) : ranked)
}
