/** What a DAX client asks is a span, and what the region is asked for it belongs to the same trace. */
import { expect, test } from 'vitest'
import type { Cache } from '../../../src/cache/core/cache.ts'
import { DaxFront } from '../../../src/cache/dax/dax-front.ts'
import { DaxTracing } from '../../../src/cache/dax/dax-tracing.ts'
import type { Frame } from '../../../src/cache/dax/dax-frames.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import type { Span } from '../../../src/core/tracing/span.ts'
import type { ApiRequest } from '../../../src/http/pipeline.ts'
import type { Log } from '../../../src/ports/log.ts'
import { frame, sampleLists } from './sample-frames.ts'

const schema = { partition: [{ name: 'pk', type: 'S' as const }], sort: [] }
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => quiet }
const asking = { principal: { accessKeyId: 'any', region: 'us-east-1', sessionToken: undefined }, nodes: () => [] }

function traced(status: number, share = 1) {
  const spans: Span[] = []
  const asked: ApiRequest[] = []
  let [now, ids] = [1000, 0]
  const tracing = new DaxTracing({
    region: 'us-east-1',
    share,
    wallMs: () => now++,
    random: { bytes: (count) => Buffer.alloc(count, ++ids) },
    onSpan: (span) => void spans.push(span),
  })
  const front = new DaxFront({
    cache: { keyOf: () => schema } as unknown as Cache,
    pipeline: (request, _, answer) => {
      asked.push(request)
      const bytes = Buffer.from(status === 200 ? '{}' : '{"__type":"x#InternalServerError","message":"m"}')
      answer({ status, bytes, headers: {} } as never)
    },
    upstream: { send: () => new Promise(() => {}) },
    host: 'localhost',
    credentials: undefined,
    wallMs: () => 0,
    monotonicMs: () => 0,
    requestId: () => 'id',
    lists: sampleLists,
    log: quiet,
    tracing,
  })
  return { front, spans, asked }
}

function deletion(): Frame {
  const bytes = frame('deleteItem', (writer) => writer.bytes(Buffer.from('Orders')).bytes(Buffer.from('k')).null())
  const head = new CborReader(bytes)
  head.integer()
  head.integer()
  return { method: 'deleteItem', bytes, valuesAt: head.offset }
}

test('a request has a span, whose trace the region is told', async () => {
  const { front, spans, asked } = traced(200)
  await front.answer(asking, deletion())
  const [span] = spans
  expect(spans).toHaveLength(1)
  expect(span).toMatchObject({
    traceId: '01'.repeat(16),
    spanId: '02'.repeat(8),
    name: 'DAX.DeleteItem',
    kind: 'server',
    startMs: 1000,
    endMs: 1001,
    error: undefined,
  })
  expect(span?.attributes).toMatchObject({ 'db.operation.name': 'DeleteItem', 'longitude.hit': false })
  expect(asked.map(({ headers }) => headers['traceparent'])).toEqual([`00-${'01'.repeat(16)}-${'02'.repeat(8)}-01`])
})

test('an error is told as one', async () => {
  const { front, spans } = traced(500)
  await front.answer(asking, deletion())
  expect(spans.map(({ error }) => error)).toEqual(['DaxError'])
})

test('a trace outside the share has no span, and the region hears of none', async () => {
  const { front, spans, asked } = traced(200, 0)
  await front.answer(asking, deletion())
  expect(spans).toEqual([])
  expect(asked.map(({ headers }) => 'traceparent' in headers)).toEqual([false])
})
