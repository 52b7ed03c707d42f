/** Spans of requests and of writes, and of those writes in the region that applies them. */
import { describe, expect, test } from 'vitest'
import type { Span } from '../../../src/core/tracing/span.ts'
import { Tracing, writeSpanOf } from '../../../src/node/observing/tracing.ts'
import type { Functions, Invoked } from '../../../src/ports/functions.ts'
import type { AnsweredRequest } from '../../../src/ports/request-observer.ts'
import { batchFrom, itemOf, makeTable, openRegion, put, regionNames, replicate } from '../engine/region.ts'
import { answeredRequest } from './answered.ts'

const [us, eu] = regionNames
const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

function traced(share = 1, epoch = 'e1') {
  const spans: Span[] = []
  let ids = 0
  const tracing = new Tracing({
    region: us,
    epoch: () => epoch,
    share,
    clock: { wallMs: () => 5000 },
    random: { bytes: (count) => Buffer.alloc(count, ++ids) },
    onSpan: (span) => void spans.push(span),
  })
  const answered = (more: Partial<AnsweredRequest>): readonly Span[] => {
    spans.length = 0
    tracing.answered(answeredRequest(more))
    return [...spans]
  }
  return { spans, tracing, answered }
}

describe('the span of a request', () => {
  test('continues the client’s trace, and links to its write', () => {
    const [request, write] = traced().answered({ traceparent: `00-${traceId}-${spanId}-01`, positions: [7] })
    expect(request).toMatchObject({
      traceId,
      parentSpanId: spanId,
      name: 'DynamoDB.PutItem',
      kind: 'server',
      startMs: 1000,
      endMs: 1020,
    })
    expect(request?.links).toEqual([writeSpanOf('e1', 7)])
    expect(write).toMatchObject({
      ...writeSpanOf('e1', 7),
      name: 'write',
      links: [{ traceId, spanId: request?.spanId }],
    })
    expect(write?.parentSpanId).toBeUndefined()
  })

  test('without a client’s trace begins the trace of its first write', () => {
    const [request, first, second] = traced().answered({ positions: [7, 7, 9] })
    const [own, other] = [writeSpanOf('e1', 7), writeSpanOf('e1', 9)]
    expect(request).toMatchObject({ traceId: own.traceId, parentSpanId: undefined, links: [other] })
    expect(first).toMatchObject({ ...own, parentSpanId: request?.spanId })
    expect(second).toMatchObject({ ...other, links: [{ traceId: own.traceId, spanId: request?.spanId }] })
  })

  test('of a read begins a trace of its own; a failure has its code', () => {
    const [request] = traced().answered({ operation: 'GetItem', outcome: 'ThrottlingException', status: 400 })
    expect(request).toMatchObject({ traceId: '01'.repeat(16), error: 'ThrottlingException' })
    expect(request?.attributes).toMatchObject({
      'db.system.name': 'aws.dynamodb',
      'db.operation.name': 'GetItem',
      'db.collection.name': 'Orders',
      'error.type': 'ThrottlingException',
      'http.response.status_code': 400,
    })
  })

  test('is left out where the client says so, or outside the share where no client does', () => {
    expect(traced().answered({ traceparent: `00-${traceId}-${spanId}-00` })).toEqual([])
    expect(traced(0).answered({})).toEqual([])
    expect(traced(0).answered({ traceparent: `00-${traceId}-${spanId}-01` })).toHaveLength(1)
  })
})

describe('the span of a replicated apply', () => {
  test('links to the span of its write in the origin, once for each commit', async () => {
    const [a, b] = [await openRegion(us), await openRegion(eu)]
    const table = await makeTable(a.engine, 'T', { replicas: [us, eu] })
    await replicate(a.engine, b.engine)
    await b.engine.define(table.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 0 } }])
    const origin = traced(1, a.engine.epoch)
    const peer = traced()
    const watched = peer.tracing.watching(b.engine)
    const after = a.engine.flushed()
    const commits = [[put(table, itemOf('x', 1)), put(table, itemOf('x', 2))], [put(table, itemOf('x', 3))]]
    const positions: number[] = []
    for (const writes of commits) {
      const result = await a.engine.commit(writes)
      if (result.accepted) positions.push(result.position)
    }
    const writes = positions.map((position) => origin.answered({ positions: [position] })[1])
    const batch = batchFrom(a.engine, after)
    expect(await watched.apply(batch, 1)).toMatchObject({ applied: 'all' })
    await watched.apply(batch, 1)
    expect(peer.spans.map(({ links, kind, name }) => [name, kind, links])).toEqual(
      writes.map((write) => ['apply', 'consumer', [{ traceId: write?.traceId, spanId: write?.spanId }]]),
    )
    expect(peer.spans[0]?.attributes).toMatchObject({ 'longitude.origin': us, 'db.collection.name': 'T' })
    expect(watched.flushed()).toBe(b.engine.flushed())
  })
})

describe('the span of an invocation', () => {
  const about = { requestId: 'R', functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:mail' }
  const functions = (invoked: Invoked): Functions => ({ all: () => [], invoke: () => Promise.resolve(invoked) })

  test('names the function, and nothing of the event', async () => {
    const { spans, tracing } = traced()
    const invoked: Invoked = { kind: 'returned', payload: Buffer.from('"secret"') }
    expect(await tracing.invoking(functions(invoked)).invoke('mail', Buffer.from('{"a":1}'), about)).toBe(invoked)
    expect(spans).toMatchObject([{ name: 'Lambda.Invoke mail', kind: 'client', startMs: 5000, error: undefined }])
    expect(spans[0]?.attributes).toEqual({
      'cloud.region': us,
      'faas.invoked_name': 'mail',
      'faas.invoked_region': us,
      'aws.request_id': 'R',
      'longitude.event_bytes': 7,
    })
  })

  test('is an error when the function fails, or cannot be asked', async () => {
    const { spans, tracing } = traced()
    const failed = tracing.invoking(functions({ kind: 'failed', payload: Buffer.of() }))
    await failed.invoke('mail', Buffer.of(), about)
    const away = tracing.invoking(functions({ kind: 'unavailable', reason: 'away', isThrottled: false }))
    await away.invoke('mail', Buffer.of(), about)
    expect(spans.map(({ error }) => error)).toEqual(['failed', 'unavailable'])
  })

  test('is in the share of traces', async () => {
    const { spans, tracing } = traced(0)
    await tracing.invoking(functions({ kind: 'failed', payload: Buffer.of() })).invoke('mail', Buffer.of(), about)
    expect(spans).toEqual([])
  })
})
