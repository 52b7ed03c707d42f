/** Messages that wait to be applied, and what of them can be applied together. */
import { assert } from '../../../core/assert.ts'
import { type Batch, type BatchChange, changeSizeBytes, endsWithin } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import { isAgainst, type Proof, proofOfEnd } from '../../../core/change/proof.ts'
import { applyTargetBytes } from '../../../core/limits/limits.ts'
import type { Engine } from '../../../engine/engine.ts'

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
 * Undefined, too, while parts of a transaction are still to come.
 */
export function takeTogether(waiting: readonly Waiting[], bounds: Bounds): Taken | undefined {
  const { cursor, changesMax, weightOf = () => 1, from = 0 } = bounds
  const weigh = (each: readonly BatchChange[]): number => each.reduce((sum, change) => sum + weightOf(change), 0)
  const first = wholeAt(waiting, from, cursor)
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
  let { sequence } = first
  let end = from + first.messages
  let proof = upTo > cursor ? proofOfEnd(batch) : bounds.proof
  for (; end < waiting.length; end++) {
    const next = waiting[end] as Waiting
    if (next.batch.epoch !== batch.epoch || next.batch.after > upTo || isAgainst(next.batch, proof)) break
    if (endsWithin(next.batch)) break
    const weightOfNext = weigh(next.batch.changes)
    if (weight + weightOfNext > changesMax || sizeBytes > applyTargetBytes) break
    weight += weightOfNext
    sizeBytes += add(changes, next.batch, Math.max(cursor, upTo))
    if (next.batch.upTo > Math.max(cursor, upTo)) proof = proofOfEnd(next.batch)
    upTo = Math.max(upTo, next.batch.upTo)
    sequence = Math.max(sequence, next.sequence)
  }
  // It rests on the cursor: should those before it not be applied after all, it must show as a gap.
  const whole = { ...batch, after: Math.max(batch.after, cursor), upTo, changes }
  return { batch: { ...whole, proof: proofOfEnd(whole) }, sequence, messages: end - from, weight }
}

type Whole = { readonly batch: Batch; readonly sequence: number; readonly messages: number }

/**
 * The message at `from`, with those behind it that are the other parts of its transaction. Undefined while they may still come. Where one is
 * missing and others follow, it is an empty batch behind the gap, as any message is that does not go on from the cursor.
 */
export function wholeAt(waiting: readonly Waiting[], from: number, cursor: Position): Whole | undefined {
  const first = waiting[from]
  if (first === undefined || !endsWithin(first.batch) || first.batch.upTo <= cursor)
    return first && { ...first, messages: 1 }
  const parts = [first.batch]
  let { upTo } = first.batch
  for (const [n, next] of waiting.slice(from + 1).entries()) {
    const { batch, sequence } = next
    const messages = n + 2
    const isGap = batch.epoch !== first.batch.epoch || batch.after > upTo
    if (isGap) return { batch: { ...first.batch, after: upTo, part: undefined, changes: [] }, sequence, messages }
    if (batch.upTo <= upTo) continue
    if (batch.after <= first.batch.after) return toldAnew(waiting, from + n + 1, { from, cursor })
    parts.push(batch)
    upTo = batch.upTo
    if (!endsWithin(batch)) return { batch: joined(parts), sequence, messages }
  }
  return undefined
}

/**
 * A message that begins where the parts before it began, or earlier, tells all that they tell, and says it as the origin shares its tables at
 * another time. What the message leaves out the rest of those parts will not bring: joined with them it would be half a transaction.
 */
function toldAnew(waiting: readonly Waiting[], at: number, { from, cursor }: Anew): Whole | undefined {
  const whole = wholeAt(waiting, at, cursor)
  return whole && { ...whole, messages: at - from + whole.messages }
}

type Anew = { readonly from: number; readonly cursor: Position }

/** Parts that follow on each other, as one batch. What overlaps is in it once. */
export function joined(parts: readonly Batch[]): Batch {
  const [first] = parts
  assert(first !== undefined, 'batches: there is a part')
  const changes: BatchChange[] = []
  let upTo = first.after
  for (const each of parts) {
    add(changes, each, upTo)
    upTo = Math.max(upTo, each.upTo)
  }
  return { ...first, upTo, part: undefined, changes }
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
