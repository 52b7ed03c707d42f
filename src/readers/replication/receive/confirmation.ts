/** What a region tells an origin about its place in the origin's log, its pauses, and when the last of it was applied. */
import { type Announcement, encodeControl } from '../../../core/change/control.ts'
import type { PeerState } from '../talk/peer-state.ts'
import type { PausedPositions } from '../pause/paused-positions.ts'
import type { Session } from '../talk/session.ts'
import type { SubscriberOptions } from './subscriber-options.ts'

type Asked = Pick<SubscriberOptions, 'engine' | 'peer' | 'pauses' | 'hasPendingMergesOf'>
type Standing = { readonly pausedPositions: PausedPositions; readonly peerState: PeerState }

/** Returns the confirmation; undefined where there is no place yet. `appliedAtMs` is by this region's clock. */
export function confirmationFrom(
  { engine, peer, pauses, hasPendingMergesOf }: Asked,
  { pausedPositions, peerState }: Standing,
  appliedAtMs: number | undefined,
): Buffer | undefined {
  const cursor = engine.cursor(peer.name)
  if (cursor === undefined) return undefined
  const region = engine.region.name
  const { epoch, position, proof } = cursor
  const skewMs = peerState.nearestSkewMs
  const pausedUntilMs = pauses.ofLink(peer.name, region)
  const waiting = pausedPositions.told(position)
  return encodeControl({
    say: 'confirm',
    region,
    epoch,
    position,
    ...(proof === undefined ? {} : { proof }),
    ...(engine.lineage.start === undefined ? {} : { start: engine.lineage.start }),
    ...(skewMs === undefined || appliedAtMs === undefined
      ? {}
      : { applied: { wallMs: Math.max(0, Math.floor(appliedAtMs)), skewMs } }),
    ...(pausedUntilMs > 0 ? { pausedUntilMs } : {}),
    ...(waiting.length === 0 ? {} : { parked: waiting }),
    ...(hasPendingMergesOf(peer.name) ? { owes: true as const } : {}),
  })
}

type Named = Pick<SubscriberOptions, 'engine' | 'peer' | 'examine'>

/** The peer says that it hears two processes of this region, and this is the later one. Others may announce in its name: its node is asked. */
export function askIfNamed({ engine, peer, examine }: Named, { twice }: Announcement, session?: Session): void {
  const { start } = engine.lineage
  if (session !== undefined && start !== undefined && twice?.includes(start) === true) void examine(session, peer)
}
