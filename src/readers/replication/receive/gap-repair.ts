/** Fills a gap in a peer's stream: asks the origin for that part of its log, until the cursor has reached `upTo`. */
import { type Batch, endsWithin } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import { proofOfEnd } from '../../../core/change/proof.ts'
import { transactionPartsMax } from '../../../core/limits/line-limits.ts'
import { applyChangesMax } from '../../../core/limits/limits.ts'
import type { Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { Region } from '../../../core/topology.ts'
import type { ApplyResult } from '../../../engine/commands/command.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import { NotReached, pullBacklog } from './backlog.ts'
import { joined, slicesOf, weightIn } from './batches.ts'
import { placeOf } from '../talk/greeting.ts'
import type { Session } from '../talk/session.ts'

/** The peer's log does not go on from the cursor: it was trimmed, or it is another log. */
export class LogGone extends Error {
  override readonly name = 'LogGone'
}

export type GapRepair = {
  readonly engine: Pick<Engine, 'cursor' | 'region' | 'tableWithId'>
  readonly clock: Clock
  readonly session: Session
  readonly peer: Region
  readonly upTo: Position
  /** What is paused is left out. */
  readonly apply: (batch: Batch, sequence: number) => Promise<ApplyResult>
  readonly onApplied: (batch: Batch, result: ApplyResult) => void
}

/** 'gone': the origin has no log that goes on from the cursor. */
export type GapRepaired = 'whole' | 'gone' | { readonly until: Stamp }

/** Rejects when the peer cannot be asked or refuses. */
export async function repairGap({ engine, peer, upTo, apply, onApplied, ...deps }: GapRepair): Promise<GapRepaired> {
  const cursor = engine.cursor(peer.name)
  if (cursor === undefined) return 'gone'
  const { epoch, position: after, sequence } = cursor
  let held: { readonly until: Stamp } | undefined
  let parts: Batch[] = []
  const onPart = async (part: Batch): Promise<void> => {
    parts.push(part)
    if (parts.length > transactionPartsMax) throw new RangeError(`${peer.name} answered with too many parts`)
    if (endsWithin(part)) return
    const batch = joined(parts)
    parts = []
    for (const slice of slicesOf(batch, { changesMax: applyChangesMax, weightOf: weightIn(engine) })) {
      const result = await apply({ ...slice, proof: proofOfEnd(slice) }, sequence)
      onApplied(slice, result)
      if (result.applied === 'hole') throw new RangeError(`${peer.name} answered with another part of its log`)
      if (result.applied === 'held') held = { until: result.until }
      if (held !== undefined) return
    }
  }
  const goesOn = (): boolean => held === undefined
  try {
    const asked = { ...deps, region: engine.region.name, peer, epoch, after, upTo, ...placeOf(cursor) }
    await pullBacklog({ ...asked, onPart, goesOn })
  } catch (error) {
    if (error instanceof NotReached) return 'gone'
    throw error
  }
  return held ?? 'whole'
}
