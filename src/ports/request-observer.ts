/** What is told of a request once it is answered, to a log of slow requests and to traces. Never an item, a key or a value. */
export type AnsweredRequest = {
  readonly operation: string
  /** `ok`, or the code of the error. */
  readonly outcome: string
  readonly status: number
  readonly requestId: string
  readonly tables: readonly string[]
  readonly kind: 'read' | 'write' | 'control' | undefined
  /** When it was read whole: milliseconds since 1970. */
  readonly startedMs: number
  /** From then until it was answered, and its parts. */
  readonly tookMs: number
  readonly parts: RequestParts
  /** Capacity units that it consumed. */
  readonly units: number
  readonly requestBytes: number
  readonly replyBytes: number
  /** As the client sent it. */
  readonly traceparent: string | undefined
  /** Last positions in the region's log of the commits that it made. */
  readonly positions: readonly number[]
}

export type RequestParts = {
  /** Signature, parser, checks. */
  readonly preparingMs: number
  /** Until the place that the request asked for was applied here. */
  readonly positionMs: number
  /** Its own work: reading, deciding. */
  readonly runningMs: number
  /** Until a write was durable, or a reply came from elsewhere. */
  readonly waitingMs: number
}

export interface RequestObserver {
  answered(request: AnsweredRequest): void
}
