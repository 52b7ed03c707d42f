/** What a region's tables were used for, as its own API tells: metrics of CloudWatch, and descriptions of tables. */
import { z } from 'zod'
import type { Minute, ResourceUsage, TableUsage } from '../../core/cost/usage.ts'
import { metricQueriesMax, metricRequestPointsMax } from '../../core/limits/metric-limits.ts'
import { Failure } from '../../process/failure.ts'

type Fields = Readonly<Record<string, unknown>>

/** One request of the region's API. */
export type Asking = {
  readonly region: string
  readonly dynamodb: (operation: string, input: Fields) => Promise<unknown>
  readonly cloudWatch: (operation: string, input: Fields) => Promise<unknown>
}

export type Window = { readonly fromMs: number; readonly toMs: number }

const throughput = z.object({ ReadCapacityUnits: z.number(), WriteCapacityUnits: z.number() }).optional()
const indexShape = z.object({
  IndexName: z.string(),
  IndexSizeBytes: z.number().optional(),
  ItemCount: z.number().optional(),
  ProvisionedThroughput: throughput,
})
const tableShape = z.object({
  TableName: z.string(),
  TableSizeBytes: z.number().optional(),
  ItemCount: z.number().optional(),
  BillingModeSummary: z.object({ BillingMode: z.string().optional() }).optional(),
  TableClassSummary: z.object({ TableClass: z.string().optional() }).optional(),
  ProvisionedThroughput: throughput,
  Replicas: z.array(z.object({ RegionName: z.string() })).optional(),
  GlobalSecondaryIndexes: z.array(indexShape).optional(),
  LocalSecondaryIndexes: z.array(indexShape).optional(),
})
type Described = z.output<typeof tableShape>

const listed = z.object({ TableNames: z.array(z.string()), LastEvaluatedTableName: z.string().optional() })
const described = z.object({ Table: tableShape })
const recovery = z.object({
  ContinuousBackupsDescription: z.object({
    PointInTimeRecoveryDescription: z.object({ PointInTimeRecoveryStatus: z.string() }).optional(),
  }),
})
const kinesis = z.object({
  KinesisDataStreamDestinations: z.array(z.object({ DestinationStatus: z.string().optional() })).optional(),
})
const backups = z.object({
  BackupSummaries: z.array(z.object({ TableName: z.string(), BackupSizeBytes: z.number().optional() })),
  LastEvaluatedBackupArn: z.string().optional(),
})
const metricsListed = z.object({
  Metrics: z.array(z.object({ Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).optional() })),
  NextToken: z.string().optional(),
})
const results = z.object({
  MetricDataResults: z.array(
    z.object({ Id: z.string(), Timestamps: z.array(z.number()).optional(), Values: z.array(z.number()).optional() }),
  ),
  NextToken: z.string().optional(),
})

/** Pages of one answer; a region that gives more is not believed. */
const pagesMax = 10_000
const minuteSeconds = 60
const hourSeconds = 3600

type Metric = {
  readonly name: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly statistic: 'Sum' | 'SampleCount'
  readonly periodSeconds: number
}

export async function regionUsage(asking: Asking, window: Window): Promise<readonly TableUsage[]> {
  const tables = await tablesOf(asking)
  const labels = await streamLabelsOf(asking)
  const wanted = tables.flatMap((table) => metricsOf(table, labels))
  const points = await readAll(asking, wanted, window)
  const saved = await backupBytesOf(asking)
  const all: TableUsage[] = []
  for (const table of tables) {
    const { TableName } = table
    const { ContinuousBackupsDescription: kept } = recovery.parse(
      await asking.dynamodb('DescribeContinuousBackups', { TableName }),
    )
    const fed = kinesis.parse(await asking.dynamodb('DescribeKinesisStreamingDestination', { TableName }))
    all.push({
      ...usageOf(asking.region, table, (metric) => points.get(keyOf(metric)) ?? []),
      streamReads: total(metricsOfStreams(TableName, labels).flatMap((metric) => points.get(keyOf(metric)) ?? [])),
      hasRecovery: kept.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED',
      feedsKinesis: fed.KinesisDataStreamDestinations?.some((each) => each.DestinationStatus === 'ACTIVE') === true,
      backupBytes: saved.get(TableName) ?? 0,
    })
  }
  return all
}

