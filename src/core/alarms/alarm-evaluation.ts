/**
 * The state that an alarm's points lead to, as CloudWatch decides it. More points are looked at than the evaluation periods, so that missing ones need
 * filling as seldom as possible (user guide, "Configuring how CloudWatch alarms treat missing data").
 */
import type { AlarmSettings, AlarmState, ComparisonOperator } from './alarm.ts'

/** Points that are looked at beyond the evaluation periods. */
const furtherPoints = 2

export const evaluationRange = ({ evaluationPeriods }: AlarmSettings): number => evaluationPeriods + furtherPoints

/** From the oldest to the newest; undefined is a missing point. */
export type Points = readonly (number | undefined)[]

export type Verdict = {
  /** Undefined: the alarm stays as it is. */
  readonly state: AlarmState | undefined
  /** Places in the points of those that were counted, the newest first. */
  readonly counted: readonly number[]
  readonly breaching: number
  /** How many missing points were filled in. */
  readonly filled: number
}

type Rule = Pick<AlarmSettings, 'evaluationPeriods' | 'datapointsToAlarm' | 'threshold' | 'comparison' | 'missingData'>

export function evaluateAlarm(rule: Rule, points: Points): Verdict {
  const { evaluationPeriods, datapointsToAlarm = evaluationPeriods, missingData = 'missing' } = rule
  const breaches = (at: number): boolean => isBreaching(rule, points[at] ?? 0)
  const existing = points.flatMap((point, at) => (point === undefined ? [] : at)).toReversed()
  const counted = existing.slice(0, evaluationPeriods)
  const breaching = counted.filter(breaches).length
  const filled = evaluationPeriods - counted.length
  const found = { counted, breaching, filled }
  const isAlarm = breaching + (missingData === 'breaching' ? filled : 0) >= datapointsToAlarm
  if (isAlarm) return { ...found, state: 'ALARM' }
  const isDecided = filled === 0 || missingData === 'breaching' || missingData === 'notBreaching'
  if (isDecided || breaching < counted.length) return { ...found, state: 'OK' }
  if (missingData === 'ignore') return { ...found, state: undefined }
  return { ...found, state: isOldEnough(counted, points, datapointsToAlarm) ? 'ALARM' : 'INSUFFICIENT_DATA' }
}

/** All points that there are breach: an alarm waits no longer once the oldest is as old as the points that it needs. */
function isOldEnough(counted: readonly number[], points: Points, needed: number): boolean {
  const oldest = counted.at(-1)
  return oldest !== undefined && points.length - oldest >= needed
}

const comparisons: Readonly<Record<ComparisonOperator, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
}

export const isBreaching = (
  { comparison, threshold }: Pick<Rule, 'comparison' | 'threshold'>,
  value: number,
): boolean => comparisons[comparison](value, threshold)
