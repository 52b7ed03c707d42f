/** An alarm as it is kept: what it watches, when it goes off, what it does then, and how it stands. */
import { type MetricQuery, periodOf, type WatchedMetric } from '../metrics/metric-query.ts'

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'

export const comparisonOperators = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
] as const
export type ComparisonOperator = (typeof comparisonOperators)[number]

export const missingDataTreatments = ['breaching', 'notBreaching', 'ignore', 'missing'] as const
export type MissingData = (typeof missingDataTreatments)[number]

export type AlarmSettings = {
  readonly name: string
  readonly description?: string
  readonly actionsEnabled: boolean
  readonly okActions: readonly string[]
  readonly alarmActions: readonly string[]
  readonly insufficientDataActions: readonly string[]
  /** One metric, or queries of which one returns data. */
  readonly metric?: WatchedMetric
  readonly queries?: readonly MetricQuery[]
  readonly evaluationPeriods: number
  readonly datapointsToAlarm?: number
  readonly threshold: number
  readonly comparison: ComparisonOperator
  readonly missingData?: MissingData
  readonly lowSampleCount?: 'evaluate' | 'ignore'
}

export type Alarm = AlarmSettings & {
  readonly tags: Readonly<Record<string, string>>
  readonly state: AlarmState
  readonly reason: string
  readonly reasonData?: string
  readonly configuredMs: number
  /** When the state was last set, and when it last became another one. */
  readonly updatedMs: number
  readonly transitionedMs: number
}

export const actionsFor = (alarm: AlarmSettings, state: AlarmState): readonly string[] =>
  state === 'OK' ? alarm.okActions : state === 'ALARM' ? alarm.alarmActions : alarm.insufficientDataActions

/** What it watches, as queries of which one returns data. */
export function queriesOf({ metric, queries }: AlarmSettings): readonly MetricQuery[] {
  return queries ?? (metric === undefined ? [] : [{ id: 'm1', metric, returnsData: true }])
}

/** Of what it watches, in seconds. */
export function alarmPeriodSeconds(alarm: AlarmSettings): number {
  const queries = queriesOf(alarm)
  const returned = queries.find(({ returnsData }) => returnsData)
  return returned === undefined ? 60 : periodOf(returned, queries)
}