type OfMetrics = Omit<TableUsage, 'streamReads' | 'hasRecovery' | 'feedsKinesis' | 'backupBytes'>

function usageOf(region: string, table: Described, pointsOf: (metric: Metric) => readonly Minute[]): OfMetrics {
  const { TableName: name, GlobalSecondaryIndexes: global = [], LocalSecondaryIndexes: local = [] } = table
  const resource = (index: string | undefined, set: Described['ProvisionedThroughput']): ResourceUsage => ({
    index,
    reads: pointsOf(consumed('Read', name, index)),
    writes: pointsOf(consumed('Write', name, index)),
    provisioned: set && { reads: set.ReadCapacityUnits, writes: set.WriteCapacityUnits },
  })
  const stored = [...global, ...local]
  const add = (numbers: readonly (number | undefined)[]): number =>
    numbers.reduce<number>((sum, n) => sum + (n ?? 0), 0)
  return {
    region,
    table: name,
    billingMode: table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST' ? 'PAY_PER_REQUEST' : 'PROVISIONED',
    isInfrequent: table.TableClassSummary?.TableClass === 'STANDARD_INFREQUENT_ACCESS',
    regions: [...new Set([region, ...(table.Replicas ?? []).map(({ RegionName }) => RegionName)])],
    storedBytes: add([table.TableSizeBytes, ...stored.map(({ IndexSizeBytes }) => IndexSizeBytes)]),
    storedItems: add([table.ItemCount, ...stored.map(({ ItemCount }) => ItemCount)]),
    resources: [
      resource(undefined, table.ProvisionedThroughput),
      ...global.map((index) => resource(index.IndexName, index.ProvisionedThroughput)),
    ],
    expiredItems: total(pointsOf(expired(name))),
  }
}

async function tablesOf({ dynamodb }: Asking): Promise<readonly Described[]> {
  const tables: Described[] = []
  let after: string | undefined
  do {
    const start = after === undefined ? {} : { ExclusiveStartTableName: after }
    const page = listed.parse(await dynamodb('ListTables', start))
    for (const TableName of page.TableNames)
      tables.push(described.parse(await dynamodb('DescribeTable', { TableName })).Table)
    after = page.LastEvaluatedTableName
  } while (after !== undefined)
  return tables
}

async function backupBytesOf({ dynamodb }: Asking): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>()
  let after: string | undefined
  do {
    const start = after === undefined ? {} : { ExclusiveStartBackupArn: after }
    const page = backups.parse(await dynamodb('ListBackups', { BackupType: 'ALL', ...start }))
    for (const { TableName, BackupSizeBytes = 0 } of page.BackupSummaries)
      bytes.set(TableName, (bytes.get(TableName) ?? 0) + BackupSizeBytes)
    after = page.LastEvaluatedBackupArn
  } while (after !== undefined)
  return bytes
}

/** By table. */
async function streamLabelsOf({ cloudWatch }: Asking): Promise<ReadonlyMap<string, readonly string[]>> {
  const labels = new Map<string, string[]>()
  let token: string | undefined
  do {
    const which = { Namespace: 'AWS/DynamoDB', MetricName: 'ReturnedRecordsCount' }
    const page = metricsListed.parse(
      await cloudWatch('ListMetrics', { ...which, ...(token === undefined ? {} : { NextToken: token }) }),
    )
    for (const { Dimensions = [] } of page.Metrics) {
      const valueOf = (name: string): string => Dimensions.find(({ Name }) => Name === name)?.Value ?? ''
      labels.set(valueOf('TableName'), [...(labels.get(valueOf('TableName')) ?? []), valueOf('StreamLabel')])
    }
    token = page.NextToken
  } while (token !== undefined)
  return labels
}

