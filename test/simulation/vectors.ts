/** Stamps and version vectors, told again in the simplest way: a checker that borrowed the engine's own would share its mistakes. */
import type { Stamp } from '../../src/core/hybrid-logical-clock/stamp.ts'

/** The entry of a vector that stands for all regions (tombstones forgotten up to then). */
const everyRegion = 0xffff

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function order(a: Stamp, b: Stamp): number {
  if (a.wallMs !== b.wallMs) return a.wallMs < b.wallMs ? -1 : 1
  if (a.counter !== b.counter) return a.counter < b.counter ? -1 : 1
  return Math.sign(a.region - b.region)
}

export function covers(vector: readonly Stamp[], stamp: Stamp): boolean {
  return vector.some((seen) => (seen.region === stamp.region || seen.region === everyRegion) && order(seen, stamp) >= 0)
}

export function stampText(stamp: Stamp | undefined): string {
  return stamp === undefined ? 'nothing' : `${stamp.wallMs}.${stamp.counter}@${stamp.region}`
}
