/** Messages that wait to be applied, and what of them can be applied together. */
import { type Batch, changeSizeBytes } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { applyTargetBytes } from '../../core/limits.ts'

export type Waiting = { readonly batch: Batch; readonly sequence: number; readonly sizeBytes: number }

export type Bounds = {
  /** What the cursor has already is left out. */
  readonly cursor: Position
  readonly changesMax: number
  /** Of what waits, those before are left alone. */
  readonly from?: number
}

export type Taken = {
  readonly batch: Batch
  readonly sequence: number
  /** Messages that it stands for. */ readonly messages: number
}

/**
 * The first messages from `from` on as one batch, as far as they follow on each other and one transaction should go. A backlog of single
 * changes would otherwise cost a flush each. What overlaps is taken once.
 */
export function takeTogether(waiting: readonly Waiting[], { cursor, changesMax, from = 0 }: Bounds): Taken | undefined {
  const first = waiting[from]
  if (first === undefined) return undefined
  const { batch } = first
  const changes = batch.changes.filter((change) => change.position > cursor)
  let { upTo } = batch
  let sequence = first.sequence
  let sizeBytes = sizeOf(changes)
  let messages = 1
  for (let n = from + 1; n < waiting.length; n++) {
    const next = waiting[n] as Waiting
    if (next.batch.epoch !== batch.epoch || next.batch.after > upTo) break
    if (changes.length + next.batch.changes.length > changesMax || sizeBytes > applyTargetBytes) break
    const fresh = next.batch.changes.filter((change) => change.position > Math.max(cursor, upTo))
    changes.push(...fresh)
    sizeBytes += sizeOf(fresh)
    upTo = Math.max(upTo, next.batch.upTo)
    sequence = Math.max(sequence, next.sequence)
    messages++
  }
  // It rests on the cursor: should those before it not be applied after all, it must show as a hole.
  return { batch: { ...batch, after: Math.max(batch.after, cursor), upTo, changes }, sequence, messages }
}

function sizeOf(changes: Batch['changes']): number {
  return changes.reduce((sum, change) => sum + changeSizeBytes(change), 0)
}
