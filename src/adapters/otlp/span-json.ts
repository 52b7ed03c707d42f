/** Spans in OpenTelemetry's protocol (OTLP 1.x, JSON: ids in hexadecimal, 64-bit numbers as text). */
import type { Span } from '../../core/tracing/span.ts'

export type Attributes = Readonly<Record<string, string | number | boolean>>

const kinds = { internal: 1, server: 2, client: 3, consumer: 5 } as const
const scope = { name: 'longitude' }

export function tracesJson(spans: readonly Span[], resource: Attributes): string {
  const resourceSpans = [
    { resource: { attributes: attributesJson(resource) }, scopeSpans: [{ scope, spans: spans.map(spanJson) }] },
  ]
  return JSON.stringify({ resourceSpans })
}

function spanJson({
  traceId,
  spanId,
  parentSpanId,
  name,
  kind,
  startMs,
  endMs,
  attributes,
  links,
  error,
}: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanosText(startMs),
    endTimeUnixNano: nanosText(endMs),
    attributes: attributesJson(attributes),
    ...(links === undefined ? {} : { links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })) }),
    status: error === undefined ? {} : { code: 2, message: error },
  }
}

export function attributesJson(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueJson(value) }))
}

function valueJson(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** To a microsecond: more digits than that are not exact. */
export function nanosText(ms: number): string {
  return `${Math.round(ms * 1000)}000`
}
