import {
  metricDataMax,
  metricFutureMs,
  metricPastMs,
  metricValueExponentMax,
  metricValuesMax,
} from '../../core/limits/metric-limits.ts'
import { metricId, refOf } from '../../core/metrics/metric.ts'
import { StatisticSum } from '../../core/metrics/statistic-set.ts'
import { type CloudWatchContext, invalidCombination, invalidValue, missingParameter } from './cloudwatch-context.ts'
import { type DimensionInput, dimensionsFrom } from './metric-input.ts'

type Datum = {
  readonly MetricName: string
  readonly Dimensions?: readonly DimensionInput[]
  readonly Timestamp?: number
  readonly Value?: number
  readonly StatisticValues?: {
    readonly SampleCount: number
    readonly Sum: number
    readonly Minimum: number
    readonly Maximum: number
  }
  readonly Values?: readonly number[]
  readonly Counts?: readonly number[]
  readonly Unit?: string
}

type Input = {
  readonly Namespace: string
  readonly MetricData?: readonly Datum[]
  readonly EntityMetricData?: readonly { readonly MetricData?: readonly Datum[] }[]
}

/** Nothing is taken of a request of which a part is wrong. */
export async function putMetricData(input: Input, context: CloudWatchContext): Promise<undefined> {
  const { Namespace, MetricData = [], EntityMetricData = [] } = input
  if (/^(AWS|Longitude)\//.test(Namespace))
    throw invalidValue(`The value ${Namespace} for parameter Namespace is invalid.`)
  const data = [...MetricData, ...EntityMetricData.flatMap(({ MetricData: more = [] }) => more)]
  if (data.length === 0) throw missingParameter('MetricData')
  if (data.length > metricDataMax)
    throw invalidValue(`The collection MetricData must not have a size greater than ${metricDataMax}.`)
  const nowMs = context.env.clock.wallMs()
  const points = data.map((datum, n) => pointOf(datum, `MetricData.member.${n + 1}`, nowMs))
  await context.begin()
  for (const [n, { atMs, sum }] of points.entries()) {
    const { MetricName, Dimensions, Unit = 'None' } = data[n] as Datum
    const { value } = sum
    if (value !== undefined)
      context.store.addSet(refOf(metricId(Namespace, MetricName, dimensionsFrom(Dimensions)), Unit), atMs, value)
  }
}

function pointOf(datum: Datum, place: string, nowMs: number): { readonly atMs: number; readonly sum: StatisticSum } {
  const atMs = datum.Timestamp === undefined ? nowMs : datum.Timestamp * 1000
  if (atMs < nowMs - metricPastMs || atMs > nowMs + metricFutureMs)
    throw invalidValue(
      `The parameter ${place}.Timestamp must specify a time no more than two weeks in the past and no more than two hours in the future.`,
    )
  return { atMs, sum: sumOf(datum, place) }
}

function sumOf({ Value, StatisticValues, Values, Counts }: Datum, place: string): StatisticSum {
  const sum = new StatisticSum()
  const given = Object.entries({ Value, StatisticValues, Values }).filter(([, value]) => value !== undefined)
  if (given.length === 0) throw missingParameter(`${place}.Value`)
  const [[first] = [], [second] = []] = given
  if (second !== undefined)
    throw invalidCombination(
      `The parameters ${place}.${first} and ${place}.${second} are mutually exclusive and you have specified both.`,
    )
  if (Value !== undefined) sum.add(checked(Value, `${place}.Value`))
  else if (StatisticValues !== undefined) addStatistics(sum, StatisticValues, `${place}.StatisticValues`)
  else addValues(sum, { values: Values ?? [], counts: Counts }, place)
  return sum
}

function addStatistics(sum: StatisticSum, given: NonNullable<Datum['StatisticValues']>, place: string): void {
  for (const [name, value] of Object.entries(given)) checked(value, `${place}.${name}`)
  const { SampleCount: count, Sum, Minimum: minimum, Maximum: maximum } = given
  if (count <= 0 || minimum > maximum) throw invalidValue(`The value for parameter ${place} is invalid.`)
  sum.addSet({ count, sum: Sum, minimum, maximum })
}

type Values = { readonly values: readonly number[]; readonly counts: readonly number[] | undefined }

function addValues(sum: StatisticSum, { values, counts }: Values, place: string): void {
  if (values.length === 0 || values.length > metricValuesMax)
    throw invalidValue(`The collection ${place}.Values must have a size between 1 and ${metricValuesMax}.`)
  if (counts !== undefined && counts.length !== values.length)
    throw invalidCombination(`The parameters ${place}.Values and ${place}.Counts must be of the same size.`)
  for (const [n, value] of values.entries()) {
    const count = counts?.[n] ?? 1
    if (!(count >= 0)) throw invalidValue(`The value ${count} for parameter ${place}.Counts is invalid.`)
    if (count > 0) sum.add(checked(value, `${place}.Values`), count)
  }
}

const magnitudeMax = 2 ** metricValueExponentMax

function checked(value: number, name: string): number {
  if (!(Math.abs(value) <= magnitudeMax)) throw invalidValue(`The value ${value} for parameter ${name} is invalid.`)
  return value
}
