/**
 * How far this region has come in the logs that a peer had before the present one. A peer whose store is put back to an older copy
 * begins a new log (renewing.ts) which goes on from a former one; what this region had not got of that one is in the new log
 * too, and perhaps no other region has it. So the transfer of the state (transfer.ts) places the cursor where this region stood.
 */
import type { Position } from '../../../core/change/change.ts'
import { epochsRememberedMax } from '../../../core/limits/limits.ts'
import type { SharedLog } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'

/** `position`: all up to there is here. `shared`: up to where the log that is followed has the same, as far as that is known. */
type Former = { readonly epoch: string; readonly position: Position; readonly shared: Position }

/** `followed` is the epoch of the log that `shared` speaks of. */
export type FormerLogs = { readonly followed: string; readonly logs: readonly Former[] }

type Place = { readonly epoch: string; readonly position: Position }

/** The peer has another log; `shared` is what it says of its former ones. */
export function withNewLog(
  before: FormerLogs | undefined,
  cursor: Place,
  { epoch, shared }: { readonly epoch: string; readonly shared: readonly SharedLog[] },
): FormerLogs {
  if (cursor.epoch === epoch) return before ?? { followed: epoch, logs: [] }
  const isOfCursor = before?.followed === cursor.epoch
  const reached = (before?.logs ?? []).map((log) => ({
    epoch: log.epoch,
    position: isOfCursor ? Math.max(log.position, Math.min(cursor.position, log.shared)) : log.position,
  }))
  const all = [...reached.filter((log) => log.epoch !== cursor.epoch && log.epoch !== epoch), cursor]
  const sharedOf = (former: string): Position => shared.find((log) => log.epoch === former)?.position ?? 0
  const logs = all.map((log) => ({ epoch: log.epoch, position: log.position, shared: sharedOf(log.epoch) }))
  return { followed: epoch, logs: logs.slice(-epochsRememberedMax) }
}

/** How far this region has come in a log of the peer, followed now or at a former time; undefined where it has never followed it. */
export function placeInLog(
  before: FormerLogs | undefined,
  cursor: Place | undefined,
  epoch: string,
): Position | undefined {
  if (cursor?.epoch === epoch) return cursor.position
  return before?.logs.find((log) => log.epoch === epoch)?.position
}

/** Up to where this region has all of the log that is followed, from the time of its former ones; undefined where nothing says so. */
export function placeFromFormer({ logs }: FormerLogs): Position | undefined {
  const places = logs.flatMap(({ position, shared }) => (shared === 0 ? [] : [Math.min(position, shared)]))
  return places.length === 0 ? undefined : Math.max(...places)
}

/** The same for a table that is at a place behind the cursor: it has no more of the former logs than that place says. */
export function placeBehind(
  before: FormerLogs | undefined,
  place: Place,
  next: { readonly epoch: string; readonly shared: readonly SharedLog[] },
): Position | undefined {
  if (before?.followed !== place.epoch) return placeFromFormer(withNewLog(undefined, place, next))
  const logs = before.logs.map((log) => ({ ...log, position: 0 }))
  return placeFromFormer(withNewLog({ ...before, logs }, place, next))
}

export const formerNote = (peer: string): string => `replication/former/${peer}`

export function formerLogs(engine: Pick<Engine, 'note'>, peer: string): FormerLogs | undefined {
  return engine.note(formerNote(peer)) as FormerLogs | undefined
}
