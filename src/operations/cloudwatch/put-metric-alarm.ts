import {
  type AlarmSettings,
  alarmPeriodSeconds,
  type ComparisonOperator,
  comparisonOperators,
  type MissingData,
  missingDataTreatments,
} from '../../core/alarms/alarm.ts'
import {
  alarmEvaluationSecondsMax,
  alarmMetricsMax,
  alarmsMax,
  alarmTagsMax,
  longAlarmEvaluationSecondsMax,
} from '../../core/limits/metric-limits.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type CloudWatchContext, invalid, invalidCombination, missingParameter } from './cloudwatch-context.ts'
import {
  checkPeriod,
  checkStatistic,
  type DimensionInput,
  dimensionsFrom,
  queriesFrom,
  type QueryInput,
} from './metric-input.ts'

export type TagInput = { readonly Key: string; readonly Value: string }

type Input = {
  readonly AlarmName: string
  readonly AlarmDescription?: string
  readonly ActionsEnabled?: boolean
  readonly OKActions?: readonly string[]
  readonly AlarmActions?: readonly string[]
  readonly InsufficientDataActions?: readonly string[]
  readonly MetricName?: string
  readonly Namespace?: string
  readonly Statistic?: string
  readonly ExtendedStatistic?: string
  readonly Dimensions?: readonly DimensionInput[]
  readonly Period?: number
  readonly Unit?: string
  readonly EvaluationPeriods?: number
  readonly DatapointsToAlarm?: number
  readonly Threshold?: number
  readonly ComparisonOperator?: string
  readonly TreatMissingData?: string
  readonly EvaluateLowSampleCountPercentile?: string
  readonly Metrics?: readonly QueryInput[]
  readonly Tags?: readonly TagInput[]
  readonly ThresholdMetricId?: string
  readonly EvaluationCriteria?: object
  readonly EvaluationInterval?: number
}

export async function putMetricAlarm(input: Input, context: CloudWatchContext): Promise<undefined> {
  checkServed(input)
  const settings = settingsFrom(input)
  checkSpan(settings)
  const tags = tagsFrom(input.Tags ?? [])
  await context.begin()
  const { alarms } = context
  if (alarms.find(settings.name) === undefined && alarms.size >= alarmsMax)
    throw new ServiceRefusal('LimitExceeded', `The region has ${alarmsMax} alarms, which is as many as it may have.`, {
      type: 'LimitExceededFault',
    })
  await alarms.put(settings, tags)
}

const notServed = ['ThresholdMetricId', 'EvaluationCriteria', 'EvaluationInterval'] as const

/** What would be an alarm of another kind. */
function checkServed(input: Input): void {
  for (const name of notServed)
    if (input[name] !== undefined) throw invalid(`The parameter ${name} is not supported by this version of Longitude.`)
}

function settingsFrom(input: Input): AlarmSettings {
  const { EvaluationPeriods, DatapointsToAlarm, Threshold, ComparisonOperator: comparison } = input
  if (EvaluationPeriods === undefined) throw missingParameter('EvaluationPeriods')
  if (comparison === undefined) throw missingParameter('ComparisonOperator')
  if (Threshold === undefined) throw missingParameter('Threshold')
  if (!(comparisonOperators as readonly string[]).includes(comparison))
    throw invalid(`The comparison operator ${comparison} is for anomaly detection, which Longitude does not have.`)
  if (DatapointsToAlarm !== undefined && DatapointsToAlarm > EvaluationPeriods)
    throw invalid('The parameter DatapointsToAlarm must be less than or equal to the parameter EvaluationPeriods.')
  return {
    name: input.AlarmName,
    ...(input.AlarmDescription === undefined ? {} : { description: input.AlarmDescription }),
    actionsEnabled: input.ActionsEnabled ?? true,
    okActions: input.OKActions ?? [],
    alarmActions: input.AlarmActions ?? [],
    insufficientDataActions: input.InsufficientDataActions ?? [],
    ...watchedBy(input),
    evaluationPeriods: EvaluationPeriods,
    ...(DatapointsToAlarm === undefined ? {} : { datapointsToAlarm: DatapointsToAlarm }),
    threshold: Threshold,
    comparison: comparison as ComparisonOperator,
    ...treatments(input),
  }
}

