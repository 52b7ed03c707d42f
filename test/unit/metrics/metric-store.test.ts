import { beforeEach, describe, expect, test, vi } from 'vitest'
import { BlobShelf, MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { metricSeriesMax } from '../../../src/core/limits/metric-limits.ts'
import { metricId, refOf } from '../../../src/core/metrics/metric.ts'
import { MetricStore, type MetricStoreDeps } from '../../../src/readers/metrics/metric-store.ts'

const minute = 60_000
const hour = 60 * minute
const hits = refOf(metricId('App', 'Hits', []), 'Count')
const begin = Date.parse('2026-01-01T00:00:00Z')
let nowMs = begin
let blobs: MemoryBlobs
let warned: string[] = []

const env = {
  clock: { wallMs: () => nowMs },
  log: { warn: (event: string) => void warned.push(event) },
} as unknown as MetricStoreDeps['env']

beforeEach(() => {
  nowMs = begin
  warned = []
  blobs = new MemoryBlobs({ shelf: new BlobShelf() })
})

async function opened(): Promise<MetricStore> {
  const store = new MetricStore({ env, blobs })
  await store.load()
  return store
}

async function sums(store: MetricStore, from = begin, to = nowMs + hour) {
  const points = (await store.read([hits], from, to)).get(hits.key) ?? new Map()
  return [...points].map(([at, { sum }]) => [(at - begin) / minute, sum])
}

describe('the points of a region', () => {
  test('are by the minute, and survive in blocks', async () => {
    const store = await opened()
    store.add(hits, begin, 1)
    store.add(hits, begin + 59_000, 2)
    store.add(hits, begin + minute, 4)
    await store.flush()
    expect(await sums(store)).toEqual([
      [0, 3],
      [1, 4],
    ])
    const next = await opened()
    next.add(hits, begin + minute, 8)
    await next.flush()
    expect(await sums(await opened())).toEqual([
      [0, 3],
      [1, 12],
    ])
  })

  test('are read from blocks once their hour is not in memory', async () => {
    const store = await opened()
    for (let n = 0; n < 30; n++) {
      store.add(hits, nowMs, n)
      nowMs += 20 * minute
      await store.flush()
    }
    expect(await sums(store)).toEqual(Array.from({ length: 30 }, (_, n) => [n * 20, n]))
    expect(await sums(await opened())).toEqual(await sums(store))
  })

  test('that come late go to the block of their hour', async () => {
    const store = await opened()
    store.add(hits, begin, 1)
    await store.flush()
    nowMs = begin + 10 * hour
    await store.flush()
    store.add(hits, begin, 2)
    store.add(hits, begin + minute, 3)
    const expected = [
      [0, 3],
      [1, 3],
    ]
    expect(await sums(store)).toEqual(expected)
    await store.flush()
    await store.flush()
    expect(await sums(store)).toEqual(expected)
  })

  test('are forgotten after fifteen days', async () => {
    const store = await opened()
    store.add(hits, begin, 1)
    await store.flush()
    nowMs = begin + 16 * 24 * hour
    await store.flush()
    expect(store.series()).toEqual([])
    expect(await blobs.list('metrics/', '', 10)).toEqual([])
  })

  test('stay in memory while they cannot be written', async () => {
    const store = await opened()
    store.add(hits, begin, 1)
    const full = vi.spyOn(blobs, 'put').mockRejectedValue(new Error('full'))
    await expect(store.flush()).rejects.toThrow('full')
    full.mockRestore()
    await store.flush()
    expect(await sums(await opened())).toEqual([[0, 1]])
  })

  test('are of a bounded number of metrics: those that are silent make room', async () => {
    const store = await opened()
    for (let n = 0; n < metricSeriesMax + 5; n++) store.add(refOf(metricId('App', `m${n}`, []), 'Count'), nowMs, 1)
    expect(store.series()).toHaveLength(metricSeriesMax)
    expect(warned).toHaveLength(1)
    nowMs += 4 * hour
    store.add(hits, nowMs, 1)
    expect(store.series()).toHaveLength(metricSeriesMax)
    expect(await sums(store, nowMs - hour)).toEqual([[240, 1]])
  })
})
