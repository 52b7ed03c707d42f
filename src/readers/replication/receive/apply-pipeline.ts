/**
 * Applies what waits, several batches under way: the next are decided on top of those before while these are being flushed,
 * so that neither processor nor disk waits for the other. Each is told only once it is durable. What is not applied as a whole
 * ends it: those after it were decided on nothing, wait again, and the caller goes on from the durable cursor.
 */
import type { Batch } from '../../../core/change/batch.ts'
import { isAgainst } from '../../../core/change/proof.ts'
import { appliesUnderWayMax, applyChangesMax } from '../../../core/limits/limits.ts'
import type { ApplyResult } from '../../../engine/commands/command.ts'
import type { Cursor } from '../../../core/change/place.ts'
import type { Taken, Waiting } from './batches.ts'
import type { Inbox } from './inbox.ts'

export type ApplyPipeline = {
  readonly inbox: Inbox
  readonly cursor: Cursor
  /** What is paused is left out of the batch. */
  readonly without: (batch: Batch, cursor: Cursor) => Promise<Batch>
  readonly apply: (batch: Batch, sequence: number) => Promise<ApplyResult>
  readonly onApplied: (taken: Taken, result: ApplyResult) => void
  /** False when something else comes first. */
  readonly goesOn: () => boolean
  /** Ends the turn of the event loop. */
  readonly yield: () => Promise<void>
}

/** `against`: the next message is against the proof of the cursor. It waits still. */
export type Stopped = { readonly taken: Taken; readonly result: ApplyResult } | { readonly against: Waiting }

/** Returns once nothing is under way; rejects when the store has refused something. */
export async function applyInTurn({ inbox, cursor, ...deps }: ApplyPipeline): Promise<Stopped | undefined> {
  const underWay: { readonly taken: Taken; readonly result: Promise<ApplyResult> }[] = []
  let decided = cursor
  let weight = 0
  const against = (): Waiting | undefined => {
    const { next } = inbox
    return next?.batch.epoch === decided.epoch && isAgainst(next.batch, decided.proof) ? next : undefined
  }
  try {
    for (;;) {
      while (underWay.length < appliesUnderWayMax && deps.goesOn() && against() === undefined) {
        const taken = inbox.take(decided.position, decided.epoch, decided.proof)
        if (taken === undefined) break
        if (underWay.length === 0 && taken.batch.upTo <= decided.position) {
          inbox.drop(taken.messages)
          continue
        }
        if (weight > 0 && weight + taken.weight > applyChangesMax) {
          weight = 0
          await deps.yield()
        }
        weight += taken.weight
        const result = deps.apply(await deps.without(taken.batch, decided), taken.sequence)
        // The first failure is reported; those after it fail with it.
        result.catch(() => undefined)
        underWay.push({ taken, result })
        if (taken.batch.upTo > decided.position)
          decided = { ...decided, position: taken.batch.upTo, proof: taken.batch.proof }
      }
      const first = underWay.shift()
      if (first === undefined) {
        const next = deps.goesOn() ? against() : undefined
        return next && { against: next }
      }
      const result = await first.result
      if (result.applied !== 'all') return { taken: first.taken, result }
      inbox.drop(first.taken.messages)
      deps.onApplied(first.taken, result)
    }
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result))
    inbox.untake()
  }
}
