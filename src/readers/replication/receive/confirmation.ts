/** What a region tells an origin about its place in the origin's log, its pauses, and when the last of it was applied. */
import { type Announcement, encodeControl } from '../../../core/change/control.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Hearing } from '../talk/hearing.ts'
import type { Parked } from '../pause/parked.ts'
import type { Pauses } from '../pause/pauses.ts'
import type { Session } from '../talk/session.ts'
import type { SubscriberOptions } from './subscriber-options.ts'

export type Standing = {
  readonly engine: Engine
  readonly peer: Region
  readonly pauses: Pauses
  readonly parked: Parked
  readonly hearing: Hearing
  /** Something of a former log of the peer may still have to be merged from others. */
  readonly owes: (peer: string) => boolean
  /** By this region's clock. */
  readonly appliedAtMs: number | undefined
}

/** Undefined where there is no place yet. */
export function confirmationFrom({
  engine,
  peer,
  pauses,
  parked,
  hearing,
  owes,
  appliedAtMs,
}: Standing): Buffer | undefined {
  const cursor = engine.cursor(peer.name)
  if (cursor === undefined) return undefined
  const region = engine.region.name
  const { epoch, position, proof } = cursor
  const skewMs = hearing.nearestSkewMs
  const pausedUntilMs = pauses.ofLink(peer.name, region)
  const waiting = parked.told(position)
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
    ...(owes(peer.name) ? { owes: true as const } : {}),
  })
}

type Named = Pick<SubscriberOptions, 'engine' | 'peer' | 'examine'>

/** The peer says that it hears two processes of this region, and this is the later one. Others may announce in its name: its node is asked. */
export function askIfNamed({ engine, peer, examine }: Named, { twice }: Announcement, session?: Session): void {
  const { start } = engine.lineage
  if (session !== undefined && start !== undefined && twice?.includes(start) === true) void examine(session, peer)
}
