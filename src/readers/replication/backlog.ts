/**
 * A long backlog, asked of the origin's log instead of read from its stream. What few clients wrote during a cut lies there one
 * change a message, and a message costs both ends as much as some two hundred changes in one answer. Several questions are under
 * way, as many as the peer answers soon; what they bring is handed on in the log's order.
 */
import type { Batch } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { backlogPartsUnderWayMax, logReadChangesMax, messageTargetBytes } from '../../core/limits.ts'
import type { Region } from '../../core/topology.ts'
import type { PeerSession } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { type LogQuestion, readPart, requestPart } from './log-part.ts'
import { requestTimeoutMs } from './questions.ts'

export type Backlog = {
  readonly session: PeerSession
  readonly clock: Clock
  /** The one that asks. */
  readonly region: string
  readonly peer: Region
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /** Resolves once there is room for another part. */
  readonly onPart: (batch: Batch, sizeBytes: number) => Promise<void> | void
  readonly goesOn: () => boolean
}

type Part = { readonly batch: Batch; readonly sizeBytes: number }
type Question = {
  readonly after: Position
  readonly end: Position
  readonly askedMs: number
  readonly answer: Promise<Buffer>
}

/** False when it did not go on. Rejects when the peer does not tell its log; a RangeError for an answer that cannot be one. */
export async function pullBacklog(backlog: Backlog): Promise<boolean> {
  const { clock, upTo, onPart, goesOn } = backlog
  const pace = new Pace()
  const underWay: Question[] = []
  const ask = (after: Position, end: Position): Question => {
    const answer = requestPart(questionOf(backlog, after, end))
    // The first failure is reported.
    answer.catch(() => undefined)
    return { after, end, askedMs: clock.monotonicMs(), answer }
  }
  let asked = backlog.after
  let reached = backlog.after
  while (reached < upTo) {
    for (; underWay.length < pace.parts && asked < upTo; asked = underWay.at(-1)?.end ?? asked)
      underWay.push(ask(asked, Math.min(upTo, asked + pace.positions)))
    const first = underWay.shift()
    if (first === undefined) return false
    const answer = await first.answer
    if (!goesOn()) return false
    // Taken apart when its turn has come: thousands of changes that wait would be as many objects for the garbage collector to carry.
    const part = readPart(questionOf(backlog, first.after, first.end), answer)
    if (part.say === 'gone') throw new Error(`the log of ${backlog.peer.name} does not reach back to ${first.after}`)
    const { batch } = part
    const isWhole = batch.upTo >= first.end
    pace.note({ batch, sizeBytes: answer.length }, isWhole, clock.monotonicMs() - first.askedMs)
    reached = Math.max(reached, batch.upTo)
    if (!isWhole) underWay.unshift(ask(batch.upTo, first.end))
    await onPart(batch, answer.length)
  }
  return true
}

/** How much is asked for at once: little at first, so that a narrow link is not filled with more than it carries in time. */
class Pace {
  parts = 8
  positions = 16

  note({ batch, sizeBytes }: Part, isWhole: boolean, tookMs: number): void {
    if (!isWhole) this.positions = Math.max(1, batch.upTo - batch.after)
    else if (sizeBytes * 2 < messageTargetBytes) this.positions = Math.min(logReadChangesMax, this.positions * 2)
    this.parts = tookMs < slowMs ? Math.min(backlogPartsUnderWayMax, this.parts + 1) : Math.ceil(this.parts / 2)
  }
}

const slowMs = requestTimeoutMs / 5

function questionOf({ session, region, peer, epoch }: Backlog, after: Position, upTo: Position): LogQuestion {
  return { session, region, peer, epoch, after, upTo }
}