function treatments({ TreatMissingData, EvaluateLowSampleCountPercentile }: Input) {
  const missingData = missingDataTreatments.find((each) => each === TreatMissingData)
  if (TreatMissingData !== undefined && missingData === undefined)
    throw invalid(
      `The value ${TreatMissingData} is unsupported for TreatMissingData parameter. Supported values are [${missingDataTreatments.join(', ')}].`,
    )
  const lowSampleCount = (['evaluate', 'ignore'] as const).find((each) => each === EvaluateLowSampleCountPercentile)
  if (EvaluateLowSampleCountPercentile !== undefined && lowSampleCount === undefined)
    throw invalid(
      `Option ${EvaluateLowSampleCountPercentile} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.`,
    )
  return {
    ...(missingData === undefined ? {} : { missingData: missingData satisfies MissingData }),
    ...(lowSampleCount === undefined ? {} : { lowSampleCount }),
  }
}

const ofOneMetric = [
  'MetricName',
  'Namespace',
  'Statistic',
  'ExtendedStatistic',
  'Dimensions',
  'Period',
  'Unit',
] as const

/** A metric by itself, or queries of which one returns data. */
function watchedBy(input: Input): Pick<AlarmSettings, 'metric' | 'queries'> {
  if (input.Metrics === undefined) return { metric: metricOf(input) }
  const beside = ofOneMetric.find((name) => input[name] !== undefined && name !== 'Dimensions')
  if (beside !== undefined)
    throw invalidCombination(`The parameters Metrics and ${beside} are mutually exclusive and you have specified both.`)
  const queries = queriesFrom(input.Metrics, 'Metrics')
  if (queries.filter(({ returnsData }) => returnsData).length !== 1)
    throw invalid('Exactly one element of the metrics list should return data.')
  if (queries.filter(({ metric }) => metric !== undefined).length > alarmMetricsMax)
    throw invalid(`An alarm watches at most ${alarmMetricsMax} metrics.`)
  const periods = new Set(queries.flatMap(({ metric }) => metric?.periodSeconds ?? []))
  if (periods.size > 1) throw invalid('Metrics list must contain metrics of the same period.')
  return { queries }
}

function metricOf(input: Input): NonNullable<AlarmSettings['metric']> {
  const { MetricName, Namespace, Statistic, ExtendedStatistic, Period, Unit } = input
  if (MetricName === undefined) throw missingParameter('MetricName')
  if (Namespace === undefined) throw missingParameter('Namespace')
  if (Period === undefined) throw missingParameter('Period')
  if ((Statistic === undefined) === (ExtendedStatistic === undefined))
    throw invalidCombination('Exactly one of the parameters Statistic and ExtendedStatistic must be specified.')
  if (ExtendedStatistic !== undefined) checkStatistic(ExtendedStatistic, 'ExtendedStatistic')
  checkPeriod(Period, 'Period')
  return {
    namespace: Namespace,
    name: MetricName,
    dimensions: dimensionsFrom(input.Dimensions),
    statistic: Statistic ?? ExtendedStatistic ?? '',
    periodSeconds: Period,
    ...(Unit === undefined ? {} : { unit: Unit }),
  }
}

const hourSeconds = 3600

function checkSpan(settings: AlarmSettings): void {
  const period = alarmPeriodSeconds(settings)
  if (period < 60)
    throw invalid(
      'The parameter Period must be a multiple of 60: Longitude keeps points by the minute, and evaluates alarms once a minute.',
    )
  const isLong = period >= hourSeconds
  const span = settings.evaluationPeriods * period
  if (span > (isLong ? longAlarmEvaluationSecondsMax : alarmEvaluationSecondsMax))
    throw invalid(
      isLong
        ? 'Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800).'
        : 'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).',
    )
}

export function tagsFrom(tags: readonly TagInput[]): Readonly<Record<string, string>> {
  if (tags.length > alarmTagsMax) throw invalid(`A resource has at most ${alarmTagsMax} tags.`)
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]))
}
