/** What peers have not got yet, as the simulator knows it from their durable cursors. */
import { decodeBatch } from '../../../src/core/change/batch.ts'
import { kindOf } from '../../../src/core/change/message.ts'
import type { SimulatedRegion } from '../simulated-region.ts'
import type { World } from '../world.ts'

/** The peer stands in the origin's log, before own changes of the origin. */
export function lacksChanges(peer: SimulatedRegion, origin: SimulatedRegion): boolean {
  const cursor = peer.cursors.get(origin.name)
  if (peer === origin || cursor === undefined || cursor.epoch !== origin.watch.epoch) return false
  return origin.watch.entries.slice(cursor.position).some(({ own }) => own)
}

export function somePeerLacks(world: World, origin: SimulatedRegion): boolean {
  return world.regions.some((peer) => lacksChanges(peer, origin))
}

/** Some peer has not applied all of these messages of the region's stream. */
export function areUnread(world: World, origin: SimulatedRegion, payloads: readonly Buffer[]): boolean {
  const ends = payloads.flatMap((payload) => (isBatch(payload) ? [decodeBatch(payload).upTo] : []))
  const end = Math.max(0, ...ends)
  return world.regions.some((peer) => {
    const cursor = peer.cursors.get(origin.name)
    return peer !== origin && cursor?.epoch === origin.watch.epoch && cursor.position < end
  })
}

/** Where the peer's durable cursor in the origin's log stands. */
export function placeOf(peer: SimulatedRegion, origin: SimulatedRegion): number {
  return peer.cursors.get(origin.name)?.position ?? 0
}

function isBatch(payload: Buffer): boolean {
  try {
    return kindOf(payload) === 'batch' && decodeBatch(payload).upTo >= 0
  } catch {
    return false
  }
}
