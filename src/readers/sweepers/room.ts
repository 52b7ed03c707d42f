/** While the disk refuses writes, tries one now and then, so that the region recovers by itself as soon as there is room. */
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'

const everyMs = 1000

export type RoomWatch = { stop(): Promise<void> }

export function watchRoom({ clock, log }: Env, engine: Engine): RoomWatch {
  let cancel = (): void => undefined
  let probing = Promise.resolve()
  let stopped = false

  const look = async (): Promise<void> => {
    try {
      if (engine.trouble() !== undefined) await engine.probe()
    } catch (error) {
      log.debug('the disk still refuses writes', { error: String(error) })
    }
  }
  const wait = (): void => {
    if (!stopped) cancel = clock.after(everyMs, () => (probing = look().finally(wait)))
  }

  wait()
  return {
    stop: async () => {
      stopped = true
      cancel()
      await probing
    },
  }
}
