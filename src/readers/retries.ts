/**
 * What a loop does when one of its steps fails and is to be tried again. A broken invariant is not: it is thrown on, and ends the
 * process. All else is counted, and told as a warning: what looks like a silent peer may be a bug.
 */
import { InvariantViolation } from '../core/assert.ts'
import { errorText } from '../core/error-text.ts'
import { Repeats } from '../core/repeats.ts'
import type { Env } from '../ports/env.ts'

/** What is tried again, as /metrics names it. */
export type Work =
  | 'archive'
  | 'backup'
  | 'bulk put'
  | 'catch up'
  | 'expire'
  | 'export'
  | 'follow'
  | 'fetch'
  | 'housekeeping'
  | 'identities'
  | 'import'
  | 'join'
  | 'keys'
  | 'merge'
  | 'metrics'
  | 'probe'
  | 'refill'
  | 'replicas'
  | 'restore'
  | 'trigger'

export type RetriesEnv = Pick<Env, 'clock' | 'log' | 'meter'>

export class Retries {
  readonly #env: RetriesEnv
  readonly #repeats = new Repeats()

  constructor(env: RetriesEnv) {
    this.#env = env
  }

  /** Throws a broken invariant again. `event` and `fields` are those of the warning. */
  note(work: Work, thrown: unknown, event: string, fields: Readonly<Record<string, string>> = {}): void {
    if (thrown instanceof InvariantViolation) throw thrown
    const { clock, log, meter } = this.#env
    meter.count('longitude_retries_total', { work })
    const error = errorText(thrown)
    const times = this.#repeats.note(JSON.stringify([work, error, fields]), clock.monotonicMs())
    if (times !== undefined) log.warn(event, { ...fields, error, times })
  }
}
