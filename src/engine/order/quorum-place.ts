/** The place of an order that regions share, as the store keeps it and as another replica tells it. */
import type { OrderPlace } from '../../ports/order.ts'
import { quorumMembersMax } from '../../core/limits/quorum-limits.ts'
import type { OrderRecord } from './order-book.ts'
import type { Run, RunsState } from './quorum-runs.ts'

export type QuorumPlace = OrderPlace & {
  /** The time of the last entry. Leaders' clocks differ; that of the order does not go back. */
  readonly atMs: number
  readonly runs: RunsState
  /** An entry was opened with the group's key. */
  readonly isOpened: boolean
}

/** What another replica says of itself; undefined for anything else, and while it does not know its own digest. */
export function orderRecordIn(value: unknown): (OrderRecord & { readonly place: QuorumPlace }) | undefined {
  const { clock, digest, place } = (value ?? {}) as Partial<OrderRecord>
  const { wallMs, counter } = clock ?? {}
  if (![wallMs, counter, digest].every(isCount) || !isPlace(place)) return undefined
  return { clock: { wallMs: wallMs as number, counter: counter as number }, digest, place }
}

function isPlace(value: unknown): value is QuorumPlace {
  const { sequence, atMs, runs, isOpened } = (value ?? {}) as Partial<QuorumPlace>
  if (![sequence, atMs].every(isCount) || typeof isOpened !== 'boolean') return false
  if (typeof runs !== 'object' || runs === null) return false
  const known = Object.values(runs as Readonly<Record<string, unknown>>)
  return known.length <= quorumMembersMax && known.every(isRun)
}

function isRun(value: unknown): value is Run {
  const { run, name, number } = (value ?? {}) as Partial<Run>
  return isCount(run) && isCount(number) && typeof name === 'string' && name.length <= 40
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
