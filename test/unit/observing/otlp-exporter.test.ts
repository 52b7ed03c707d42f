/** The exporter against a collector that takes, refuses, is slow, or is not there. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { prometheusMeter } from '../../../src/adapters/metrics/prometheus-meter.ts'
import { OtlpExporter } from '../../../src/adapters/otlp/otlp-exporter.ts'
import { otlpSpansWaitingMax } from '../../../src/core/limits/observe-limits.ts'
import type { Span } from '../../../src/core/tracing/span.ts'

type Got = { readonly path: string; readonly body: Record<string, never> }
let collector: Server
let got: Got[]
let answers: number[]
let dropped: number
let logged: string[]
let exporter: OtlpExporter

const span: Span = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: 'c'.repeat(16),
  name: 'DynamoDB.GetItem',
  kind: 'server',
  startMs: 1_700_000_000_000.25,
  endMs: 1_700_000_000_001,
  attributes: { table: 'Orders', units: 2, share: 0.5, isFirst: true },
  links: [{ traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) }],
  error: 'ThrottlingException',
}

beforeEach(async () => {
  got = []
  answers = []
  dropped = 0
  logged = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    got.push({ path: request.url ?? '', body: JSON.parse(await text(request)) as Record<string, never> })
    response.writeHead(answers.shift() ?? 200).end('{}')
  }
  collector = createServer((request, response) => void take(request, response))
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  exporter = exporterTo(`http://127.0.0.1:${(collector.address() as AddressInfo).port}/`)
})

afterEach(async () => {
  await exporter.stop()
  collector.closeAllConnections()
  collector.close()
})

function exporterTo(url: string): OtlpExporter {
  return new OtlpExporter({
    url,
    resource: { 'service.name': 'longitude' },
    log: { info: (event) => void logged.push(event), warn: (event) => void logged.push(event) },
    meter: { count: (_name, _labels, by = 1) => void (dropped += by) },
    pauseMs: 1,
  })
}

describe('the exporter', () => {
  test('sends spans as the protocol has them in JSON', async () => {
    exporter.span(span)
    await exporter.flush()
    expect(got).toEqual([
      {
        path: '/v1/traces',
        body: {
          resourceSpans: [
            {
              resource: { attributes: [{ key: 'service.name', value: { stringValue: 'longitude' } }] },
              scopeSpans: [
                {
                  scope: { name: 'longitude' },
                  spans: [
                    {
                      traceId: 'a'.repeat(32),
                      spanId: 'b'.repeat(16),
                      parentSpanId: 'c'.repeat(16),
                      name: 'DynamoDB.GetItem',
                      kind: 2,
                      startTimeUnixNano: '1700000000000250000',
                      endTimeUnixNano: '1700000000001000000',
                      attributes: [
                        { key: 'table', value: { stringValue: 'Orders' } },
                        { key: 'units', value: { intValue: '2' } },
                        { key: 'share', value: { doubleValue: 0.5 } },
                        { key: 'isFirst', value: { boolValue: true } },
                      ],
                      links: [{ traceId: 'd'.repeat(32), spanId: 'e'.repeat(16) }],
                      status: { code: 2, message: 'ThrottlingException' },
                    },
                  ],
                },
              ],
            },
          ],
        },
      },
    ])
  })

  test('tries a batch again that is refused for now, and drops and counts one that is refused for good', async () => {
    answers = [503, 429, 200, 400]
    exporter.span(span)
    await exporter.flush()
    expect([got.length, dropped]).toEqual([3, 0])
    exporter.span(span)
    await exporter.flush()
    expect([got.length, dropped]).toEqual([4, 1])
    exporter.span(span)
    await exporter.flush()
    expect(logged).toEqual([
      'the collector does not take spans and metrics',
      'the collector takes spans and metrics again',
    ])
  })

  test('without a collector keeps a bounded number of spans, drops and counts the others, and says so once', async () => {
    await exporter.stop()
    exporter = exporterTo('http://127.0.0.1:9')
    for (let n = 0; n < otlpSpansWaitingMax * 3; n++) exporter.span(span)
    expect(dropped).toBeGreaterThanOrEqual(otlpSpansWaitingMax)
    await vi.waitFor(() => expect(dropped).toBe(otlpSpansWaitingMax * 3), 20_000)
    expect(logged).toEqual(['the collector does not take spans and metrics'])
  })

  test('sends what waits when it ends', async () => {
    exporter.span(span)
    await exporter.stop()
    expect(got).toHaveLength(1)
  })

  test('sends counters, gauges and histograms as sums, gauges and histograms, and no figure that is none', async () => {
    const meter = prometheusMeter({ region: 'us-east-1' })
    meter.count('longitude_requests_total', { operation: 'GetItem', outcome: 'ok' }, 3)
    meter.gauge('longitude_log_position', 7)
    meter.gauge('longitude_replication_receive_bytes_per_second', Number.NaN, { peer: 'eu-west-1' })
    meter.observe('longitude_commit_writes', 3)
    await exporter.metrics(meter.families(), { startedMs: 1000, nowMs: 2000 })
    const metrics = got.flatMap(({ body }) => JSON.parse(JSON.stringify(body)) as Sent).flatMap(metricsIn)
    const named = (name: string): object | undefined => metrics.find((each) => each.name === name)
    const at = { startTimeUnixNano: '1000000000', timeUnixNano: '2000000000' }
    expect(named('longitude_requests_total')).toMatchObject({
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: [
          {
            ...at,
            asDouble: 3,
            attributes: [
              { key: 'operation', value: { stringValue: 'GetItem' } },
              { key: 'outcome', value: { stringValue: 'ok' } },
            ],
          },
        ],
      },
    })
    expect(named('longitude_log_position')).toMatchObject({ gauge: { dataPoints: [{ ...at, asDouble: 7 }] } })
    expect(named('longitude_replication_receive_bytes_per_second')).toMatchObject({ gauge: { dataPoints: [] } })
    expect(named('longitude_commit_writes')).toMatchObject({
      histogram: {
        dataPoints: [
          {
            ...at,
            count: '1',
            sum: 3,
            explicitBounds: [1, 4, 16, 64, 256, 1024, 4096],
            bucketCounts: ['0', '1', '0', '0', '0', '0', '0', '0'],
          },
        ],
      },
    })
  })
})

type Sent = {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[]
  }[]
}

function metricsIn({ resourceMetrics }: Sent): readonly { readonly name: string }[] {
  return resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
}
