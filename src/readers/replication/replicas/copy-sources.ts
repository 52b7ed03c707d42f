/**
 * What joins that run at the same time share of their sources. A question that several have is asked once: each gets an answer to a
 * question that was asked after it wanted to know. And the parts of tables that are under way from one source are bounded together,
 * so that joins do not fill a narrow line.
 */
import { emptyPartBytes, joinBytesUnderWayMax, snapshotTargetBytes } from '../../../core/limits/limits.ts'
import type { Rows } from '../../../core/change/rows.ts'
import type { Clock } from '../../../ports/clock.ts'
import { Gate } from '../flow/gate.ts'
import type { Places, Questions } from '../talk/questions.ts'
import type { RowParts } from '../talk/row-parts.ts'

export type Source = { readonly region: string; readonly questions: Questions }

/** A source that has not answered is asked after all others for this long. */
const silentMs = 10_000

export class Sources {
  readonly #clock: Clock
  readonly #silentUntilMs = new Map<string, number>()
  readonly #places = new Map<string, Shared<Places>>()
  readonly #gates = new Map<string, Gate>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A node that is down while its NATS server is up costs each question a time-out. */
  noteSilent(region: string): void {
    this.#silentUntilMs.set(region, this.#clock.monotonicMs() + silentMs)
  }

  /** Those that answer first. */
  sorted(sources: readonly Source[]): readonly Source[] {
    const nowMs = this.#clock.monotonicMs()
    const isSilent = ({ region }: Source): number => Number((this.#silentUntilMs.get(region) ?? 0) > nowMs)
    return sources.toSorted((a, b) => isSilent(a) - isSilent(b))
  }

  places({ region, questions }: Source): Promise<Places> {
    const shared = this.#places.get(region) ?? new Shared<Places>()
    this.#places.set(region, shared)
    return shared.ask(() => questions.places())
  }

  /** `items`: of the table, as the source has said; what is not known counts as many. What is under way already waits for nothing. */
  part({ region }: Source, parts: Pick<RowParts, 'isAhead' | 'next'>, items: number | undefined): Promise<Rows> {
    if (parts.isAhead) return parts.next()
    const gate = this.#gates.get(region) ?? new Gate(joinBytesUnderWayMax)
    this.#gates.set(region, gate)
    return gate.pass(items === 0 ? emptyPartBytes : snapshotTargetBytes, () => parts.next())
  }

  /** A region that has left. */
  forget(region: string): void {
    this.#silentUntilMs.delete(region)
    this.#places.delete(region)
    this.#gates.delete(region)
  }
}

class Shared<T> {
  #underWay: Promise<unknown> | undefined
  #next: Promise<T> | undefined

  ask(question: () => Promise<T>): Promise<T> {
    this.#next ??= this.#after(question)
    return this.#next
  }

  async #after(question: () => Promise<T>): Promise<T> {
    // Also of an answer that fails, the next question is another.
    await this.#underWay
    this.#next = undefined
    const answer = question()
    this.#underWay = answer.catch(() => undefined)
    return await answer
  }
}
