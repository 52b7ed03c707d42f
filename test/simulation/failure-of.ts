/** What fails a run: what its script throws, what any event throws, and a promise that nothing looks after. */
import type { Scheduler } from '../../src/adapters/memory/scheduler.ts'

type World = { readonly scheduler: Pick<Scheduler, 'run' | 'fail'> }

/** One run at a time. */
let current: World | undefined

process.on('unhandledRejection', (reason) => current?.scheduler.fail(reason))

export async function failureOf(world: World, work: () => Promise<void>): Promise<Error | undefined> {
  current = world
  try {
    await world.scheduler.run(work())
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    current = undefined
  }
}
