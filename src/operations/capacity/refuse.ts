/** What a request is refused with of which a part is refused. */
import type { Operation } from '../operation.ts'
import { cancelled, throttledReason } from '../transactions/cancellation.ts'
import type { Admitted } from './admitted.ts'

/** Batches go on with what there is capacity for. */
export function refuse({ throttles = 'request' }: Pick<Operation, 'throttles'>, refusals: Admitted['refusals']): void {
  // Of one item that is admitted, as most are.
  if (refusals.length === 1 && refusals[0]?.length === 1 && refusals[0][0] === undefined) return
  const all = refusals.flat()
  const first = all.find((refusal) => refusal !== undefined)
  if (first === undefined) return
  // Each action or statement of a transaction is one touch.
  if (throttles === 'transaction') throw cancelled(refusals.map((each) => throttledReason(each[0])))
  if (throttles === 'request' || all.every((refusal) => refusal !== undefined)) throw first
}
