/** Where replication with one peer stands, both ways: what this region has of the peer, and the peer of this region. */
import type { Engine } from '../../engine/engine.ts'
import type { Outbound } from './outbound.ts'
import type { PeerStatus } from './status.ts'
import type { Subscriber } from './subscriber.ts'

export function peerStatusOf(engine: Engine, outbound: Outbound, subscriber: Subscriber): PeerStatus {
  const peer = subscriber.peer.name
  const { hearing, reason, suspect } = subscriber
  const { last: heard, skewMs } = hearing
  return {
    peer,
    state: subscriber.state(),
    ...(reason === undefined ? {} : { reason }),
    ...(suspect === undefined ? {} : { suspect }),
    cursor: engine.cursor(peer)?.position ?? 0,
    ...(heard === undefined ? {} : { head: heard.flushed }),
    held: subscriber.heldChanges(),
    ...(skewMs === undefined ? {} : { skewMs }),
    watermark: hearing.watermark.clock,
    waiting: hearing.watermark.waiting,
    ...outbound.statusOf(peer, hearing),
  }
}
