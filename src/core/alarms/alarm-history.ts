/** Items of an alarm's history, and what an alarm tells those that it calls, in CloudWatch's forms. */
import { metricId } from '../metrics/metric.ts'
import { type Alarm, alarmPeriodSeconds, queriesOf } from './alarm.ts'
import { longTime } from './alarm-reason.ts'

export type HistoryItem = {
  readonly name: string
  readonly atMs: number
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action'
  readonly summary: string
  /** JSON. */
  readonly data: string
}

export function configurationChange(kind: 'Create' | 'Update' | 'Delete', alarm: Alarm, atMs: number): HistoryItem {
  const words = { Create: 'created', Update: 'updated', Delete: 'deleted' }
  const data = { version: '1.0', type: kind, [`${words[kind]}Alarm`]: configurationOf(alarm) }
  return {
    name: alarm.name,
    atMs,
    type: 'ConfigurationUpdate',
    summary: `Alarm "${alarm.name}" ${words[kind]}`,
    data: JSON.stringify(data),
  }
}

function configurationOf(alarm: Alarm): object {
  const { metric } = alarm
  return {
    threshold: alarm.threshold,
    ...(metric === undefined
      ? { metrics: queriesOf(alarm) }
      : { namespace: metric.namespace, metricName: metric.name, dimensions: dimensionsOf(metric.dimensions) }),
    period: alarmPeriodSeconds(alarm),
    ...(metric === undefined ? {} : { statistic: metric.statistic }),
    alarmName: alarm.name,
    evaluationPeriods: alarm.evaluationPeriods,
    comparisonOperator: alarm.comparison,
    actionsEnabled: alarm.actionsEnabled,
    okActions: alarm.okActions,
    alarmActions: alarm.alarmActions,
    insufficientDataActions: alarm.insufficientDataActions,
    alarmConfigurationUpdatedTimestamp: longTime(alarm.configuredMs),
  }
}

const dimensionsOf = (dimensions: readonly { readonly name: string; readonly value: string }[]) =>
  dimensions.map(({ name, value }) => ({ name, value }))

export function stateChange(before: Alarm, after: Alarm): HistoryItem {
  return {
    name: after.name,
    atMs: after.updatedMs,
    type: 'StateUpdate',
    summary: `Alarm updated from ${before.state} to ${after.state}`,
    data: JSON.stringify({ version: '1.0', oldState: stateOf(before), newState: stateOf(after) }),
  }
}

function stateOf({ state, reason, reasonData }: Alarm): object {
  const parsed = reasonData === undefined ? {} : { stateReasonData: parsedOr(reasonData) }
  return { stateValue: state, stateReason: reason, ...parsed }
}

/** SetAlarmState takes any text. */
function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export type ActionOutcome = {
  readonly action: string
  readonly atMs: number
  /** Absent where it was taken. */
  readonly error?: string
}

export function actionTaken({ name, state }: Alarm, { action, atMs, error }: ActionOutcome): HistoryItem {
  const data = {
    actionState: error === undefined ? 'Succeeded' : 'Failed',
    stateUpdateTimestamp: atMs,
    notificationResource: action,
    publishedMessage: null,
    ...(error === undefined ? {} : { error }),
    stateValue: state,
  }
  const summary =
    error === undefined ? `Successfully executed action ${action}` : `Failed to execute action ${action}: ${error}`
  return { name, atMs, type: 'Action', summary, data: JSON.stringify(data) }
}

export type Place = { readonly region: string; readonly accountId: string }

export const alarmArn = ({ region, accountId }: Place, name: string): string =>
  `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`

/** What a topic of SNS is sent. */
export function notificationOf(before: Alarm, after: Alarm, place: Place): string {
  const { metric, threshold } = after
  const trigger = {
    ...(metric === undefined
      ? { Metrics: queriesOf(after).map(triggerQuery) }
      : {
          MetricName: metric.name,
          Namespace: metric.namespace,
          StatisticType: plainStatistics.has(metric.statistic) ? 'Statistic' : 'ExtendedStatistic',
          Statistic: statisticWords[metric.statistic] ?? metric.statistic,
          Unit: metric.unit ?? null,
          Dimensions: metric.dimensions.map(({ name, value }) => ({ value, name })),
        }),
    Period: alarmPeriodSeconds(after),
    EvaluationPeriods: after.evaluationPeriods,
    ...(after.datapointsToAlarm === undefined ? {} : { DatapointsToAlarm: after.datapointsToAlarm }),
    ComparisonOperator: after.comparison,
    Threshold: threshold,
    TreatMissingData: after.missingData ?? 'missing',
    EvaluateLowSampleCountPercentile: after.lowSampleCount ?? '',
  }
  return JSON.stringify({
    AlarmName: after.name,
    AlarmDescription: after.description ?? null,
    AWSAccountId: place.accountId,
    AlarmConfigurationUpdatedTimestamp: longTime(after.configuredMs),
    NewStateValue: after.state,
    NewStateReason: after.reason,
    StateChangeTime: longTime(after.updatedMs),
    Region: place.region,
    AlarmArn: alarmArn(place, after.name),
    OldStateValue: before.state,
    OKActions: after.okActions,
    AlarmActions: after.alarmActions,
    InsufficientDataActions: after.insufficientDataActions,
    Trigger: trigger,
  })
}

const statisticWords: Readonly<Record<string, string>> = {
  Average: 'AVERAGE',
  Maximum: 'MAXIMUM',
  Minimum: 'MINIMUM',
  SampleCount: 'SAMPLE_COUNT',
  Sum: 'SUM',
}
const plainStatistics: ReadonlySet<string> = new Set(Object.keys(statisticWords))

type Query = ReturnType<typeof queriesOf>[number]

const triggerQuery = ({ id, metric, expression, label, returnsData }: Query): object => ({
  Id: id,
  ...(expression === undefined ? {} : { Expression: expression }),
  ...(metric === undefined
    ? {}
    : {
        MetricStat: {
          Metric: {
            Dimensions: metric.dimensions.map(({ name, value }) => ({ value, name })),
            MetricName: metric.name,
            Namespace: metric.namespace,
          },
          Period: metric.periodSeconds,
          Stat: metric.statistic,
        },
      }),
  ...(label === undefined ? {} : { Label: label }),
  ReturnData: returnsData,
})

/** What a function of Lambda is invoked with. */
export function functionEventOf(before: Alarm, after: Alarm, place: Place): string {
  return JSON.stringify({
    source: 'aws.cloudwatch',
    alarmArn: alarmArn(place, after.name),
    accountId: place.accountId,
    time: longTime(after.updatedMs),
    region: place.region,
    alarmData: {
      alarmName: after.name,
      state: shownState(after),
      previousState: shownState(before),
      configuration: {
        ...(after.description === undefined ? {} : { description: after.description }),
        metrics: queriesOf(after).map(shownQuery),
      },
    },
  })
}

const shownState = ({ state, reason, reasonData, updatedMs }: Alarm): object => ({
  value: state,
  reason,
  ...(reasonData === undefined ? {} : { reasonData }),
  timestamp: longTime(updatedMs),
})

const shownQuery = ({ id, metric, expression, returnsData }: Query): object => ({
  id,
  ...(expression === undefined ? {} : { expression }),
  ...(metric === undefined
    ? {}
    : {
        metricStat: {
          metric: {
            namespace: metric.namespace,
            name: metric.name,
            dimensions: Object.fromEntries(
              metricId('', '', metric.dimensions).dimensions.map(({ name, value }) => [name, value]),
            ),
          },
          period: metric.periodSeconds,
          stat: metric.statistic,
        },
      }),
  returnData: returnsData,
})
