/** A cache's figures under the names that DAX gives them in CloudWatch, and a few of our own. */
import type { Cache } from './cache.ts'

export type CacheMetric = {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly value: number
}

export function cacheMetrics(cache: Cache, connections: number): readonly CacheMetric[] {
  const { figures, items, queries } = cache
  const counter = (name: string, value: number, help: string): CacheMetric => ({ name, kind: 'counter', help, value })
  const gauge = (name: string, value: number, help: string): CacheMetric => ({ name, kind: 'gauge', help, value })
  const bytes = items.lru.bytes + queries.lru.bytes
  return [
    counter('ItemCacheHits', figures.itemHits, 'Items of GetItem and BatchGetItem answered from the item cache.'),
    counter(
      'ItemCacheMisses',
      figures.itemMisses,
      'Items of GetItem and BatchGetItem that were not in the item cache.',
    ),
    counter('QueryCacheHits', figures.queryHits, 'Queries answered from the query cache.'),
    counter('QueryCacheMisses', figures.queryMisses, 'Queries that were not in the query cache.'),
    counter('ScanCacheHits', figures.scanHits, 'Scans answered from the query cache.'),
    counter('ScanCacheMisses', figures.scanMisses, 'Scans that were not in the query cache.'),
    counter('EvictedSize', items.lru.evictedBytes + queries.lru.evictedBytes, 'Bytes that had to go for newer ones.'),
    gauge('EstimatedDbSize', bytes, 'Bytes in the item cache and the query cache, with what keeping them costs.'),
    gauge(
      'CacheMemoryUtilization',
      (100 * bytes) / (items.lru.bytesMax + queries.lru.bytesMax),
      'Percent of the memory for entries that is used.',
    ),
    counter('TotalRequestCount', figures.requests, 'Requests.'),
    counter('ErrorRequestCount', figures.errors, 'Requests answered with a client’s error (4xx).'),
    counter('FaultRequestCount', figures.faults, 'Requests answered with a fault (5xx).'),
    counter('FailedRequestCount', figures.errors + figures.faults, 'Requests answered with either.'),
    counter('ThrottledRequestCount', figures.throttled, 'Requests throttled by the cache or the region.'),
    gauge('ClientConnections', connections, 'Connections of clients.'),
    ...counted.map((name) => counter(`${name}RequestCount`, figures.requestsOf(name), `Requests of ${name}.`)),
    counter('longitude_cache_passed_on_total', figures.passedOn, 'Reads passed on whatever was kept.'),
    counter('longitude_cache_coalesced_total', figures.coalesced, 'Misses answered by another’s read.'),
    counter('longitude_cache_missed_moments_total', figures.missedMoments, 'Replies not kept, since read too early.'),
    counter('longitude_cache_invalidations_total', figures.told, 'Changes that the region’s log has told.'),
    counter('longitude_cache_cleared_total', figures.cleared, 'Times that everything was forgotten.'),
    counter('longitude_cache_denied_total', figures.denied, 'Actions of DAX’s clients that policies do not allow.'),
    gauge('longitude_cache_items', items.lru.count, 'Keys in the item cache.'),
    gauge('longitude_cache_pages', queries.lru.count, 'Pages in the query cache.'),
    gauge(
      'longitude_cache_serving',
      cache.serves ? 1 : 0,
      '1 while what is kept is answered, 0 while all is passed on.',
    ),
  ]
}

const counted = [
  'GetItem',
  'BatchGetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'Query',
  'Scan',
  'TransactGetItems',
  'TransactWriteItems',
]

/** What `longitude status` shows, and what the region's metrics of AWS/DAX are made of (core/metrics/dax-metrics.ts). */
export function cacheFigures(cache: Cache): Readonly<Record<string, number>> {
  const { figures, items, queries } = cache
  const bytes = items.lru.bytes + queries.lru.bytes
  return {
    itemHits: figures.itemHits,
    itemMisses: figures.itemMisses,
    queryHits: figures.queryHits,
    queryMisses: figures.queryMisses,
    scanHits: figures.scanHits,
    scanMisses: figures.scanMisses,
    items: items.lru.count,
    pages: queries.lru.count,
    bytes,
    memoryPercent: (100 * bytes) / (items.lru.bytesMax + queries.lru.bytesMax),
    evictedBytes: items.lru.evictedBytes + queries.lru.evictedBytes,
    asked: figures.requests,
    ...Object.fromEntries(counted.map((name) => [`asked${name}`, figures.requestsOf(name)])),
    errors: figures.errors,
    faults: figures.faults,
    failed: figures.errors + figures.faults,
    throttled: figures.throttled,
    serving: cache.serves ? 1 : 0,
  }
}
