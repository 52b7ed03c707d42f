/**
 * What a region's tables and indexes consumed of late, against what is provisioned, and what was short of capacity: from the metrics that the region answers
 * with as CloudWatch. They have a point a minute.
 */
import { z } from 'zod'
import { capacityPagesMax, capacityRowsMax, metricQueriesMax } from '../../core/limits/console-limits.ts'
import type { Handlers } from '../../deployment/control/call-server.ts'
import { NoAnswer, type Place, Refusal, type Wire } from '../../drills/run/load/wire.ts'
import { Failure } from '../../process/failure.ts'
import type { AskedOf, consoleCalls, ToldOf } from '../console-calls.ts'
import { type CapacityName, capacityNames, type MetricSeries, pastOf, rowsOf } from './capacity-rows.ts'
import { scalingOf } from './scaling.ts'

type Reach = { readonly wire: Wire; readonly endpointOf: (region: string) => string }

const answerMsMax = 20_000
const minuteMs = 60_000
/** What is provisioned has a point every five minutes. */
const lookBackMinutes = 11
const pastMinutes = 60

export function capacityHandlers({
  wire,
  endpointOf,
}: Reach): Pick<Handlers<typeof consoleCalls>, 'capacity' | 'capacityPast'> {
  const at = (region: string): Place => ({ region, endpoint: endpointOf(region) })
  return {
    capacity: async ({ region }) => await said(region, async () => await capacityOf(wire, at(region))),
    capacityPast: async (asked) => await said(asked.region, async () => await pastAsked(wire, at(asked.region), asked)),
  }
}

async function said<Told>(region: string, work: () => Promise<Told>): Promise<Told> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal || error instanceof NoAnswer) throw new Failure(`${region}: ${error.message}`)
    throw error
  }
}

const dimension = z.object({ Name: z.string(), Value: z.string() })
const listed = z.object({
  Metrics: z.array(z.object({ MetricName: z.string(), Dimensions: z.array(dimension) })),
  NextToken: z.string().optional(),
})
const data = z.object({
  MetricDataResults: z.array(
    z.object({ Id: z.string(), Timestamps: z.array(z.number()), Values: z.array(z.number()) }),
  ),
  NextToken: z.string().optional(),
})

type Of = Pick<MetricSeries, 'name' | 'table' | 'index'>

async function capacityOf(wire: Wire, at: Place): Promise<ToldOf<'capacity'>> {
  const endMs = Math.floor(Date.now() / minuteMs) * minuteMs
  const metrics: Of[] = []
  for (const name of Object.keys(capacityNames) as CapacityName[]) metrics.push(...(await metricsNamed(wire, at, name)))
  const series = await seriesOf(wire, at, metrics, { fromMs: endMs - lookBackMinutes * minuteMs, endMs })
  const rows = rowsOf(series, endMs)
  return { rows: rows.slice(0, capacityRowsMax), count: rows.length, untilMs: endMs }
}

async function pastAsked(
  wire: Wire,
  at: Place,
  { table, index }: AskedOf<'capacityPast'>,
): Promise<ToldOf<'capacityPast'>> {
  const endMs = Math.floor(Date.now() / minuteMs) * minuteMs
  const names = Object.keys(capacityNames) as CapacityName[]
  const of = names.map((name) => ({ name, table, ...(index === undefined ? {} : { index }) }))
  const [series, scaling] = await Promise.all([
    seriesOf(wire, at, of, { fromMs: endMs - pastMinutes * minuteMs, endMs }),
    scalingOf(wire, at, { table, ...(index === undefined ? {} : { index }) }),
  ])
  return { ...pastOf(series, { endMs, minutes: pastMinutes }), scaling }
}

/** Those of a table, or of an index of it; others, as by operation, are left out. */
async function metricsNamed(wire: Wire, at: Place, name: CapacityName): Promise<readonly Of[]> {
  const found: Of[] = []
  for (let pages = 0, token: string | undefined; pages < capacityPagesMax; pages++) {
    const input = { Namespace: 'AWS/DynamoDB', MetricName: name, ...(token === undefined ? {} : { NextToken: token }) }
    const told = listed.parse(await wire.cloudWatch(at, 'ListMetrics', input, answerMsMax))
    found.push(...told.Metrics.flatMap(({ Dimensions }) => ofDimensions(name, Dimensions)))
    token = told.NextToken
    if (token === undefined) break
  }
  return found
}

function ofDimensions(name: CapacityName, dimensions: readonly z.output<typeof dimension>[]): readonly Of[] {
  const {
    TableName: table,
    GlobalSecondaryIndexName: index,
    ...others
  } = Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]))
  if (table === undefined || Object.keys(others).length > 0) return []
  return [{ name, table, ...(index === undefined ? {} : { index }) }]
}

async function seriesOf(
  wire: Wire,
  at: Place,
  metrics: readonly Of[],
  { fromMs, endMs }: { readonly fromMs: number; readonly endMs: number },
): Promise<readonly MetricSeries[]> {
  const series: MetricSeries[] = []
  for (let first = 0; first < metrics.length; first += metricQueriesMax) {
    const asked = metrics.slice(first, first + metricQueriesMax)
    const queries = asked.map((of, index) => ({ Id: `m${index}`, MetricStat: statOf(of) }))
    for (let pages = 0, token: string | undefined; pages < capacityPagesMax; pages++) {
      const input = {
        MetricDataQueries: queries,
        StartTime: fromMs / 1000,
        EndTime: endMs / 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }
      const told = data.parse(await wire.cloudWatch(at, 'GetMetricData', input, answerMsMax))
      for (const { Id, Timestamps, Values } of told.MetricDataResults) {
        const of = asked[Number(Id.slice(1))]
        const points = Timestamps.map((seconds, index) => ({ atMs: seconds * 1000, value: Values[index] ?? 0 }))
        if (of !== undefined) series.push({ ...of, points })
      }
      token = told.NextToken
      if (token === undefined) break
    }
  }
  return series
}

function statOf({ name, table, index }: Of) {
  const ofIndex = index === undefined ? [] : [{ Name: 'GlobalSecondaryIndexName', Value: index }]
  const dimensions = [{ Name: 'TableName', Value: table }, ...ofIndex]
  const metric = { Namespace: 'AWS/DynamoDB', MetricName: name, Dimensions: dimensions }
  return { Metric: metric, Period: 60, Stat: capacityNames[name].stat }
}
