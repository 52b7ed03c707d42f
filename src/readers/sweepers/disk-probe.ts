/** While the disk refuses writes, tries one now and then, so that the region recovers by itself as soon as there is space. */
import type { Health } from '../../engine/engine.ts'
import type { Service } from '../../ports/service.ts'
import { Retries, type RetriesEnv } from '../retries.ts'
import { periodic } from '../periodic.ts'

const everyMs = 1000

export function diskProbe(env: RetriesEnv, engine: Pick<Health, 'trouble' | 'probe'>): Service {
  const retries = new Retries(env)
  return periodic(env.clock, {
    everyMs,
    run: async () => {
      try {
        if (engine.trouble() !== undefined) await engine.probe()
      } catch (error) {
        retries.note('probe', error, 'the disk still refuses writes')
      }
    },
  })
}
