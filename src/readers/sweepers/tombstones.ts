/**
 * Removes tombstones that are of no more use: every replica has applied everything that could be older than they are, so no
 * older write of the item can still arrive from anywhere, and a table of one region needs none at all. Bounded steps, one table
 * after another; a tombstone too long on the disk costs a little space, one removed too early brings a deleted item back.
 */
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { tombstoneAgeMsMin, tombstonesRemovedAtOnceMax } from '../../core/limits/limits.ts'
import type { Table } from '../../core/table/table.ts'
import type { ReadTables, Replica } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from '../periodic.ts'

export type SweeperPace = { readonly everyMs: number; readonly ageMsMin: number }

export const usualPace: SweeperPace = { everyMs: 30_000, ageMsMin: tombstoneAgeMsMin }

/** `horizon` says up to which stamp every replica of the table has everything; undefined when that is not known. */
export function tombstoneSweeper(
  env: Env,
  engine: ReadTables & Replica,
  horizon: (table: Table) => Stamp | undefined,
  { everyMs, ageMsMin } = usualPace,
): Service {
  const sweep = async (table: Table, upTo: Stamp, isStopped: () => boolean): Promise<void> => {
    try {
      while (!isStopped()) {
        const removed = await engine.removeTombstones(table.id, upTo, tombstonesRemovedAtOnceMax)
        if (removed < tombstonesRemovedAtOnceMax) return
      }
    } catch (error) {
      env.log.warn('tombstones stay for now', { table: table.name, error: String(error) })
    }
  }
  return periodic(env.clock, {
    everyMs,
    run: async (isStopped) => {
      for (const table of engine.tables()) {
        const upTo = bound(horizon(table), env.clock.wallMs() - ageMsMin)
        if (upTo !== undefined) await sweep(table, upTo, isStopped)
      }
    },
  })
}

/** Not the youngest, even so: a part of a snapshot that was read before may still be on its way. */
export function bound(horizon: Stamp | undefined, youngestMs: number): Stamp | undefined {
  if (horizon === undefined) return undefined
  const wallMs = Math.min(horizon.wallMs, youngestMs)
  if (wallMs <= 0) return undefined
  return wallMs < horizon.wallMs ? { ...horizon, wallMs, counter: 0 } : horizon
}
