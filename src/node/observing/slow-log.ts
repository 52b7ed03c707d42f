/** The log of slow requests: which were slow, where their time went, and why. Its rate is bounded. */
import { slowLinesPerSecondMax } from '../../core/limits/observe-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { AnsweredRequest, RequestObserver, RequestParts } from '../../ports/request-observer.ts'

export type SlowLogOptions = {
  readonly slowMs: number
  readonly log: Pick<Log, 'warn'>
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/** Why a request was slow, as the largest part of its time says. */
export type SlowCause = 'throttle' | 'position' | 'flush' | 'elsewhere' | 'lengthy read' | 'size' | 'work'

/** A read that consumed so many units has read a quarter of a megabyte or more. */
const lengthyUnits = 32
const largeBytes = 64 * 1024

export class SlowLog implements RequestObserver {
  readonly #options: SlowLogOptions
  #second = -1
  #lines = 0
  #leftOut = 0

  constructor(options: SlowLogOptions) {
    this.#options = options
  }

  answered(request: AnsweredRequest): void {
    const { slowMs, log, clock } = this.#options
    if (request.tookMs < slowMs) return
    const second = Math.floor(clock.monotonicMs() / 1000)
    if (second !== this.#second) this.#lines = 0
    this.#second = second
    if (++this.#lines > slowLinesPerSecondMax) {
      this.#leftOut++
      return
    }
    log.warn('slow request', { ...fieldsOf(request), ...(this.#leftOut === 0 ? {} : { leftOut: this.#leftOut }) })
    this.#leftOut = 0
  }
}

function fieldsOf(request: AnsweredRequest): Readonly<Record<string, unknown>> {
  const { requestId, operation, tables, outcome, tookMs, parts, units, requestBytes, replyBytes } = request
  return {
    requestId,
    operation,
    tables,
    outcome,
    cause: slowCauseOf(request),
    ms: rounded(tookMs),
    preparingMs: rounded(parts.preparingMs),
    positionMs: rounded(parts.positionMs),
    runningMs: rounded(parts.runningMs),
    waitingMs: rounded(parts.waitingMs),
    units,
    requestBytes,
    replyBytes,
  }
}

const throttles: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
])

export function slowCauseOf({ outcome, kind, parts, units, requestBytes, replyBytes }: AnsweredRequest): SlowCause {
  if (throttles.has(outcome)) return 'throttle'
  const part = largestOf(parts)
  if (part === 'positionMs') return 'position'
  if (part === 'waitingMs') return kind === 'read' ? 'elsewhere' : 'flush'
  if (kind === 'read' && units >= lengthyUnits) return 'lengthy read'
  return Math.max(requestBytes, replyBytes) >= largeBytes ? 'size' : 'work'
}

function largestOf(parts: RequestParts): keyof RequestParts {
  const names = Object.keys(parts) as (keyof RequestParts)[]
  return names.reduce((largest, name) => (parts[name] > parts[largest] ? name : largest))
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10
