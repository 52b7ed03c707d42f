/** Counts what each peer lacks of this region's own changes, as announcements say it. */
import type { Announcement } from '../../../core/change/control.ts'
import type { Lacking } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'
import { replicasOf } from '../notes/registers-of.ts'
import type { Ledger } from './ledger.ts'

/** What each peer lacks of this region's own changes, for an announcement; nothing of a peer whose changes are not counted yet. */
export function lackingOf(engine: Engine, ledger: Ledger, peers: Iterable<string>): Pick<Announcement, 'lacking'> {
  const upTo = ledger.upTo
  // A peer that hears this region again would take the first figure for all that it lacked.
  if (!ledger.hasReadBefore) return { lacking: [] }
  const lacking = [...peers].flatMap((region): Lacking[] => {
    const from = ledger.countedFrom(region)
    if (from === undefined) return []
    const tables = ledger.lacking(region).filter((id) => replicasOf(engine, id).has(region))
    const changes = tables.reduce((sum, table) => sum + ledger.pendingOf(region, table), 0)
    const oldest = tables.map((table) => ledger.oldestOf(region, table)?.wallMs ?? Infinity)
    const oldestMs = Math.min(...oldest)
    const after = Math.min(upTo, from)
    return [
      {
        region,
        after,
        upTo,
        changes,
        ...(Number.isFinite(oldestMs) ? { oldestMs } : {}),
        ...(ledger.isAtMost(region) ? { atMost: true } : {}),
      },
    ]
  })
  return { lacking }
}
