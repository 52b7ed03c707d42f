/**
 * A long backlog, asked of the origin's log instead of read from its stream. What few clients wrote during a cut lies there one
 * change a message, and a message costs both ends as much as some two hundred changes in one answer. Several questions are under
 * way, as many as the peer answers soon; what they bring is handed on in the log's order.
 */
import type { Batch } from '../../core/change/batch.ts'
import type { Position } from '../../core/change/change.ts'
import { backlogPartsUnderWayMax, linePartBytesMin, logReadChangesMax, messageTargetBytes } from '../../core/limits.ts'
import type { Region } from '../../core/topology.ts'
import type { Clock } from '../../ports/clock.ts'
import { type LogQuestion, readPart, requestPart } from './log-part.ts'
import type { Pace } from './pace.ts'
import type { Session } from './session.ts'

export type Backlog = {
  readonly session: Pick<Session, 'request' | 'pace'>
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

/** The peer has no log that goes on from there. */
export class NotReached extends Error {
  constructor(peer: string, after: Position) {
    super(`the log of ${peer} does not reach back to ${after}`)
  }
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
  const { clock, upTo, onPart, goesOn, session } = backlog
  const parts = new Parts(session.pace)
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
    for (; underWay.length < parts.parts && asked < upTo; asked = underWay.at(-1)?.end ?? asked)
      underWay.push(ask(asked, Math.min(upTo, asked + parts.positions)))
    const first = underWay.shift()
    if (first === undefined) return false
    const answer = await first.answer
    if (!goesOn()) return false
    // Taken apart when its turn has come: thousands of changes that wait would be as many objects for the garbage collector to carry.
    const part = readPart(questionOf(backlog, first.after, first.end), answer)
    if (part.say === 'gone') throw new NotReached(backlog.peer.name, first.after)
    const { batch } = part
    const isWhole = batch.upTo >= first.end
    parts.note({ batch, sizeBytes: answer.length }, { isWhole, askedMs: first.askedMs, nowMs: clock.monotonicMs() })
    reached = Math.max(reached, batch.upTo)
    if (!isWhole) underWay.unshift(ask(batch.upTo, first.end))
    await onPart(batch, answer.length)
  }
  return true
}

/** How much is asked for at once: little at first, so that a narrow link is not filled with more than it carries in time. */
class Parts {
  parts = 8
  positions = 16
  readonly #pace: Pace
  #slowedAtMs = -Infinity

  constructor(pace: Pace) {
    this.#pace = pace
  }

  note({ batch, sizeBytes }: Part, { isWhole, askedMs, nowMs }: Noted): void {
    const positions = batch.upTo - batch.after
    const fitting = Math.floor((positions * bytesOf(this.#pace)) / (sizeBytes + 1))
    if (!isWhole) this.positions = Math.max(1, positions)
    else if (fitting >= 2 * this.positions) this.positions = Math.min(logReadChangesMax, this.positions * 2)
    if (nowMs - askedMs < slowMsMin + this.#pace.roundTripMs)
      this.parts = Math.min(backlogPartsUnderWayMax, this.parts + 1)
    else if (askedMs >= this.#slowedAtMs) {
      // Those that are under way already are late for the same reason.
      this.parts = Math.max(partsMin, Math.ceil(this.parts / 2))
      this.#slowedAtMs = nowMs
    }
  }
}

type Noted = { readonly isWhole: boolean; readonly askedMs: number; readonly nowMs: number }

/** While one is applied, and the next is asked for, the line brings another. */
const partsMin = 2
const slowMsMin = 1000

/** Several parts are under way, and together they should not need more than a second or so of the line. */
function bytesOf({ partBytes }: Pace): number {
  return Math.min(messageTargetBytes, Math.max(linePartBytesMin, Math.floor(partBytes / 4)))
}

function questionOf({ session, region, peer, epoch }: Backlog, after: Position, upTo: Position): LogQuestion {
  return { session, region, peer, epoch, after, upTo, bytesMax: bytesOf(session.pace) }
}
