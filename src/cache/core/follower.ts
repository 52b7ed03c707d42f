/**
 * Follows the region's log for a cache. What the log tells must join on to what was told before; where it does not, something
 * was missed, and the cache forgets everything up to there. Twice a second the cache asks where it should be: an answer says that
 * it knew, when it asked, all that the region knew, and what is kept may be answered for two seconds from then. So a line
 * that is cut, or swallows everything, or lags behind, makes the cache pass everything on and never lets it be silently stale.
 */
import { BackOff } from '../../core/back-off.ts'
import type { CacheReport, Deciding, LogPlace } from '../../core/change/cache-talk.ts'
import { decodePlace, encodeReport } from '../../core/change/cache-talk.ts'
import { decodeInvalidation, type Invalidation } from '../../core/change/invalidation.ts'
import {
  cacheAnswerMsMax,
  cacheAskMs,
  cacheLeaseMs,
  connectBackOffMsMax,
  connectBackOffMsMin,
} from '../../core/limits/limits.ts'
import { Repeats } from '../../core/repeats.ts'
import type { CacheLine, CacheSession } from '../../ports/cache-line.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Env } from '../../ports/env.ts'
import type { Cache } from './cache.ts'

export type FollowerOptions = {
  readonly env: Pick<Env, 'log'> & { readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'> }
  readonly line: CacheLine
  readonly cache: Pick<Cache, 'restart' | 'invalidate' | 'freshUntil'>
  readonly report: () => CacheReport
  /** Told with each answer how the region decides over requests, before anything that is kept may be answered by it. */
  readonly decided?: (how: Deciding) => void
  /** How long an answer is good for. */
  readonly leaseMs?: number
}

export type Follower = { readonly place: () => LogPlace | undefined; readonly stop: () => Promise<void> }

export function startFollower(options: FollowerOptions): Follower {
  const following = new Following(options)
  const running = following.run()
  return {
    place: () => following.place,
    stop: async () => {
      await following.stop()
      await running
    },
  }
}

/** A session without any answer for so long is given up. */
const silentMsMax = 3 * cacheLeaseMs

class Following {
  readonly #options: FollowerOptions
  #place: LogPlace | undefined
  #session: CacheSession | undefined
  #stopped = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  get place(): LogPlace | undefined {
    return this.#place
  }

  async run(): Promise<void> {
    const { clock, log } = this.#options.env
    const backOff = new BackOff(connectBackOffMsMin, connectBackOffMsMax)
    const repeats = new Repeats()
    while (!this.#stopped) {
      try {
        const reason = await this.#hold()
        backOff.reset()
        if (!this.#stopped) log.warn('the line to the log is lost: everything is passed on', { reason })
      } catch (error) {
        const times = repeats.note(String(error), clock.monotonicMs())
        if (times !== undefined) log.warn('the log cannot be reached', { error: String(error), times })
      }
      this.#options.cache.freshUntil(Number.NEGATIVE_INFINITY)
      if (!this.#stopped) await clock.sleep(backOff.next())
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#session?.close()
  }

  async #hold(): Promise<string> {
    let current = true
    const session = await this.#options.line.connect((payload) => {
      if (current) this.#hear(payload)
    })
    this.#session = session
    try {
      if (this.#stopped) return 'stopped'
      return await Promise.race([session.closed, this.#ask(session)])
    } finally {
      current = false
      this.#session = undefined
      await session.close()
    }
  }

  async #ask(session: CacheSession): Promise<string> {
    const { env, cache, report, decided, leaseMs = cacheLeaseMs } = this.#options
    let answeredMs = env.clock.monotonicMs()
    while (this.#isCurrent(session)) {
      const askedMs = env.clock.monotonicMs()
      const stood = this.#place
      try {
        const { how, ...place } = decodePlace(await session.ask(encodeReport(report()), cacheAnswerMsMax))
        if (!this.#isCurrent(session)) break
        if (how !== undefined) decided?.(how)
        this.#settle(place, stood)
        cache.freshUntil(askedMs + leaseMs)
        answeredMs = askedMs
      } catch (error) {
        if (env.clock.monotonicMs() - answeredMs > silentMsMax) return `no answer: ${String(error)}`
      }
      await env.clock.sleep(cacheAskMs)
    }
    return 'closed'
  }

  #isCurrent(session: CacheSession): boolean {
    return !this.#stopped && this.#session === session
  }

  /** Before the first answer nobody knows what the positions join on to. */
  #hear(payload: Buffer): void {
    const message = this.#read(payload)
    if (message === undefined || this.#place === undefined) return
    const { epoch, after, upTo, changes } = message
    const { cache } = this.#options
    const stands = this.#place
    if (epoch !== stands.epoch || after > stands.position) this.#missed({ epoch, position: upTo })
    else if (upTo > stands.position) {
      cache.invalidate(changes.filter(({ position }) => position > stands.position))
      this.#place = { epoch, position: upTo }
    }
  }

  /**
   * An answer travels behind all that was told before it: a cache that stands before it has missed something. The region cannot stand
   * before what it had told by the time of the question, unless its store was set back: then the cache holds what the region has no more.
   */
  #settle(place: LogPlace, stood: LogPlace | undefined): void {
    const stands = this.#place
    const isSetBack = stood?.epoch === place.epoch && place.position < stood.position
    if (stands === undefined || stands.epoch !== place.epoch || stands.position < place.position || isSetBack)
      this.#missed(place)
  }

  #missed(place: LogPlace): void {
    this.#options.env.log.info('begin at a place in the log', { ...place, before: this.#place?.position ?? 0 })
    this.#options.cache.restart(place.epoch, place.position)
    this.#place = place
  }

  #read(payload: Buffer): Invalidation | undefined {
    try {
      return decodeInvalidation(payload)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#options.env.log.warn('a message that cannot be read: everything is forgotten', { error: error.message })
      // What it said is lost, and the next one will not join on.
      this.#place = undefined
      this.#options.cache.freshUntil(Number.NEGATIVE_INFINITY)
      return undefined
    }
  }
}
