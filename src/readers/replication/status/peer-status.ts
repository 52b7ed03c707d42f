/** Where replication stands, as one form for people and machines: with each peer both ways, and of the region as a whole. */
import type { Engine } from '../../../engine/engine.ts'
import { doubtedTables } from '../notes/doubts.ts'
import type { Pause, Pauses } from '../pause/pauses.ts'
import type { Subscriber } from '../receive/subscriber.ts'
import type { Outbound, OutboundStatus } from '../send/outbound.ts'
import type { Publisher } from '../send/publisher.ts'
import type { Seals } from '../talk/seals.ts'
import type { PauseStatus, PeerStatus, ReplicationStatus } from './status.ts'

export function peerStatusOf(engine: Engine, outbound: Outbound, subscriber: Subscriber): PeerStatus {
  return { ...inboundOf(engine, subscriber), ...outbound.statusOf(subscriber.peer.name, subscriber.peerState) }
}

export async function peerStatusInTurns(
  engine: Engine,
  outbound: Outbound,
  subscriber: Subscriber,
): Promise<PeerStatus> {
  const told = await outbound.statusInTurns(subscriber.peer.name, subscriber.peerState)
  return { ...inboundOf(engine, subscriber), ...told }
}

export function statusOf(
  {
    engine,
    publisher,
    pauses,
    seals,
  }: {
    readonly engine: Engine
    readonly publisher: Pick<Publisher, 'published' | 'away' | 'trouble'>
    readonly pauses: Pauses
    readonly seals: Pick<Seals, 'areMade'>
  },
  peers: readonly PeerStatus[],
): Omit<ReplicationStatus, 'unverifiedBy'> {
  return {
    region: engine.region.name,
    signed: seals.areMade,
    epoch: engine.epoch,
    flushed: engine.flushed(),
    published: publisher.published,
    publishing: !publisher.away,
    ...(publisher.trouble === undefined ? {} : { stream: publisher.trouble }),
    safeToEvacuate: peers.every(({ safeToEvacuate }) => safeToEvacuate),
    doubts: doubtedTables(engine).map((id) => engine.tableWithId(id)?.name ?? id),
    pauses: pauses.active().map((pause) => pauseStatusOf(engine, pause)),
    peers,
  }
}

function pauseStatusOf(engine: Engine, pause: Pause): PauseStatus {
  const { untilMs } = pause
  if ('link' in pause) return { link: pause.link, untilMs }
  return { table: engine.tableWithId(pause.table)?.name ?? pause.table, id: pause.table, untilMs }
}

function inboundOf(engine: Engine, subscriber: Subscriber): Omit<PeerStatus, keyof OutboundStatus> {
  const peer = subscriber.peer.name
  const { peerState, linkState, peerErrors } = subscriber
  const { told: suspect } = peerErrors
  const { reason } = linkState
  const missing = subscriber.missing.status
  const { last: heard, skewMs } = peerState
  return {
    peer,
    state: subscriber.state(),
    line: subscriber.session?.line ?? { receiving: false },
    ...(reason === undefined ? {} : { reason }),
    ...(suspect === undefined ? {} : { suspect }),
    ...(missing === undefined ? {} : { missing }),
    cursor: engine.cursor(peer)?.position ?? 0,
    ...(heard === undefined ? {} : { head: heard.flushed }),
    held: subscriber.heldChanges(),
    ...(skewMs === undefined ? {} : { skewMs }),
    watermark: peerState.watermark.clock,
    waiting: peerState.watermark.waiting,
  }
}
