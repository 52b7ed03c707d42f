import {
  metricDataPointsMax,
  metricQueriesMax,
  metricRequestPointsMax,
  metricResolutionMs,
  metricRetentionMs,
} from '../../core/limits/metric-limits.ts'
import { type MetricQuery, periodOf, type QueryResult, type Range } from '../../core/metrics/metric-query.ts'
import { readQueries } from '../../readers/metrics/read-queries.ts'
import { type CloudWatchContext, invalid, offsetIn, tokenOf } from './cloudwatch-context.ts'
import { mathRefusal, queriesFrom, type QueryInput } from './metric-input.ts'

type Input = {
  readonly MetricDataQueries: readonly QueryInput[]
  readonly StartTime: number
  readonly EndTime: number
  readonly NextToken?: string
  readonly ScanBy?: 'TimestampDescending' | 'TimestampAscending'
  readonly MaxDatapoints?: number
}

export async function getMetricData(input: Input, context: CloudWatchContext): Promise<object> {
  const { MetricDataQueries: given, NextToken, ScanBy = 'TimestampDescending', MaxDatapoints } = input
  if (given.length === 0 || given.length > metricQueriesMax)
    throw invalid(`The collection MetricDataQueries must have a size between 1 and ${metricQueriesMax}.`)
  const max = Math.min(MaxDatapoints ?? metricDataPointsMax, metricDataPointsMax)
  if (max < 1) throw invalid('The parameter MaxDatapoints must be greater than 0.')
  const queries = queriesFrom(given, 'MetricDataQueries')
  const range = rangeOf(input, context)
  checkWork(queries, range)
  await context.begin()
  const results = await readQueries(queries, range, context.store).catch((error: unknown) => {
    throw mathRefusal(error)
  })
  return pageOf(results, {
    from: NextToken === undefined ? 0 : offsetIn(NextToken),
    max,
    isAscending: ScanBy === 'TimestampAscending',
  })
}

/** From the minute of the start; nothing is older than what is kept. */
export function rangeOf(
  { StartTime, EndTime }: Pick<Input, 'StartTime' | 'EndTime'>,
  { env }: CloudWatchContext,
): Range {
  if (!(StartTime < EndTime)) throw invalid('The parameter StartTime must be less than the parameter EndTime.')
  const oldestMs = env.clock.wallMs() - metricRetentionMs
  const minute = (ms: number): number => Math.floor(ms / metricResolutionMs) * metricResolutionMs
  const startMs = minute(Math.max(StartTime * 1000, oldestMs))
  return { startMs, endMs: Math.max(startMs, Math.min(EndTime * 1000, env.clock.wallMs() + metricRetentionMs)) }
}

function checkWork(queries: readonly MetricQuery[], { startMs, endMs }: Range): void {
  const points = queries.reduce((sum, query) => sum + (endMs - startMs) / (periodOf(query, queries) * 1000), 0)
  if (points > metricRequestPointsMax)
    throw invalid(
      `The request asks for up to ${Math.ceil(points)} points, which is more than ${metricRequestPointsMax}. Ask for fewer metrics, longer periods or a shorter time.`,
    )
}

type Page = { readonly from: number; readonly max: number; readonly isAscending: boolean }

/** Points count through all results; a result that is cut says so. */
function pageOf(results: readonly QueryResult[], { from, max, isAscending }: Page): object {
  let at = 0
  const end = from + max
  const MetricDataResults = results.flatMap(({ id, label, points }) => {
    const ordered = isAscending ? [...points] : [...points].toReversed()
    const first = Math.max(0, from - at)
    const last = end - at
    at += ordered.length
    if (first > 0 && first >= ordered.length) return []
    if (last <= 0 && ordered.length > 0) return []
    const told = ordered.slice(first, last)
    return {
      Id: id,
      Label: label,
      Timestamps: told.map(([time]) => new Date(time)),
      Values: told.map(([, value]) => value),
      StatusCode: last < ordered.length ? 'PartialData' : 'Complete',
    }
  })
  return { MetricDataResults, ...(end < at ? { NextToken: tokenOf(end) } : {}), Messages: [] }
}
