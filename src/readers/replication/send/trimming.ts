/** Trims the own log to what peers may still ask for. */
import type { Position } from '../../../core/change/change.ts'
import { trimmedAtOnceMax } from '../../../core/limits.ts'
import type { Engine } from '../../../engine/engine.ts'
import { doubtedTables } from '../notes/doubts.ts'
import type { Ledger } from './ledger.ts'
import type { Publisher } from './publisher.ts'

export type Trimming = {
  readonly engine: Engine
  readonly ledger: Ledger
  readonly publisher: Pick<Publisher, 'published'>
  /** Positions that the log keeps for a peer that does not confirm them. */
  readonly logPositionsMax: number
  readonly goesOn: () => boolean
}

/** Past what every peer has confirmed and what is published, but for the last change, which proves the place; beyond the cap, past everything, unless only the log has it. */
export async function trimLog({ engine, ledger, publisher, logPositionsMax, goesOn }: Trimming): Promise<void> {
  const kept: Position = Math.min(ledger.leastNeeded(), publisher.published, ledger.upTo)
  const cap = engine.flushed() - logPositionsMax
  const upTo = doubtedTables(engine).length > 0 ? kept - 1 : Math.max(kept - 1, cap)
  for (let end = engine.oldest(); end <= upTo && goesOn(); end += trimmedAtOnceMax) {
    const step = Math.min(upTo, end + trimmedAtOnceMax - 1)
    await engine.trimLog(step)
    ledger.trimmed(step)
  }
  ledger.forgetTables((table) => engine.tableWithId(table) !== undefined)
}
