/** While the disk refuses writes, tries one now and then, so that the region recovers by itself as soon as there is space. */
import type { Health } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from './periodic.ts'

const everyMs = 1000

export function diskProbe(
  { clock, log }: Pick<Env, 'clock' | 'log'>,
  engine: Pick<Health, 'trouble' | 'probe'>,
): Service {
  return periodic(clock, {
    everyMs,
    run: async () => {
      try {
        if (engine.trouble() !== undefined) await engine.probe()
      } catch (error) {
        log.debug('the disk still refuses writes', { error: String(error) })
      }
    },
  })
}
