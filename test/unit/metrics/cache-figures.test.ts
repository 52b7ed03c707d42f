/** Metrics of AWS/DAX: what caches have counted since a region looked last, by node and of the cluster. */
import { expect, it } from 'vitest'
import type { CacheReport } from '../../../src/core/change/cache-talk.ts'
import { decodeReport, encodeReport } from '../../../src/core/change/cache-talk.ts'
import type { MetricRef } from '../../../src/core/metrics/metric.ts'
import { CacheFigures } from '../../../src/readers/metrics/cache-figures.ts'

function looks() {
  let added: string[] = []
  const figures = new CacheFigures({
    add: ({ metric: { namespace, name, dimensions }, unit }: MetricRef, _: number, value: number) =>
      void added.push(`${namespace} ${name} ${dimensions.map((each) => each.value).join('/')} ${value} ${unit}`),
  })
  return (...caches: CacheReport[]): readonly string[] => {
    added = []
    figures.take(caches, 0)
    return added
  }
}

const report = (id: string, figures: Readonly<Record<string, number>>, node?: string): CacheReport =>
  decodeReport(
    encodeReport({ id, endpoint: `http://${id}`, mode: 'coherent', ...(node === undefined ? {} : { node }), figures }),
  )

it('a minute has what was counted in it, and levels as they are', () => {
  const look = looks()
  const first = { uptimeMs: 10_000, cpuMs: 1000, itemHits: 5, askedGetItem: 7, bytes: 100, connections: 2 }
  expect(look(report('a', first, 'longitude-1'))).toEqual([
    'AWS/DAX CPUUtilization longitude 10 Percent',
    'AWS/DAX CPUUtilization longitude/longitude-1 10 Percent',
    'AWS/DAX ItemCacheHits longitude 5 Count',
    'AWS/DAX ItemCacheHits longitude/longitude-1 5 Count',
    'AWS/DAX GetItemRequestCount longitude 7 Count',
    'AWS/DAX GetItemRequestCount longitude/longitude-1 7 Count',
    'AWS/DAX EstimatedDbSize longitude 100 Bytes',
    'AWS/DAX EstimatedDbSize longitude/longitude-1 100 Bytes',
    'AWS/DAX ClientConnections longitude 2 Count',
    'AWS/DAX ClientConnections longitude/longitude-1 2 Count',
  ])
  const later = { ...first, uptimeMs: 70_000, itemHits: 8, bytes: 90 }
  expect(look(report('a', later, 'longitude-1')).filter((line) => line.includes('/longitude-1'))).toEqual([
    'AWS/DAX ItemCacheHits longitude/longitude-1 3 Count',
    'AWS/DAX EstimatedDbSize longitude/longitude-1 90 Bytes',
    'AWS/DAX ClientConnections longitude/longitude-1 2 Count',
  ])
})

it('of a cache that has run for longer than it is known only what comes is counted, and one that starts again counts from nothing', () => {
  const look = looks()
  expect(look(report('old', { uptimeMs: 3_600_000, queryHits: 50 }))).toEqual([])
  expect(look(report('old', { uptimeMs: 3_660_000, queryHits: 51 }))).toContain(
    'AWS/DAX QueryCacheHits longitude/http://old 1 Count',
  )
  expect(look(report('again', { uptimeMs: 1000, queryHits: 4 }))).toContain(
    'AWS/DAX QueryCacheHits longitude/http://again 4 Count',
  )
})
