/**
 * The end of a server, in steps. No new connections; requests that arrive on open ones are executed for a while, and each
 * reply ends its connection. Then what has not arrived whole is refused with a 503. Then whatever was begun elsewhere is
 * given up, which answers it. Only then are the connections that are left destroyed.
 */
import type { Server } from 'node:http'
import { drainMsMax, farewellMsMax, lastAnswersMsMax } from '../core/limits/limits.ts'
import type { Clock } from '../ports/clock.ts'

export type Draining = {
  readonly servers: readonly Server[]
  readonly clock: Pick<Clock, 'after'>
  /** Ends what is idle, and makes every reply the last of its connection. */
  readonly begin: () => void
  /** Refuses what is not begun. */
  readonly refuse: () => void
  /** Answers what was begun and has no answer yet, if that can be done. */
  readonly giveUp: () => void
  readonly destroy: () => void
  /** Resolves when every connection has ended. */
  readonly gone: () => Promise<void>
}

export async function drain({ servers, clock, begin, refuse, giveUp, destroy, gone }: Draining): Promise<void> {
  for (const server of servers) stopListening(server)
  begin()
  const steps = [
    clock.after(drainMsMax, refuse),
    clock.after(drainMsMax + lastAnswersMsMax, giveUp),
    clock.after(drainMsMax + lastAnswersMsMax + farewellMsMax, destroy),
  ]
  await gone()
  for (const cancel of steps) cancel()
}

/** Not node:http's own close, which also destroys connections whose last reply is not yet written. */
function stopListening(server: Server): void {
  Object.assign(server, { closeIdleConnections: () => {} })
  server.close()
}
