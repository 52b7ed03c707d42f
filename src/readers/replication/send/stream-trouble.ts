/**
 * What the region's own NATS server refuses, since when, and how often that is said. Writes are local and go on; the peers get what
 * they lack once the cause is gone.
 */
import { BackOff, spread } from '../../../core/back-off.ts'
import { connectBackOffMsMin, refusalLoggedEveryMs, refusedBackOffMsMax } from '../../../core/limits/limits.ts'
import { asRefusal, courses, type RefusalKind, type StreamRefused } from '../../../core/stream-refusal.ts'
import type { Env } from '../../../ports/env.ts'

/** Why the region's own NATS server does not take what the peers are to get, and since when. */
export type StreamTroubleStatus = {
  readonly kind: RefusalKind
  /** JetStream's own code. */
  readonly code?: number
  readonly reason: string
  /** What an operator has to do; empty where the node helps itself. */
  readonly advice: string
  readonly sinceMs: number
}

/** Asking for the stream's end, or appending to it: a stream may answer and still take nothing. */
export type Attempt = 'end' | 'append'

export class StreamTrouble {
  readonly #env: Pick<Env, 'clock' | 'log' | 'meter' | 'random'>
  #refused: { readonly by: StreamRefused; readonly attempt: Attempt; readonly sinceMs: number } | undefined
  #loggedAtMs = -Infinity
  readonly #backOff = new BackOff(connectBackOffMsMin, refusedBackOffMsMax)

  constructor(env: Pick<Env, 'clock' | 'log' | 'meter' | 'random'>) {
    this.#env = env
  }

  get told(): StreamTroubleStatus | undefined {
    if (this.#refused === undefined) return undefined
    const { by, sinceMs } = this.#refused
    const { kind, code, message, advice } = by
    return { kind, ...(code === undefined ? {} : { code }), reason: message, advice, sinceMs }
  }

  /** Counts and logs the refusal: once, and then at a bounded rate. Returns how long to wait before the next attempt. */
  met(error: unknown, attempt: Attempt): number {
    const { clock, meter, random } = this.#env
    const by = asRefusal(error)
    const before = this.#refused
    meter.count('longitude_stream_refusals_total', { kind: by.kind })
    this.#refused = { by, attempt, sinceMs: before?.by.kind === by.kind ? before.sinceMs : clock.wallMs() }
    const isNew = before === undefined || before.by.kind !== by.kind || before.by.code !== by.code
    // Of a server that is away the bus itself tells.
    if (by.kind !== 'away' && (isNew || clock.monotonicMs() - this.#loggedAtMs >= refusalLoggedEveryMs))
      this.#log(this.#refused)
    return spread(this.#backOff.next(courses[by.kind].pauseMsMax), random.fraction())
  }

  /** The attempt has succeeded; `append` covers both. */
  over(attempt: Attempt): void {
    if (attempt === 'append') this.#backOff.reset()
    if (this.#refused === undefined || (attempt === 'end' && this.#refused.attempt === 'append')) return
    const { clock, log } = this.#env
    const { by, sinceMs } = this.#refused
    if (by.kind !== 'away')
      log.info('the stream is taken again', { kind: by.kind, afterMs: Math.max(0, clock.wallMs() - sinceMs) })
    this.#refused = undefined
    this.#loggedAtMs = -Infinity
  }

  #log({ by, sinceMs }: { readonly by: StreamRefused; readonly sinceMs: number }): void {
    const { clock, log } = this.#env
    this.#loggedAtMs = clock.monotonicMs()
    const { kind, code, message, advice } = by
    log.warn('the stream is refused', { kind, code, reason: message, advice, since: new Date(sinceMs).toISOString() })
  }
}
