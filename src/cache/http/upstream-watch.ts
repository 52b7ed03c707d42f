/**
 * Watches whether the region behind a cache answers. Without it a cache with a dead region looks well: it listens, and only requests fail. What is found is told by /ready and
 * /health, by `longitude status`, by a metric and in the log.
 */
import type { Log } from '../../ports/log.ts'

export type UpstreamTrouble = { readonly reason: string; readonly sinceMs: number }

export type UpstreamWatchOptions = {
  /** Rejects when nothing answers there. */
  readonly look: () => Promise<void>
  readonly nowMs: () => number
  readonly log: Log
  /** For messages. */
  readonly upstream: string
}

/** One that is lost may be a moment's: a node that starts again, or a machine that stands still. */
const failuresMin = 2

export class UpstreamWatch {
  readonly #options: UpstreamWatchOptions
  #failures = 0
  #firstMs = 0
  #reason = ''
  #isLooking = false

  constructor(options: UpstreamWatchOptions) {
    this.#options = options
  }

  /** Undefined while the region answers. */
  get trouble(): UpstreamTrouble | undefined {
    if (this.#failures < failuresMin) return undefined
    return { reason: this.#reason, sinceMs: this.#firstMs }
  }

  /** One look at a time, however slow the answer is. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      await this.#options.look()
      this.#answered()
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error))
    } finally {
      this.#isLooking = false
    }
  }

  #answered(): void {
    const { log, upstream } = this.#options
    if (this.trouble !== undefined) log.info('the region behind this cache answers again', { upstream })
    this.#failures = 0
  }

  #failed(reason: string): void {
    const { log, upstream, nowMs } = this.#options
    if (this.#failures === 0) this.#firstMs = nowMs()
    this.#failures++
    this.#reason = reason
    if (this.#failures === failuresMin) log.warn('the region behind this cache does not answer', { upstream, reason })
  }
}
