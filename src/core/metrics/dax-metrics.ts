/** What a cache counts as metrics of AWS/DAX (developer guide, "DAX metrics and dimensions"): each of a node and of the cluster. */
import { metricId, type MetricRef, refOf } from './metric.ts'

export type Figures = Readonly<Record<string, number>>

/** `total`: counted since the cache started, of which a minute's part is shown. `level`: as it is now. */
type DaxMetric = {
  readonly name: string
  readonly figure: string
  readonly kind: 'total' | 'level'
  readonly unit: string
}

const total = (name: string, figure: string, unit = 'Count'): DaxMetric => ({ name, figure, kind: 'total', unit })
const level = (name: string, figure: string, unit: string): DaxMetric => ({ name, figure, kind: 'level', unit })

const counted = ['GetItem', 'BatchGetItem', 'BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem', 'Query', 'Scan']

const daxMetrics: readonly DaxMetric[] = [
  total('ItemCacheHits', 'itemHits'),
  total('ItemCacheMisses', 'itemMisses'),
  total('QueryCacheHits', 'queryHits'),
  total('QueryCacheMisses', 'queryMisses'),
  total('ScanCacheHits', 'scanHits'),
  total('ScanCacheMisses', 'scanMisses'),
  ...counted.map((operation) => total(`${operation}RequestCount`, `asked${operation}`)),
  total('TransactGetItemsCount', 'askedTransactGetItems'),
  total('TransactWriteItemsCount', 'askedTransactWriteItems'),
  total('TotalRequestCount', 'asked'),
  total('ErrorRequestCount', 'errors'),
  total('FaultRequestCount', 'faults'),
  total('FailedRequestCount', 'failed'),
  total('ThrottledRequestCount', 'throttled'),
  total('EvictedSize', 'evictedBytes', 'Bytes'),
  level('EstimatedDbSize', 'bytes', 'Bytes'),
  level('CacheMemoryUtilization', 'memoryPercent', 'Percent'),
  level('ClientConnections', 'connections', 'Count'),
]

const namespace = 'AWS/DAX'
const clusterId = 'longitude'

export type DaxSample = { readonly ref: MetricRef; readonly value: number }

/** The samples of one node, between two looks at its figures. As on AWS nothing is said of what is zero. */
export function daxSamples(nodeId: string, now: Figures, before: Figures): readonly DaxSample[] {
  const share = shareOf(now, before)
  const processor = share > 0 ? samplesOf(nodeId, cpuUtilization, share) : []
  const others = daxMetrics.flatMap((metric) => {
    const { figure, kind } = metric
    const value = (now[figure] ?? 0) - (kind === 'total' ? (before[figure] ?? 0) : 0)
    return value > 0 ? samplesOf(nodeId, metric, value) : []
  })
  return [...processor, ...others]
}

const cpuUtilization = level('CPUUtilization', 'cpuMs', 'Percent')

/** Of one processor, in percent: a cache is one thread, and a little beside it. */
function shareOf(now: Figures, before: Figures): number {
  const of = (name: string): number => (now[name] ?? 0) - (before[name] ?? 0)
  return of('uptimeMs') > 0 ? (100 * of('cpuMs')) / of('uptimeMs') : 0
}

function samplesOf(nodeId: string, { name, unit }: DaxMetric, value: number): readonly DaxSample[] {
  return dimensionsOf(nodeId).map((dimensions) => ({ ref: refOf(metricId(namespace, name, dimensions), unit), value }))
}

const dimensionsOf = (nodeId: string) => [
  [{ name: 'ClusterId', value: clusterId }],
  [
    { name: 'ClusterId', value: clusterId },
    { name: 'NodeId', value: nodeId },
  ],
]
