/** Fills a gap in a peer's stream: asks the origin for that part of its log, until the cursor has reached `upTo`. */
import type { Batch } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Region } from '../../core/topology.ts'
import type { ApplyResult, Engine } from '../../engine/engine.ts'
import type { PeerSession } from '../../ports/bus.ts'
import { askForPart } from './log-part.ts'

/** The peer's log does not go on from the cursor: it was trimmed, or it is another log. */
export class LogGone extends Error {
  override readonly name = 'LogGone'
}

export type Repair = {
  readonly engine: Engine
  readonly session: PeerSession
  readonly peer: Region
  readonly upTo: Position
  /** What is paused is left out. */
  readonly apply: (batch: Batch, sequence: number) => Promise<ApplyResult>
  readonly onApplied: (batch: Batch, result: ApplyResult) => void
}

/** 'gone': the origin has no log that goes on from the cursor. */
export type Repaired = 'whole' | 'gone' | { readonly until: Stamp }

/** Rejects when the peer cannot be asked or refuses. */
export async function repair({ engine, session, peer, upTo, apply, onApplied }: Repair): Promise<Repaired> {
  const region = engine.region.name
  for (;;) {
    const cursor = engine.cursor(peer.name)
    if (cursor === undefined) return 'gone'
    if (cursor.position >= upTo) return 'whole'
    const { epoch, position: after, sequence } = cursor
    const part = await askForPart({ session, region, peer, epoch, after, upTo })
    if (part.say === 'gone') return 'gone'
    const result = await apply(part.batch, sequence)
    onApplied(part.batch, result)
    if (result.applied === 'held') return { until: result.until }
    if (result.applied === 'hole') throw new RangeError(`${peer.name} answered with another part of its log`)
  }
}
