/** How often provisioned throughput was lowered on a day, of a table or a global index. */
import type { Decreases, IndexSettings, Throughput } from '../../core/table/table.ts'

const dayMs = 86_400_000
const dayOf = (ms: number): number => Math.floor(ms / dayMs)

export const decreasesToday = (decreases: Decreases | undefined, nowMs: number): number =>
  decreases?.day === dayOf(nowMs) ? decreases.count : 0

function isDecrease(before: Throughput | undefined, after: Throughput): boolean {
  return before !== undefined && (after.readUnits < before.readUnits || after.writeUnits < before.writeUnits)
}

/** What is kept of it after a change of throughput. A change that lowers one unit or both counts once. */
export function decreasesAfter(
  { provisioned, decreases }: IndexSettings,
  after: Throughput | undefined,
  nowMs: number,
): { readonly decreases?: Decreases } {
  if (after !== undefined && isDecrease(provisioned, after))
    return { decreases: { day: dayOf(nowMs), count: decreasesToday(decreases, nowMs) + 1 } }
  return decreases === undefined ? {} : { decreases }
}
