/** Runs a job again and again, each time so long after the last run has ended. */
import type { Clock } from '../ports/clock.ts'
import type { Service } from '../ports/service.ts'

export type Job = {
  readonly everyMs: number
  /** Ends early once `isStopped` says so. Must not reject. */
  readonly run: (isStopped: () => boolean) => Promise<void>
}

export function periodic(clock: Pick<Clock, 'after'>, { everyMs, run }: Job): Service {
  let cancel = (): void => undefined
  let running = Promise.resolve()
  let stopped = false
  const wait = (): void => {
    if (!stopped) cancel = clock.after(everyMs, () => (running = run(() => stopped).finally(wait)))
  }
  return {
    start: wait,
    stop: async () => {
      stopped = true
      cancel()
      await running
    },
  }
}
