import { describedAlarmsMax } from '../../core/limits/metric-limits.ts'
import { type CloudWatchContext, pageFrom } from './cloudwatch-context.ts'

type Input = {
  readonly AlarmName?: string
  readonly AlarmTypes?: readonly string[]
  readonly HistoryItemType?: string
  readonly StartDate?: number
  readonly EndDate?: number
  readonly MaxRecords?: number
  readonly NextToken?: string
  readonly ScanBy?: 'TimestampDescending' | 'TimestampAscending'
}

export async function describeAlarmHistory(input: Input, context: CloudWatchContext): Promise<object> {
  const { AlarmName, AlarmTypes, HistoryItemType, StartDate = 0, EndDate = Infinity, MaxRecords, NextToken } = input
  await context.begin()
  const all = AlarmTypes === undefined || AlarmTypes.includes('MetricAlarm') ? context.alarms.history() : []
  const found = all.filter(
    ({ name, type, atMs }) =>
      (AlarmName === undefined || name === AlarmName) &&
      (HistoryItemType === undefined || type === HistoryItemType) &&
      atMs >= StartDate * 1000 &&
      atMs <= EndDate * 1000,
  )
  const ordered = input.ScanBy === 'TimestampAscending' ? found : found.toReversed()
  const { page, next } = pageFrom(ordered, NextToken, MaxRecords ?? describedAlarmsMax)
  const AlarmHistoryItems = page.map(({ name, atMs, type, summary, data }) => ({
    AlarmName: name,
    AlarmType: 'MetricAlarm',
    Timestamp: new Date(atMs),
    HistoryItemType: type,
    HistorySummary: summary,
    HistoryData: data,
  }))
  return { AlarmHistoryItems, ...next }
}
