/**
 * Spans of what DAX's clients ask. Their protocol has no place for a trace, so each request begins one; what the region is asked for it belongs to the same trace.
 * A hit has no table among its attributes, because its bytes are not read.
 */
import type { Span } from '../../core/tracing/span.ts'
import { isInShare } from '../../core/tracing/traceparent.ts'
import type { Random } from '../../ports/random.ts'

export type DaxTracingOptions = {
  readonly region: string
  /** Of traces: from 0 to 1. */
  readonly share: number
  readonly wallMs: () => number
  readonly random: Pick<Random, 'bytes'>
  readonly onSpan: (span: Span) => void
}

export type DaxSpan = {
  /** For the region; undefined where the trace is not shown. */
  readonly traceparent: string | undefined
  readonly end: (how: { readonly isHit: boolean; readonly isError: boolean; readonly sizeBytes: number }) => void
}

export class DaxTracing {
  readonly #options: DaxTracingOptions

  constructor(options: DaxTracingOptions) {
    this.#options = options
  }

  begin(method: string): DaxSpan {
    const { region, share, wallMs, random, onSpan } = this.#options
    const traceId = random.bytes(16).toString('hex')
    if (!isInShare(traceId, share)) return unseen
    const spanId = random.bytes(8).toString('hex')
    const startMs = wallMs()
    const operation = method.slice(0, 1).toUpperCase() + method.slice(1)
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      end: ({ isHit, isError, sizeBytes }) =>
        onSpan({
          traceId,
          spanId,
          name: `DAX.${operation}`,
          kind: 'server',
          startMs,
          endMs: Math.max(startMs, wallMs()),
          attributes: {
            'cloud.region': region,
            'db.system.name': 'aws.dynamodb',
            'db.operation.name': operation,
            'longitude.hit': isHit,
            'longitude.reply_bytes': sizeBytes,
          },
          error: isError ? 'DaxError' : undefined,
        }),
    }
  }
}

const unseen: DaxSpan = { traceparent: undefined, end: () => {} }
