/**
 * Forgets what is known of tables that no region has any more, and of deleted indexes, by the same rule as tombstones: every
 * region has applied all that could be older. Without it each table that ever was would be named between regions for ever.
 */
import { registersSweptAtOnceMax } from '../../core/limits/limits.ts'
import type { TableId } from '../../core/table/table.ts'
import type { RegisterHorizon } from '../../engine/commands/command.ts'
import type { Tables } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from '../periodic.ts'
import { bound, usualPace } from './tombstones.ts'

/** `horizon` is undefined when it is not known. */
export function registerSweeper(
  env: Env,
  engine: Tables,
  horizon: (table: TableId) => RegisterHorizon | undefined,
  { everyMs, ageMsMin } = usualPace,
): Service {
  const sweep = async (isStopped: () => boolean): Promise<void> => {
    const known = engine.knownTables()
    for (let at = 0; at < known.length && !isStopped(); at += registersSweptAtOnceMax) {
      const part = known.slice(at, at + registersSweptAtOnceMax)
      await Promise.all(
        part.map(async (id) => {
          const reached = horizon(id)
          const upTo = bound(reached?.upTo, env.clock.wallMs() - ageMsMin)
          if (upTo !== undefined) await engine.forgetRegisters(id, upTo, reached?.left)
        }),
      )
      await env.clock.sleep(0)
    }
  }
  return periodic(env.clock, {
    everyMs,
    run: async (isStopped) => {
      try {
        await sweep(isStopped)
      } catch (error) {
        env.log.warn('registers of removed tables stay for now', { error: String(error) })
      }
    },
  })
}
