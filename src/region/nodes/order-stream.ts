/** Opens the stream of a region's nodes, as often as it takes; and finds out whether it is the one that this node has followed before. */
import { BackOff } from '../../core/back-off.ts'
import { errorText } from '../../core/error-text.ts'
import { nodeRetryMsMax, nodeRetryMsMin } from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Quorum, QuorumStream } from '../../ports/quorum.ts'

export type OpeningOptions = {
  readonly group: string
  readonly nodes: readonly string[]
  readonly quorum: Quorum
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
  /** Resolves when the stream is not wanted any more. */
  readonly stopped: Promise<void>
  readonly isStopped: () => boolean
}

/** Undefined when it is not wanted any more. */
export async function openStream(options: OpeningOptions): Promise<QuorumStream | undefined> {
  const { group, nodes, quorum, clock, log, stopped, isStopped } = options
  const backOff = new BackOff(nodeRetryMsMin, nodeRetryMsMax)
  while (!isStopped()) {
    const opened = quorum.open(group, nodes).catch((error: unknown) => {
      log.debug('the stream of the nodes cannot be opened yet', { error: errorText(error) })
      return undefined
    })
    const stream = await Promise.race([opened, stopped])
    if (stream !== undefined) return stream
    await Promise.race([clock.sleep(backOff.next()), stopped])
  }
  return undefined
}

/** What an operator is told of a stream that has lost entries, which only the loss of a majority of its copies can do. */
export const otherHistory = (place: number, given: number): string =>
  `the stream of the nodes has lost entries: it gives a new one the place ${given}, and this node has followed it to ${place}`
