/** A span as it is exported. */
export type SpanRef = { readonly traceId: string; readonly spanId: string }

export type Span = SpanRef & {
  readonly parentSpanId?: string | undefined
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'consumer'
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly links?: readonly SpanRef[]
  /** The code of the error, where it has failed. */
  readonly error?: string | undefined
}
