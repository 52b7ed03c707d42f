/**
 * Which part of the time jobs may have. It follows from what they cost: the rate at which clients are answered during turns of jobs is held against the
 * rate between turns. Jobs that halve it may have twice the time of jobs that stop it.
 */
import { jobCostMax, jobShareMax, pacedRequestsMin, paceWindowMs } from './pace-limits.ts'

type Seen = { readonly ms: number; readonly answered: number }

const nothing: Seen = { ms: 0, answered: 0 }

export class JobShare {
  #during = nothing
  #between = nothing

  during(seen: Seen): void {
    this.#during = sumOf(this.#during, lateOf(seen))
    this.#forget()
  }

  between(seen: Seen): void {
    this.#between = sumOf(this.#between, lateOf(seen))
    this.#forget()
  }

  /** The part of the time. */
  get part(): number {
    const { ms, answered } = this.#between
    if (this.#during.ms === 0 || ms === 0 || answered < pacedRequestsMin) return jobCostMax
    const kept = this.#during.answered / this.#during.ms / (answered / ms)
    return kept >= 1 ? jobShareMax : Math.min(jobShareMax, jobCostMax / (1 - kept))
  }

  /** So that the present counts more than the past. */
  #forget(): void {
    if (this.#during.ms + this.#between.ms < paceWindowMs) return
    this.#during = halfOf(this.#during)
    this.#between = halfOf(this.#between)
  }
}

/** As much of it as lies within the window. */
function lateOf({ ms, answered }: Seen): Seen {
  const part = Math.min(1, paceWindowMs / ms)
  return { ms: ms * part, answered: answered * part }
}

const sumOf = (a: Seen, b: Seen): Seen => ({ ms: a.ms + b.ms, answered: a.answered + b.answered })
const halfOf = ({ ms, answered }: Seen): Seen => ({ ms: ms / 2, answered: answered / 2 })
