import type { ServiceError } from '../../core/errors.ts'
import type { Spent } from '../spent.ts'

/** Of one request: what refuses its items, and what it is charged to. */
export type Admitted = {
  /** By the request’s touches, one entry for each key; one entry for a touch without keys. */
  readonly refusals: readonly (readonly (ServiceError | undefined)[])[]
  charge(spent: Spent, nowMs: number): void
}
