/** Places in a region's log, as regions tell them each other. */
import type { Position } from './change.ts'
import { type Fields, natural, record, text } from './fields.ts'
import type { Proof } from './proof.ts'

/** A cursor with its proof, behind which a pause may hold the position. */
export type ToldPlace = { readonly epoch: string; readonly position: Position; readonly proof?: Proof }

export type ToldCursor = ToldPlace & { readonly region: string }

/** `epoch` is the log of the region that confirmed, as it was then. */
export type ConfirmedPlace = { readonly epoch: string; readonly position: Position }

/** A former log of a region, and up to where it led to the same places as the present one. */
export type SharedLog = { readonly epoch: string; readonly position: Position }

export type CursorList = readonly ToldCursor[]

/** What a peer has not confirmed of a region's own changes. */
export type Lacking = {
  readonly region: string
  /** Counted in (after, upTo] of the log. `after` is what the region has confirmed; later where the log had let go of more before it was counted. */
  readonly after: Position
  readonly upTo: Position
  readonly changes: number
  /** When the oldest of them was made. */
  readonly oldestMs?: number
  /** The log let go of some before the region confirmed a part of these: it lacks at most so many. */
  readonly atMost?: true
}

export function atOf(fields: Fields): { readonly at?: ToldPlace } {
  return fields['at'] === undefined ? {} : { at: placeOf(record(fields['at'])) }
}

export function placeOf(fields: Fields): ToldPlace {
  return { epoch: text(fields, 'epoch'), position: natural(fields, 'position'), ...proofOf(fields) }
}

export function proofOf(fields: Fields): { readonly proof?: Proof } {
  if (fields['proof'] === undefined) return {}
  const proof = record(fields['proof'])
  return { proof: { at: natural(proof, 'at'), of: text(proof, 'of') } }
}

/** Where this region stands in a peer's log. */
export type Cursor = {
  readonly epoch: string
  readonly position: Position
  /** The stream's sequence of the last message applied: a hint for resuming. */
  readonly sequence: number
  /** That the origin's log has really led there; absent where nothing proves it. */
  readonly proof?: Proof | undefined
}
