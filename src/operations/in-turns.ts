/**
 * Does work that may need several turns of the event loop; what needs one is done when it returns, without a promise. What a read has
 * gathered stays in memory until its reply is made, so only a few go on by turns. Some more may have had their first turn; beyond these a
 * read waits until one has ended, whatever it is.
 */
import { readsBegunMax, readsByTurnsMax } from '../core/limits/limits.ts'
import type { Turns } from '../core/turns.ts'
import type { OperationContext } from './operation.ts'

type Sleep = Pick<OperationContext['env']['clock'], 'sleep'>

export function inTurns<Result>(
  work: Turns<Result>,
  { env, engine }: Pick<OperationContext, 'env' | 'engine'>,
): Result | Promise<Result> {
  const reads = readsOf(engine)
  if (reads.mustWait) return reads.later(work, env.clock)
  const first = work.next()
  return first.done === true ? first.value : reads.goOn(work, env.clock)
}

class Reads {
  /** Have had a turn, and not their last one. */
  #begun = 0
  #going = 0
  readonly #toGoOn: (() => void)[] = []
  readonly #toBegin: (() => void)[] = []

  get mustWait(): boolean {
    return this.#begun >= readsBegunMax || this.#toBegin.length > 0
  }

  async goOn<Result>(work: Turns<Result>, clock: Sleep): Promise<Result> {
    this.#begun++
    try {
      if (this.#going >= readsByTurnsMax) await new Promise<void>((resolve) => this.#toGoOn.push(resolve))
      else this.#going++
      return await inLaterTurns(work, clock)
    } finally {
      this.#begun--
      this.#ended()
    }
  }

  async later<Result>(work: Turns<Result>, clock: Sleep): Promise<Result> {
    await new Promise<void>((resolve) => this.#toBegin.push(resolve))
    let first: IteratorResult<undefined, Result>
    try {
      first = work.next()
    } catch (error) {
      this.#beginNext()
      throw error
    }
    if (first.done !== true) return await this.goOn(work, clock)
    this.#beginNext()
    return first.value
  }

  /** The place among those that go on passes to the next one. */
  #ended(): void {
    const next = this.#toGoOn.shift()
    if (next === undefined) this.#going--
    else next()
    this.#beginNext()
  }

  #beginNext(): void {
    if (this.#begun < readsBegunMax) this.#toBegin.shift()?.()
  }
}

/** Of each region in this process. */
const all = new WeakMap<object, Reads>()

function readsOf(engine: object): Reads {
  let reads = all.get(engine)
  if (reads === undefined) all.set(engine, (reads = new Reads()))
  return reads
}

async function inLaterTurns<Result>(work: Turns<Result>, clock: Sleep): Promise<Result> {
  for (;;) {
    await clock.sleep(0)
    const step = work.next()
    if (step.done === true) return step.value
  }
}
