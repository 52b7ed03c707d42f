/** Why an alarm is in its state: the texts and the data of CloudWatch. */
import { type AlarmSettings, alarmPeriodSeconds, type ComparisonOperator } from './alarm.ts'
import { isBreaching, type Points, type Verdict } from './alarm-evaluation.ts'

export const initialReason = 'Unchecked: Initial alarm creation'

export type Evaluated = {
  readonly points: Points
  /** Of each point. */
  readonly times: readonly number[]
  readonly samples: readonly (number | undefined)[]
  readonly nowMs: number
}

export function reasonOf(alarm: AlarmSettings, verdict: Verdict, evaluated: Evaluated): string {
  const { counted, filled } = verdict
  if (verdict.state === 'INSUFFICIENT_DATA')
    return `Insufficient Data: ${filled} ${filled === 1 ? 'datapoint was' : 'datapoints were'} unknown.`
  return counted.length === 0 ? reasonOfMissing(alarm, filled) : reasonOfPoints(alarm, verdict, evaluated)
}

function reasonOfMissing({ evaluationPeriods, missingData }: AlarmSettings, filled: number): string {
  const periods = `${evaluationPeriods} ${evaluationPeriods === 1 ? 'period' : 'periods'}`
  const treated = missingData === 'breaching' ? 'Breaching' : 'NonBreaching'
  const missing = `${filled} missing ${filled === 1 ? 'datapoint was' : 'datapoints were'}`
  return `Threshold Crossed: no datapoints were received for ${periods} and ${missing} treated as [${treated}].`
}

function reasonOfPoints(alarm: AlarmSettings, verdict: Verdict, { points, times }: Evaluated): string {
  const { datapointsToAlarm, evaluationPeriods, threshold, comparison } = alarm
  const isAlarm = verdict.state === 'ALARM'
  const told = verdict.counted.filter((at) => isBreaching(alarm, points[at] ?? 0) === isAlarm)
  const listed = told.map((at) => `${javaDouble(points[at] ?? 0)} (${shortTime(times[at] ?? 0)})`).join(', ')
  const verb = told.length === 1 ? 'was' : 'were'
  const relation = `${verb} ${isAlarm ? '' : 'not '}${words[comparison]} the threshold (${javaDouble(threshold)})`
  if (datapointsToAlarm === undefined)
    return `Threshold Crossed: ${told.length} ${told.length === 1 ? 'datapoint' : 'datapoints'} [${listed}] ${relation}.`
  const least = isAlarm ? datapointsToAlarm : evaluationPeriods - datapointsToAlarm + 1
  const transition = isAlarm ? 'OK -> ALARM' : 'ALARM -> OK'
  const minimum = `minimum ${least} ${least === 1 ? 'datapoint' : 'datapoints'} for ${transition} transition`
  return `Threshold Crossed: ${told.length} out of the last ${evaluationPeriods} datapoints [${listed}] ${relation} (${minimum}).`
}

const words: Readonly<Record<ComparisonOperator, string>> = {
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  GreaterThanThreshold: 'greater than',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
}

/** JSON, with numbers as Java writes them. */
export function reasonDataOf(alarm: AlarmSettings, { counted }: Verdict, evaluated: Evaluated): string {
  const { points, times, samples, nowMs } = evaluated
  const { metric, threshold } = alarm
  const oldest = counted.at(-1)
  const recent = counted.toReversed().map((at) => javaDouble(points[at] ?? 0))
  const datapoints = points
    .map((point, at) => {
      const sampled = samples[at] === undefined ? '' : `,"sampleCount":${javaDouble(samples[at])}`
      const value = point === undefined ? '' : `${sampled},"value":${javaDouble(point)}`
      return `{"timestamp":"${longTime(times[at] ?? 0)}"${value}}`
    })
    .toReversed()
    .slice(0, Math.max(counted.length, alarm.evaluationPeriods))
  const members = [
    '"version":"1.0"',
    `"queryDate":"${longTime(nowMs)}"`,
    ...(oldest === undefined ? [] : [`"startDate":"${longTime(times[oldest] ?? 0)}"`]),
    ...(metric?.unit === undefined ? [] : [`"unit":${JSON.stringify(metric.unit)}`]),
    ...(metric === undefined ? [] : [`"statistic":${JSON.stringify(metric.statistic)}`]),
    `"period":${alarmPeriodSeconds(alarm)}`,
    `"recentDatapoints":[${recent.join(',')}]`,
    `"threshold":${javaDouble(threshold)}`,
    `"evaluatedDatapoints":[${datapoints.join(',')}]`,
  ]
  return `{${members.join(',')}}`
}

/** As Java prints a double: 1 is 1.0, and large and small numbers have an E. */
export function javaDouble(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? value.toFixed(1) : String(value)
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
}

/** `2026-01-31T12:00:00.000+0000` */
export const longTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000')

/** `31/01/26 12:00:00` */
function shortTime(ms: number): string {
  const [, year = '', month = '', day = '', time = ''] =
    /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(new Date(ms).toISOString()) ?? []
  return `${day}/${month}/${year} ${time}`
}
