/**
 * Where a request goes that is for a region: to that region, or, with failover and when it is not healthy, to the nearest
 * that is. A region that is evacuated has another in its place. Pure.
 */
import { ServiceError } from '../core/errors.ts'

export type Roads = {
  /** For each region, all of them in the order of preference, itself first. */
  readonly orders: ReadonlyMap<string, readonly string[]>
  readonly failover: boolean
  readonly isHealthy: (region: string) => boolean
  /** The region that an evacuated one is evacuated to. */
  readonly standInOf?: (region: string) => string | undefined
}

/** Throws the ServiceError that the client is told when there is no way; `without` are regions that were tried in vain. */
export function routeOf(region: string, roads: Roads, without: ReadonlySet<string> = new Set()): string {
  const order = roads.orders.get(region)
  if (order === undefined)
    throw new ServiceError(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region, not '${region}'. This front door leads to ${[...roads.orders.keys()].join(', ')}.`,
    )
  const standIn = roads.standInOf?.(region)
  // The region itself takes no writes: it is no way even when nothing else is left.
  const ways = standIn === undefined ? order : [standIn, ...order.filter((name) => name !== standIn && name !== region)]
  const possible = roads.failover ? ways : ways.slice(0, 1)
  const found = possible.find((name) => roads.isHealthy(name) && !without.has(name))
  if (found !== undefined) return found
  throw new ServiceError(
    'ServiceUnavailable',
    roads.failover
      ? `Neither ${region} nor any other region can be reached.`
      : `The region ${standIn ?? region} cannot be reached.`,
  )
}

/** Each region first in its own order, the others by their distance from it; those that nobody measured last. */
export function ordersOf(
  regions: readonly string[],
  roundTripMs: (from: string, to: string) => number | undefined,
): ReadonlyMap<string, readonly string[]> {
  const far = (from: string, to: string): number => (from === to ? -1 : (roundTripMs(from, to) ?? Infinity))
  return new Map(regions.map((from) => [from, regions.toSorted((a, b) => compare(far(from, a), far(from, b)))]))
}

const compare = (a: number, b: number): number => (a === b ? 0 : a - b)
