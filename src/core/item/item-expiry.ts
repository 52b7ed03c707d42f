/**
 * When an item expires: a top-level attribute of type Number holds the second, in Unix time (developer guide, "Using time to live (TTL) in
 * DynamoDB"). Any other type, and a time that lies more than five years back, expires nothing.
 */
import type { RegionNumber } from '../hybrid-logical-clock/stamp.ts'
import type { Item } from '../attribute/value.ts'

/** Seconds since 1970. */
export type UnixSecond = number

/** Of an item: when it expires, and which region wrote it last. */
export type Expires = { readonly region: RegionNumber; readonly second: UnixSecond }

/** What an entry of the expiry index can hold. */
export const expirySecondMax = 2 ** 48 - 1

/** How long after its second an item is deleted at the earliest, and how much longer a region waits with what another wrote last. */
export const ttlDelaySeconds = 0
export const ttlGraceSeconds = 600

const yearSeconds = 365 * 24 * 3600
const expiredSecondsMax = 5 * yearSeconds

/** The second at which the item expires; undefined where its attribute says none. A fraction of a second does not count. */
export function expirySecond(item: Item, attribute: string): UnixSecond | undefined {
  const value = item[attribute]
  if (value === undefined || !('N' in value)) return undefined
  const second = Math.floor(Number(value.N))
  return second >= 0 && second <= expirySecondMax ? second : undefined
}

/** The seconds that are expired at `now`, both ends included: what lies further back is no time that anybody meant. */
export function expiredSeconds(now: UnixSecond): { readonly from: UnixSecond; readonly to: UnixSecond } {
  return { from: Math.max(0, now - expiredSecondsMax), to: now }
}
