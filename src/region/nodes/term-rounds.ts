/**
 * Whether another node leads by now, found out without an entry: all other nodes are asked which term they have come to. A node that leads has come
 * to its own term, so when none of them knows of a later one, none had begun to lead when it was asked.
 *
 *   reads ─▶ asked ─▶ round ─▶ all others know of no later term ─▶ sure
 *              ▲ the next round │
 *              │                └▶ one of them does not answer, or cannot say ─▶ the order (leading.ts)
 *
 * A node answers only when it has caught up in its present life: it may have led before, and have lost its memory of that.
 */
import { nodeRoundMsMax } from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'

/** Resolves with the latest term that another node knows; undefined when it cannot say, or cannot be asked. */
export type AskTerm = (node: string) => Promise<number | undefined>

export type TermRoundsOptions<Waiter> = {
  readonly term: number
  readonly others: readonly string[]
  readonly askTerm: AskTerm
  readonly clock: Pick<Clock, 'after'>
  /** No other node had led when they began to wait, or the order has to tell. */
  readonly onRound: (waiters: readonly Waiter[], isSure: boolean) => void
}

export class TermRounds<Waiter> {
  readonly #options: TermRoundsOptions<Waiter>
  /** They wait for the next round: the one under way may have asked before they came. */
  #waiting: Waiter[] = []
  #round: readonly Waiter[] | undefined
  /** Nodes that have not answered the last question in time. */
  readonly #silent = new Set<string>()

  constructor(options: TermRoundsOptions<Waiter>) {
    this.#options = options
  }

  get count(): number {
    return this.#waiting.length + (this.#round?.length ?? 0)
  }

  wait(waiter: Waiter): void {
    this.#waiting.push(waiter)
    if (this.#waiting.length > 1 || this.#round !== undefined) return
    // Those that come in the same turn go together.
    queueMicrotask(() => void this.#ask())
  }

  /** Takes out all that wait. */
  drain(): readonly Waiter[] {
    const all = [...(this.#round ?? []), ...this.#waiting]
    this.#waiting = []
    this.#round = undefined
    return all
  }

  async #ask(): Promise<void> {
    const { others, onRound } = this.#options
    while (this.#waiting.length > 0) {
      const round = (this.#round = this.#waiting)
      this.#waiting = []
      const answers = await Promise.all(others.map(async (node) => await this.#isOver(node)))
      if (this.#round !== round) return
      this.#round = undefined
      onRound(round, !answers.includes(undefined) && !answers.includes(true))
    }
  }

  /** Whether another node knows of a later term. Undefined when it is not known: at once where it has not answered the question before. */
  async #isOver(node: string): Promise<boolean | undefined> {
    if (this.#silent.has(node)) return undefined
    const { term, askTerm, clock } = this.#options
    return await new Promise((resolve) => {
      const cancel = clock.after(nodeRoundMsMax, () => {
        this.#silent.add(node)
        resolve(undefined)
      })
      const answered = (known: number | undefined): void => {
        cancel()
        this.#silent.delete(node)
        resolve(known === undefined ? undefined : known > term)
      }
      askTerm(node).then(answered, () => answered(undefined))
    })
  }
}
