/** Messages that wait to be applied, and what of them can be applied together. */
import { type Batch, changeSizeBytes } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { applyChangesMax, applyTargetBytes } from '../../core/limits.ts'

export type Waiting = { readonly batch: Batch; readonly sequence: number; readonly sizeBytes: number }

export type Taken = {
  readonly batch: Batch
  readonly sequence: number
  /** Messages that it stands for. */ readonly messages: number
}

/**
 * The first messages as one batch, as far as they follow on each other and one transaction should go. A backlog of single
 * changes would otherwise cost a flush each. What `cursor` has already is left out; what overlaps is taken once.
 */
export function takeTogether(waiting: readonly Waiting[], cursor: Position): Taken | undefined {
  const first = waiting[0]
  if (first === undefined) return undefined
  const { batch } = first
  const changes = batch.changes.filter((change) => change.position > cursor)
  let { upTo } = batch
  let sequence = first.sequence
  let sizeBytes = sizeOf(changes)
  let messages = 1
  for (const next of waiting.slice(1)) {
    if (next.batch.epoch !== batch.epoch || next.batch.after > upTo) break
    if (changes.length + next.batch.changes.length > applyChangesMax || sizeBytes > applyTargetBytes) break
    const fresh = next.batch.changes.filter((change) => change.position > Math.max(cursor, upTo))
    changes.push(...fresh)
    sizeBytes += sizeOf(fresh)
    upTo = Math.max(upTo, next.batch.upTo)
    sequence = Math.max(sequence, next.sequence)
    messages++
  }
  return { batch: { ...batch, upTo, changes }, sequence, messages }
}

function sizeOf(changes: Batch['changes']): number {
  return changes.reduce((sum, change) => sum + changeSizeBytes(change), 0)
}
