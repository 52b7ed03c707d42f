/** Fills a hole in a peer's stream: the origin is asked for that part of its log, until the cursor has reached `upTo`. */
import { type Batch, decodeBatch } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { decodeAnswer, encodeControl } from '../../core/change/control.ts'
import { kindOf } from '../../core/change/message.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Region } from '../../core/topology.ts'
import type { ApplyResult, Engine } from '../../engine/engine.ts'
import type { PeerSession } from '../../ports/bus.ts'
import { requestTimeoutMs } from './questions.ts'

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

/** Rejects when the peer cannot be asked. */
export async function repair({ engine, session, peer, upTo, apply, onApplied }: Repair): Promise<Repaired> {
  for (;;) {
    const cursor = engine.cursor(peer.name)
    if (cursor === undefined) return 'gone'
    if (cursor.position >= upTo) return 'whole'
    const { epoch, position: after, sequence } = cursor
    const request = encodeControl({ say: 'log', region: engine.region.name, epoch, after })
    const answer = await session.request(request, requestTimeoutMs)
    if (kindOf(answer) === 'control') {
      const said = decodeAnswer(answer)
      if (said.say === 'gone') return 'gone'
      throw new Error(`${peer.name} cannot fill the hole: ${said.say === 'refused' ? said.reason : said.say}`)
    }
    const batch = checked(decodeBatch(answer), peer, epoch, after)
    const result = await apply(batch, sequence)
    onApplied(batch, result)
    if (result.applied === 'held') return { until: result.until }
    if (result.applied === 'hole') throw new RangeError(`${peer.name} answered with another part of its log`)
  }
}

function checked(batch: Batch, peer: Region, epoch: string, after: Position): Batch {
  if (batch.origin !== peer.name || batch.originNumber !== peer.number) throw new RangeError('a log of another region')
  if (batch.epoch !== epoch || batch.after > after || batch.upTo <= after)
    throw new RangeError(`${peer.name} answered with another part of its log`)
  return batch
}
