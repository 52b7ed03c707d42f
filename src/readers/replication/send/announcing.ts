/** Builds what a region says of itself each second: where its log and its clock stand, and what of others it has. */
import type { Announcement } from '../../../core/change/control.ts'
import type { Lacking } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import { doubtedTables } from '../notes/doubts.ts'
import type { Watermark } from '../talk/watermark.ts'
import type { Publisher } from './publisher.ts'

type Met = {
  readonly peer: { readonly name: string }
  readonly peerState: { readonly watermark: Pick<Watermark, 'clock' | 'waiting'> }
}

export type Announcing = {
  readonly clock: Clock
  readonly engine: Pick<Engine, 'clock' | 'epoch' | 'flushed' | 'lineage' | 'note' | 'region' | 'setNote' | 'tables'>
  readonly publisher: Pick<Publisher, 'sent' | 'published'>
  /** Followers of the logs in which this region has a place. */
  readonly met: readonly Met[]
  readonly hasPendingMerges: boolean
  readonly lacking?: readonly Lacking[]
  /** Processes of peers whose store runs twice (voices.ts). */
  readonly twice: readonly string[]
}

export function announcementOf({
  clock,
  engine,
  publisher,
  met,
  hasPendingMerges,
  lacking,
  twice,
}: Announcing): Announcement {
  const { start } = engine.lineage
  return {
    say: 'here',
    region: engine.region.name,
    number: engine.region.number,
    epoch: engine.epoch,
    flushed: engine.flushed(),
    sent: publisher.sent,
    published: publisher.published,
    wallMs: Math.max(0, Math.floor(clock.wallMs())),
    clock: engine.clock(),
    seen: met.map(seenBy),
    ...(hasPendingMerges ? { owes: true } : {}),
    ...(lacking === undefined ? {} : { lacking }),
    ...(start === undefined ? {} : { start }),
    ...(doubtedTables(engine).length > 0 ? { doubts: true } : {}),
    ...(twice.length > 0 ? { twice } : {}),
  }
}

function seenBy({ peer, peerState: { watermark } }: Met): Announcement['seen'][number] {
  const { clock, waiting } = watermark
  return { region: peer.name, clock, ...(waiting.length === 0 ? {} : { waiting }) }
}
