/** How a node gets an entry into the order: again under one name, until it has a place. */
import { BackOff } from '../../core/back-off.ts'
import { nodeRetryMsMin } from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QuorumStream } from '../../ports/quorum.ts'

export type Placing = {
  readonly id: string
  readonly bytes: Buffer
  /** Undefined: nothing is placed any more. */
  readonly stream: () => QuorumStream | undefined
  readonly isWanted: () => boolean
  readonly clock: Pick<Clock, 'sleep'>
  readonly retryMsMax: number
}

/** Resolves with the place; undefined when it is not wanted any more. */
export async function placed({ id, bytes, stream, isWanted, clock, retryMsMax }: Placing): Promise<number | undefined> {
  const backOff = new BackOff(nodeRetryMsMin, retryMsMax)
  for (let open = stream(); open !== undefined && isWanted(); open = stream())
    try {
      return await open.append(id, bytes)
    } catch {
      await clock.sleep(backOff.next())
    }
  return undefined
}
