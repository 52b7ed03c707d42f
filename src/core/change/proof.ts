/**
 * The proof of a place in a region's log: something that only the log which really led to that place can confirm. Positions alone
 * do not prove a place, because a store that was set back to an older copy gives the same positions to other changes.
 *
 *   w<wallMs>.<counter>   the stamp of the region's own change at the position
 *   p<start>              a process of the region said itself that its log reaches to the position
 *
 * A peer keeps the text with its cursor and gives it back; only the origin reads it.
 */
import { readStamp, stampSizeBytes } from '../hybrid-logical-clock/stamp.ts'
import type { Position } from './change.ts'

export type Proof = { readonly at: Position; readonly of: string }

type Written = { readonly position: Position; readonly row: Buffer }

/** 'unknown': the log no longer holds the position, or the proof is of a kind that this version cannot read. */
export type Proven = 'same' | 'other' | 'unknown'

export function proofByChange({ position, row }: Written): Proof {
  const { wallMs, counter } = readStamp(row, 1)
  return { at: position, of: `w${wallMs}.${counter}` }
}

export function proofByStart(at: Position, start: string): Proof {
  return { at, of: `p${start}` }
}

/**
 * Whether the batch has another change, or none, where the proof says that one stands. Then the two are of different logs under one
 * epoch, or one of them is false. What the proof of a process says cannot be seen in a batch.
 */
export function isAgainst(
  { after, upTo, changes }: { readonly after: Position; readonly upTo: Position; readonly changes: readonly Written[] },
  proof: Proof | undefined,
): boolean {
  if (proof === undefined || proof.at <= after || proof.at > upTo || !proof.of.startsWith('w')) return false
  const change = changes.find(({ position }) => position === proof.at)
  return change === undefined || change.row.length <= stampSizeBytes || proofByChange(change).of !== proof.of
}

/** Proves the end of a batch, if its last change stands there. */
export function proofOfEnd(batch: {
  readonly upTo: Position
  readonly changes: readonly Written[]
}): Proof | undefined {
  const last = batch.changes.at(-1)
  if (last?.position !== batch.upTo || last.row.length <= stampSizeBytes) return undefined
  return proofByChange(last)
}
