/** Trims a log that no replication reads, up to what its holds need: that of a group of regions, which other regions never ask for. */
import { errorText } from '../../core/error-text.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from '../periodic.ts'

/** Starts after every reader of the log, since each takes its hold as it starts. */
export function logTrimmer(
  { clock, log }: Pick<Env, 'clock' | 'log'>,
  { retention }: Pick<Engine, 'retention'>,
  everyMs: number,
): Service {
  const run = async (isStopped: () => boolean): Promise<void> => {
    try {
      await retention.trim(() => !isStopped())
    } catch (error) {
      if (!isStopped()) log.warn('the log of a group of regions is not trimmed yet', { error: errorText(error) })
    }
  }
  return periodic(clock, { everyMs, run })
}
