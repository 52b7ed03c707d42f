/** Does work that may need several turns of the event loop; what needs one is done when it returns, without a promise. */
import type { Turns } from '../core/turns.ts'
import type { OperationContext } from './operation.ts'

export function inTurns<Result>(work: Turns<Result>, { env }: Pick<OperationContext, 'env'>): Result | Promise<Result> {
  const first = work.next()
  return first.done === true ? first.value : inLaterTurns(work, env.clock)
}

async function inLaterTurns<Result>(
  work: Turns<Result>,
  clock: Pick<OperationContext['env']['clock'], 'sleep'>,
): Promise<Result> {
  for (;;) {
    await clock.sleep(0)
    const step = work.next()
    if (step.done === true) return step.value
  }
}
