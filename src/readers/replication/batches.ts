/** Messages that wait to be applied, and what of them can be applied together. */
import { type Batch, type BatchChange, changeSizeBytes } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { isAgainst, type Proof, proofOfEnd } from '../../core/change/proof.ts'
import { applyTargetBytes } from '../../core/limits.ts'

import type { Engine } from '../../engine/engine.ts'

export type Waiting = { readonly batch: Batch; readonly sequence: number; readonly sizeBytes: number }

export type Bounds = {
  /** What the cursor has already is left out. */
  readonly cursor: Position
  /** Of the cursor. */
  readonly proof?: Proof | undefined
  readonly changesMax: number
  /** What a change counts for: that of a table with indexes edits them too. One when left out. */
  readonly weightOf?: (change: BatchChange) => number
  /** Of what waits, those before are left alone. */
  readonly from?: number
}

export type Taken = {
  readonly batch: Batch
  readonly sequence: number
  /** Messages that it stands for; none for a part of one whose rest is still to come. */ readonly messages: number
  readonly weight: number
}

/**
 * The first messages from `from` on as one batch, as far as they follow on each other and one transaction should go. A backlog of single
 * changes would otherwise cost a flush each. What overlaps is taken once. A message that weighs more than may be decided in one turn is
 * taken in parts, each up to a place where no transaction is cut. A message that is against the end of those before it is not taken with them.
 */
export function takeTogether(waiting: readonly Waiting[], bounds: Bounds): Taken | undefined {
  const { cursor, changesMax, weightOf = () => 1, from = 0 } = bounds
  const weigh = (each: readonly BatchChange[]): number => each.reduce((sum, change) => sum + weightOf(change), 0)
  const first = waiting[from]
  if (first === undefined) return undefined
  const { batch } = first
  const changes: BatchChange[] = []
  let sizeBytes = add(changes, batch, cursor)
  const [part, ...more] = slicesOf({ ...batch, changes }, { changesMax, weightOf })
  // After a restart the whole message is read again: its sequence number is that of its last part.
  if (part !== undefined && more.length > 0)
    return {
      batch: { ...part, after: Math.max(batch.after, cursor), proof: proofOfEnd(part) },
      sequence: first.sequence - 1,
      messages: 0,
      weight: weigh(part.changes),
    }
  let weight = weigh(changes)
  let { upTo } = batch
  let sequence = first.sequence
  let end = from + 1
  let proof = upTo > cursor ? proofOfEnd(batch) : bounds.proof
  for (; end < waiting.length; end++) {
    const next = waiting[end] as Waiting
    if (next.batch.epoch !== batch.epoch || next.batch.after > upTo || isAgainst(next.batch, proof)) break
    const weightOfNext = weigh(next.batch.changes)
    if (weight + weightOfNext > changesMax || sizeBytes > applyTargetBytes) break
    weight += weightOfNext
    sizeBytes += add(changes, next.batch, Math.max(cursor, upTo))
    if (next.batch.upTo > Math.max(cursor, upTo)) proof = proofOfEnd(next.batch)
    upTo = Math.max(upTo, next.batch.upTo)
    sequence = Math.max(sequence, next.sequence)
  }
  // It rests on the cursor: should those before it not be applied after all, it must show as a hole.
  const whole = { ...batch, after: Math.max(batch.after, cursor), upTo, changes }
  return { batch: { ...whole, proof: proofOfEnd(whole) }, sequence, messages: end - from, weight }
}

/** The batch as several that follow on each other, each as light as one turn may decide, and none of which ends within a transaction. */
export function slicesOf(batch: Batch, { changesMax, weightOf = () => 1 }: Omit<Bounds, 'cursor'>): readonly Batch[] {
  const slices: Batch[] = []
  let { after } = batch
  let changes: BatchChange[] = []
  let weight = 0
  for (const change of batch.changes) {
    const last = changes.at(-1)
    if (last !== undefined && last.group !== change.group && weight + weightOf(change) > changesMax) {
      slices.push({ ...batch, after, upTo: last.position, changes })
      after = last.position
      changes = []
      weight = 0
    }
    changes.push(change)
    weight += weightOf(change)
  }
  return [...slices, { ...batch, after, changes }]
}

/** A change counts once more for each index of its table. */
export const weightIn =
  (engine: Pick<Engine, 'tableWithId'>): NonNullable<Bounds['weightOf']> =>
  ({ table }) =>
    1 + (engine.tableWithId(table)?.indexes.length ?? 0)

/** Returns the bytes of what was new. */
function add(changes: BatchChange[], batch: Batch, after: Position): number {
  let sizeBytes = 0
  for (const change of batch.changes) {
    if (change.position <= after) continue
    changes.push(change)
    sizeBytes += changeSizeBytes(change)
  }
  return sizeBytes
}
