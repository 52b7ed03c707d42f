/** Insight rules as CloudWatch has them. Here they are those of DynamoDB's contributor insights: there are no logs that others could be made over. */
import type { InsightRule } from '../../core/insights/insight-rule.ts'
import type { Contributor, PeriodPoint } from '../../core/insights/insight-report.ts'
import {
  describedInsightRulesMax,
  reportContributors,
  reportContributorsMax,
} from '../../core/limits/insight-limits.ts'
import type { CloudWatchContext } from './cloudwatch-context.ts'
import { invalid, invalidValue, notFound, pageFrom } from './cloudwatch-context.ts'

type DescribeInput = { readonly MaxResults?: number; readonly NextToken?: string }

const schema = { Name: 'ServiceLogRule', Version: 1 }

export function describeInsightRules(
  { MaxResults, NextToken }: DescribeInput,
  { insights }: CloudWatchContext,
): object {
  const { page, next } = pageFrom(insights.rules(), NextToken, MaxResults ?? describedInsightRulesMax)
  return {
    InsightRules: page.map((rule) => ({
      Name: rule.name,
      State: rule.isEnabled ? 'ENABLED' : 'DISABLED',
      Schema: JSON.stringify(schema),
      Definition: JSON.stringify(definitionOf(rule, insights.labelsOf(rule))),
      ManagedRule: true,
    })),
    ...next,
  }
}

const definitionOf = ({ kind, table, index }: InsightRule, labels: readonly string[]): object => ({
  Schema: schema,
  ServiceName: 'DynamoDB',
  Resource: index === '' ? `table/${table}` : `table/${table}/index/${index}`,
  Contribution: {
    Keys: labels,
    ...(kind.endsWith('C') ? { ValueOf: '3 * write units + read units' } : {}),
  },
  AggregateOn: kind.endsWith('C') ? 'Sum' : 'Count',
})

type PutInput = { readonly RuleName: string }

/** AWS makes a rule over log groups, by their names in its definition. */
export function putInsightRule({ RuleName }: PutInput): never {
  throw invalidValue(
    `The rule ${RuleName.slice(0, 128)} cannot be made: PutInsightRule makes rules over CloudWatch log groups, and Longitude has no log groups. For the keys of a table, call UpdateContributorInsights of DynamoDB: it makes the rules.`,
  )
}

type Names = { readonly RuleNames: readonly string[] }

export const enableInsightRules = async ({ RuleNames }: Names, context: CloudWatchContext): Promise<object> =>
  await switched(RuleNames, true, context)

export const disableInsightRules = async ({ RuleNames }: Names, context: CloudWatchContext): Promise<object> =>
  await switched(RuleNames, false, context)

async function switched(names: readonly string[], isEnabled: boolean, { insights }: CloudWatchContext) {
  const failures: object[] = []
  for (const name of names) if (!(await insights.setEnabled(name, isEnabled))) failures.push(unknownRule(name))
  return { Failures: failures }
}

/** DynamoDB's rules go when its insights are disabled. */
export function deleteInsightRules({ RuleNames }: Names, { insights }: CloudWatchContext): object {
  const known = new Set(insights.rules().map(({ name }) => name))
  return {
    Failures: RuleNames.map((name) =>
      known.has(name)
        ? failure(name, 'ManagedRule', 'The rule is of DynamoDB: UpdateContributorInsights with DISABLE removes it.')
        : unknownRule(name),
    ),
  }
}

const failure = (name: string, code: string, description: string): object => ({
  FailureResource: name,
  ExceptionType: code,
  FailureCode: code,
  FailureDescription: description,
})

const unknownRule = (name: string): object => failure(name, 'ResourceNotFoundException', `Unknown rule: ${name}`)

type ReportInput = {
  readonly RuleName: string
  /** Seconds since 1970. */
  readonly StartTime: number
  readonly EndTime: number
  readonly Period: number
  readonly MaxContributorCount?: number
  readonly Metrics?: readonly string[]
  readonly OrderBy?: string
}

const reportMetrics: Readonly<Record<string, (point: PeriodPoint) => number>> = {
  UniqueContributors: ({ distinct }) => distinct,
  MaxContributorValue: ({ greatest }) => greatest,
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Minimum: ({ minimum }) => minimum,
  Maximum: ({ maximum }) => maximum,
  Average: ({ sum, count }) => sum / count,
}

export function getInsightRuleReport(input: ReportInput, { insights }: CloudWatchContext): object {
  const { RuleName, StartTime, EndTime, Period, MaxContributorCount = reportContributors, Metrics = [] } = input
  const rule = insights.rules().find(({ name }) => name === RuleName)
  if (rule === undefined) throw notFound(`Unknown rule: ${RuleName}`)
  if (Period < 60 || Period % 60 !== 0) throw invalid('The parameter Period must be a multiple of 60.')
  if (EndTime <= StartTime) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.')
  if (MaxContributorCount < 1 || MaxContributorCount > reportContributorsMax)
    throw invalidValue(`The parameter MaxContributorCount must be between 1 and ${reportContributorsMax}.`)
  const wrong = Metrics.find((name) => !Object.hasOwn(reportMetrics, name))
  if (wrong !== undefined) throw invalidValue(`The value ${wrong} for parameter Metrics is invalid.`)
  const report = insights.report(rule, {
    startMs: StartTime * 1000,
    endMs: EndTime * 1000,
    periodMs: Period * 1000,
    countMax: MaxContributorCount,
    orderBy: input.OrderBy === 'Maximum' ? 'Maximum' : 'Sum',
  })
  return {
    KeyLabels: insights.labelsOf(rule),
    AggregationStatistic: rule.kind.endsWith('C') ? 'Sum' : 'SampleCount',
    AggregateValue: report.sum,
    ApproximateUniqueCount: report.distinct,
    Contributors: report.contributors.map(shownContributor),
    ...(Metrics.length === 0 ? {} : { MetricDatapoints: report.periods.map((point) => shownPoint(point, Metrics)) }),
  }
}

const shownContributor = ({ key, sum, points }: Contributor): object => ({
  Keys: JSON.parse(key) as readonly string[],
  ApproximateAggregateValue: sum,
  Datapoints: points.map(({ atMs, sum: value }) => ({ Timestamp: new Date(atMs), ApproximateValue: value })),
})

const shownPoint = (point: PeriodPoint, metrics: readonly string[]): object => ({
  Timestamp: new Date(point.atMs),
  ...Object.fromEntries(metrics.map((name) => [name, reportMetrics[name]?.(point)])),
})