const consumed = (direction: 'Read' | 'Write', TableName: string, index: string | undefined): Metric => ({
  name: `Consumed${direction}CapacityUnits`,
  dimensions: index === undefined ? { TableName } : { TableName, GlobalSecondaryIndexName: index },
  statistic: 'Sum',
  periodSeconds: minuteSeconds,
})

const expired = (TableName: string): Metric => ({
  name: 'TimeToLiveDeletedItemCount',
  dimensions: { TableName },
  statistic: 'Sum',
  periodSeconds: hourSeconds,
})

/** Each call of GetRecords is one sample. */
function metricsOfStreams(TableName: string, labels: ReadonlyMap<string, readonly string[]>): readonly Metric[] {
  return (labels.get(TableName) ?? []).map((StreamLabel) => ({
    name: 'ReturnedRecordsCount',
    dimensions: { TableName, Operation: 'GetRecords', StreamLabel },
    statistic: 'SampleCount',
    periodSeconds: hourSeconds,
  }))
}

function metricsOf(
  { TableName, GlobalSecondaryIndexes = [] }: Described,
  labels: ReadonlyMap<string, readonly string[]>,
) {
  const resources = [undefined, ...GlobalSecondaryIndexes.map(({ IndexName }) => IndexName)]
  return [
    ...resources.flatMap((index) => [consumed('Read', TableName, index), consumed('Write', TableName, index)]),
    expired(TableName),
    ...metricsOfStreams(TableName, labels),
  ]
}

const keyOf = ({ name, dimensions }: Metric): string => JSON.stringify([name, dimensions])

/** In requests that stay below the region's limits. */
async function readAll(
  asking: Asking,
  metrics: readonly Metric[],
  window: Window,
): Promise<ReadonlyMap<string, readonly Minute[]>> {
  const minutes = (window.toMs - window.fromMs) / 60_000
  const atOnce = Math.max(1, Math.min(metricQueriesMax, Math.floor(metricRequestPointsMax / (minutes + 1))))
  const points = new Map<string, Minute[]>()
  for (let from = 0; from < metrics.length; from += atOnce)
    await readSome(asking, { metrics: metrics.slice(from, from + atOnce), window, points })
  return points
}

type Reading = {
  readonly metrics: readonly Metric[]
  readonly window: Window
  readonly points: Map<string, Minute[]>
}

async function readSome({ cloudWatch, region }: Asking, { metrics, window, points }: Reading): Promise<void> {
  const queries = metrics.map(({ name, dimensions, statistic, periodSeconds }, n) => ({
    Id: `q${n}`,
    MetricStat: {
      Metric: {
        Namespace: 'AWS/DynamoDB',
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: periodSeconds,
      Stat: statistic,
    },
  }))
  const range = { StartTime: window.fromMs / 1000, EndTime: window.toMs / 1000 }
  let token: string | undefined
  for (let page = 0; page < pagesMax; page++) {
    const next = token === undefined ? {} : { NextToken: token }
    const answer = results.parse(await cloudWatch('GetMetricData', { MetricDataQueries: queries, ...range, ...next }))
    for (const { Id, Timestamps = [], Values = [] } of answer.MetricDataResults) {
      const metric = metrics[Number(Id.slice(1))]
      if (metric === undefined) continue
      const more = Timestamps.map((seconds, n) => ({ atMs: seconds * 1000, units: Values[n] ?? 0 }))
      points.set(keyOf(metric), [...(points.get(keyOf(metric)) ?? []), ...more])
    }
    token = answer.NextToken
    if (token === undefined) return
  }
  throw new Failure(`${region} has more than ${pagesMax} pages of metrics`)
}

const total = (minutes: readonly Minute[]): number => minutes.reduce((sum, { units }) => sum + units, 0)
