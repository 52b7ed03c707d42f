/**
 * Forgets what is known of tables that no region has any more, and of deleted indexes, by the same rule as tombstones: every
 * region has applied all that could be older. Without it each table that ever was would be named between regions for ever.
 */
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { registersSweptAtOnceMax, tombstoneAgeMsMin } from '../../core/limits.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import { bound, type SweeperPace } from './tombstones.ts'

export type RegisterSweeper = { stop(): Promise<void> }

const usualPace: SweeperPace = { everyMs: 30_000, ageMsMin: tombstoneAgeMsMin }

/** `horizon` says up to which stamp every region has every register of the table; undefined when that is not known. */
export function startRegisterSweeper(
  env: Env,
  engine: Engine,
  horizon: (table: TableId) => Stamp | undefined,
  pace = usualPace,
): RegisterSweeper {
  let cancel = (): void => undefined
  let sweeping = Promise.resolve()
  let stopped = false

  const sweep = async (): Promise<void> => {
    const known = engine.knownTables()
    for (let at = 0; at < known.length; at += registersSweptAtOnceMax) {
      if (stopped) return
      const part = known.slice(at, at + registersSweptAtOnceMax)
      await Promise.all(
        part.map(async (id) => {
          const upTo = bound(horizon(id), env.clock.wallMs() - pace.ageMsMin)
          if (upTo !== undefined) await engine.forgetRegisters(id, upTo)
        }),
      )
      await env.clock.sleep(0)
    }
  }
  const wait = (): void => {
    if (!stopped)
      cancel = env.clock.after(pace.everyMs, () => {
        sweeping = sweep()
          .catch((error: unknown) => env.log.warn('registers of removed tables stay for now', { error: String(error) }))
          .finally(wait)
      })
  }

  wait()
  return {
    stop: async () => {
      stopped = true
      cancel()
      await sweeping
    },
  }
}
