/** Connects to a peer, and reads what it sends to all, once its signature is checked. Throws RangeError on what cannot be read or is another's. */
import { type Batch, decodeBatch } from '../../../core/change/batch.ts'
import { type Announcement, decodeAnnouncement } from '../../../core/change/control.ts'
import type { NotAuthentic } from '../../../core/change/seal.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Env } from '../../../ports/env.ts'
import type { Seals } from './seals.ts'
import { Session } from './session.ts'
import type { PeerErrors } from './peer-errors.ts'

type Ends = {
  readonly env: Pick<Env, 'bus' | 'clock'>
  readonly engine: Pick<Engine, 'region'>
  readonly peer: Region
  readonly seals: Seals
}

export async function connectTo({ env, engine, peer, seals }: Ends, peerErrors: PeerErrors): Promise<Session> {
  const bus = await env.bus.connect(peer.name)
  const onForged = (error: NotAuthentic): void => peerErrors.note('answer', error)
  return new Session(bus, env.clock, { self: engine.region.name, peer: peer.name, seals, onForged })
}

export function batchFrom(peer: Region, session: Pick<Session, 'check'>, payload: Buffer): Batch {
  session.check(payload)
  const batch = decodeBatch(payload)
  if (batch.origin === peer.name && batch.originNumber === peer.number) {
    if (batch.changes.length === 0) throw new RangeError('an empty message, as no region publishes')
    return batch
  }
  throw new RangeError(`changes of ${batch.origin}`)
}

type Hearer = Pick<Session, 'checkAnnouncement'>

export function announcementFrom(peer: Region, session: Hearer, payload: Buffer): Announcement {
  session.checkAnnouncement(payload)
  const said = decodeAnnouncement(payload)
  if (said.region === peer.name && said.number === peer.number) return said
  throw new RangeError('another region')
}
