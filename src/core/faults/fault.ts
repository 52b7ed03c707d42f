/**
 * A fault of a region's API, as data: which requests it is aimed at, and what becomes of them. Each has an owner and an end, and a
 * seed, from which all its chance comes.
 */
import type { Cause } from '../capacity/resource.ts'
import type { Delay } from './delay.ts'

/** Whether an effect strikes before the request runs, so that it never does, or after it has run, so that only its answer is lost. */
type Moment = { readonly after: boolean }

export type Effect =
  /** The cause follows from the table’s billing mode where it is not given. */
  | { readonly kind: 'throttle'; readonly cause: Cause | undefined }
  /** 500 InternalServerError. */
  | ({ readonly kind: 'error' } & Moment)
  /** 503 ServiceUnavailable. */
  | ({ readonly kind: 'unavailable' } & Moment)
  /** No answer for so long; then the connection is closed. */
  | ({ readonly kind: 'timeout'; readonly ms: number } & Moment)
  | ({ readonly kind: 'slow'; readonly delay: Delay } & Moment)
  | ({ readonly kind: 'reset' } & Moment)
  /** Eventual reads answer with what was there so long ago. */
  | { readonly kind: 'stale'; readonly ms: number }
  /** A share of a batch’s items is left unprocessed. */
  | { readonly kind: 'partial'; readonly items: number }
  | { readonly kind: 'conflict' }

export type FaultKind = Effect['kind']

export const faultKinds = [
  'throttle',
  'error',
  'unavailable',
  'timeout',
  'slow',
  'reset',
  'stale',
  'partial',
  'conflict',
] as const satisfies readonly FaultKind[]

/** Which requests are meant: all, as far as nothing is said. */
export type Aim = {
  readonly tables?: readonly string[]
  readonly indexes?: readonly string[]
  readonly operations?: readonly string[]
  /** What the partition key begins with. */
  readonly keyPrefix?: string
  /** A part of the hash space, from 0 to 1: a fault of [0, 0.25) meets the first of the four segments of a parallel scan. */
  readonly hashes?: readonly [from: number, to: number]
  /** Of the requests that are meant otherwise. */
  readonly share: number
}

export type Fault = {
  readonly id: string
  readonly owner: string
  readonly aim: Aim
  readonly effect: Effect
  readonly seed: number
  /** As the region’s clock showed it. */
  readonly startedAtMs: number
  /** By the clock that never goes back. */
  readonly endsMs: number
  readonly endsAtMs: number
}
