import { type Alarm, type AlarmState, queriesOf } from '../../core/alarms/alarm.ts'
import { alarmArn } from '../../core/alarms/alarm-history.ts'
import { describedAlarmsMax } from '../../core/limits/metric-limits.ts'
import { type Dimension, metricId, metricKey } from '../../core/metrics/metric.ts'
import { type CloudWatchContext, invalidCombination, pageFrom } from './cloudwatch-context.ts'
import { type DimensionInput, dimensionsFrom, shownDimensions, shownQuery } from './metric-input.ts'

type Input = {
  readonly AlarmNames?: readonly string[]
  readonly AlarmNamePrefix?: string
  readonly AlarmTypes?: readonly string[]
  readonly StateValue?: AlarmState
  readonly ActionPrefix?: string
  readonly MaxRecords?: number
  readonly NextToken?: string
}

export async function describeAlarms(input: Input, context: CloudWatchContext): Promise<object> {
  const { AlarmNames, AlarmNamePrefix, AlarmTypes, MaxRecords, NextToken } = input
  if (AlarmNames !== undefined && AlarmNamePrefix !== undefined)
    throw invalidCombination(
      'The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.',
    )
  await context.begin()
  // There are no composite alarms here.
  const all = AlarmTypes === undefined || AlarmTypes.includes('MetricAlarm') ? context.alarms.all() : []
  const found = all.filter((alarm) => isAsked(alarm, input))
  const { page, next } = pageFrom(found, NextToken, MaxRecords ?? describedAlarmsMax)
  return { MetricAlarms: page.map((alarm) => shownAlarm(alarm, context)), CompositeAlarms: [], ...next }
}

function isAsked(alarm: Alarm, { AlarmNames, AlarmNamePrefix = '', StateValue, ActionPrefix }: Input): boolean {
  const actions = [...alarm.okActions, ...alarm.alarmActions, ...alarm.insufficientDataActions]
  return (
    (AlarmNames === undefined || AlarmNames.length === 0 || AlarmNames.includes(alarm.name)) &&
    alarm.name.startsWith(AlarmNamePrefix) &&
    (StateValue === undefined || alarm.state === StateValue) &&
    (ActionPrefix === undefined || actions.some((action) => action.startsWith(ActionPrefix)))
  )
}

type ForMetricInput = {
  readonly Namespace: string
  readonly MetricName: string
  readonly Dimensions?: readonly DimensionInput[]
  readonly Statistic?: string
  readonly ExtendedStatistic?: string
  readonly Period?: number
  readonly Unit?: string
}

export async function describeAlarmsForMetric(input: ForMetricInput, context: CloudWatchContext): Promise<object> {
  const { Namespace, MetricName, Dimensions, Statistic, ExtendedStatistic, Period, Unit } = input
  await context.begin()
  const key = metricKey(metricId(Namespace, MetricName, dimensionsFrom(Dimensions)))
  const statistic = Statistic ?? ExtendedStatistic
  const found = context.alarms.all().filter(({ metric }) => {
    if (metric === undefined || keyOf(metric) !== key) return false
    return (
      (statistic === undefined || metric.statistic === statistic) &&
      (Period === undefined || metric.periodSeconds === Period) &&
      (Unit === undefined || metric.unit === Unit)
    )
  })
  return { MetricAlarms: found.map((alarm) => shownAlarm(alarm, context)) }
}

const keyOf = (of: { readonly namespace: string; readonly name: string; readonly dimensions: readonly Dimension[] }) =>
  metricKey(metricId(of.namespace, of.name, of.dimensions))

const plainStatistics = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']

function shownAlarm(alarm: Alarm, { settings }: CloudWatchContext): object {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarmArn(settings, alarm.name),
    AlarmDescription: alarm.description,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredMs),
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateReasonData: alarm.reasonData,
    StateUpdatedTimestamp: new Date(alarm.updatedMs),
    StateTransitionedTimestamp: new Date(alarm.transitionedMs),
    ...shownWatch(alarm),
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparison,
    TreatMissingData: alarm.missingData,
    EvaluateLowSampleCountPercentile: alarm.lowSampleCount,
  }
}

function shownWatch(alarm: Alarm): object {
  const { metric } = alarm
  if (metric === undefined) return { Metrics: queriesOf(alarm).map(shownQuery), Dimensions: [] }
  const isPlain = plainStatistics.includes(metric.statistic)
  return {
    MetricName: metric.name,
    Namespace: metric.namespace,
    ...(isPlain ? { Statistic: metric.statistic } : { ExtendedStatistic: metric.statistic }),
    Dimensions: shownDimensions(metric.dimensions),
    Period: metric.periodSeconds,
    Unit: metric.unit,
  }
}
