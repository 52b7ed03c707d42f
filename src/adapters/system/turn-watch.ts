/**
 * How long turns of the event loop take: a timer that comes late shows how long others had to wait. What is known to take long says
 * its name (`run`), so that the warning about a long turn can tell which work it was.
 */
import { longTurnMs, turnLookMs, turnWarningsApartMs } from '../../core/limits/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import type { Service } from '../../ports/service.ts'

export type TurnWatchOptions = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  readonly meter: Pick<Meter, 'observe'>
  readonly log: Pick<Log, 'warn'>
}

type Ran = { readonly what: string; readonly ms: number }

/** Of this machine; the watch alone keeps no process alive. */
const watchingClock: TurnWatchOptions['clock'] = {
  monotonicMs: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** For processes without metrics: the warnings alone. */
export const unmeasured: TurnWatchOptions['meter'] = { observe() {} }

/** Watches this process. */
export function watchTurns(options: Omit<TurnWatchOptions, 'clock'>): TurnWatch {
  const watch = new TurnWatch({ ...options, clock: watchingClock })
  watch.start()
  return watch
}

export class TurnWatch implements Service {
  readonly #options: TurnWatchOptions
  /** The longest named work since the last look. */
  #longest: Ran | undefined
  #warnedAtMs = -Infinity
  /** Long turns since the last warning. */
  #unsaid = 0
  #cancel: () => void = () => undefined

  constructor(options: TurnWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#wait()
  }

  /** Does the work and notes how long it kept the turn; what an asynchronous function does later is not counted. */
  run<Result>(what: string, work: () => Result): Result {
    const { clock } = this.#options
    const startedMs = clock.monotonicMs()
    try {
      return work()
    } finally {
      this.ran(what, clock.monotonicMs() - startedMs)
    }
  }

  /** Work that has kept this turn. */
  ran(what: string, ms: number): void {
    if (ms > (this.#longest?.ms ?? 0)) this.#longest = { what, ms }
  }

  stop(): void {
    this.#cancel()
  }

  #wait(): void {
    const { clock } = this.#options
    const dueMs = clock.monotonicMs() + turnLookMs
    this.#cancel = clock.after(turnLookMs, () => {
      this.#look(Math.max(0, clock.monotonicMs() - dueMs))
      this.#wait()
    })
  }

  #look(lateMs: number): void {
    this.#options.meter.observe('longitude_event_loop_delay_seconds', lateMs / 1000)
    if (lateMs > longTurnMs) this.#warn(lateMs)
    this.#longest = undefined
  }

  #warn(lateMs: number): void {
    const { clock, log } = this.#options
    this.#unsaid++
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#warnedAtMs < turnWarningsApartMs) return
    const ran =
      this.#longest === undefined ? {} : { longest: this.#longest.what, longestMs: Math.round(this.#longest.ms) }
    log.warn('a turn of the event loop took long; requests waited for it', {
      ms: Math.round(lateMs),
      ...ran,
      turns: this.#unsaid,
    })
    this.#warnedAtMs = nowMs
    this.#unsaid = 0
  }
}
