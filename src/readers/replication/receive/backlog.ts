/**
 * A long backlog, asked of the origin's log instead of read from its stream. What few clients wrote during a cut lies there one
 * change a message, and a message costs both ends as much as some two hundred changes in one answer. Several questions are under
 * way, as many as the peer answers soon; what they bring is handed on in the log's order.
 */
import { type Batch, endOfBatch, endsWithin } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { ToldPlace } from '../../../core/change/place.ts'
import { backlogPartsUnderWayMax, logReadChangesMax, messageTargetBytes } from '../../../core/limits/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { Clock } from '../../../ports/clock.ts'
import { type LogQuestion, readPart, requestPart } from '../talk/log-part.ts'
import type { Pace } from '../talk/line-pace.ts'
import type { Session } from '../talk/session.ts'

export type Backlog = {
  readonly session: Pick<Session, 'request' | 'pace'>
  readonly clock: Clock
  /** The one that asks. */
  readonly region: string
  readonly peer: Region
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /** Where the region stands (log-part.ts). */
  readonly at?: ToldPlace
  /** Resolves once another part may come. */
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
  /** Asked for when the answer came and did not reach to the end, if more may be under way. */
  rest: Question | undefined
}

/** False when it did not go on. Rejects when the peer does not tell its log; a RangeError for an answer that cannot be one. */
export async function pullBacklog(backlog: Backlog): Promise<boolean> {
  const { clock, upTo, onPart, goesOn, session } = backlog
  const parts = new Parts(session.pace)
  const underWay: Question[] = []
  // Over a long line an answer that falls short costs a round trip: what is left is asked for when it comes, not when its turn has come.
  let heldBytes = 0
  const askRest = (question: Question, answer: Buffer): void => {
    heldBytes += answer.length
    const end = endIn(answer)
    const isShort = end !== undefined && end > question.after && end < question.end
    if (isShort && heldBytes < session.pace.aheadBytes && goesOn()) question.rest = ask(end, question.end)
  }
  const ask = (after: Position, end: Position): Question => {
    const answer = requestPart(questionOf(backlog, after, end))
    const question: Question = { after, end, askedMs: clock.monotonicMs(), answer, rest: undefined }
    // The first failure is reported.
    answer.then((bytes) => askRest(question, bytes)).catch(() => undefined)
    return question
  }
  let asked = backlog.after
  /** Up to here what came was handed on, and up to `reached` no transaction is cut. */
  let delivered = backlog.after
  let reached = backlog.after
  while (reached < upTo) {
    for (; underWay.length < parts.parts && asked < upTo; asked = underWay.at(-1)?.end ?? asked)
      underWay.push(ask(asked, Math.min(upTo, asked + parts.positions)))
    const first = underWay.shift()
    if (first === undefined) return false
    const answer = await first.answer
    heldBytes -= answer.length
    if (!goesOn()) return false
    // Taken apart when its turn has come: thousands of changes that wait would be as many objects for the garbage collector to carry.
    const part = readPart(questionOf(backlog, first.after, first.end), answer)
    if (part.say === 'gone') throw new NotReached(backlog.peer.name, first.after)
    const { batch } = part
    const isWithin = endsWithin(batch)
    const isWhole = batch.upTo >= first.end && !isWithin
    parts.note({ batch, sizeBytes: answer.length }, { isWhole, askedMs: first.askedMs, nowMs: clock.monotonicMs() })
    if (!isWhole) underWay.unshift(first.rest ?? ask(batch.upTo, Math.max(first.end, batch.upTo + 1)))
    // A question in flight may begin within a transaction that is here by now.
    if (batch.upTo <= delivered && batch.upTo > batch.after) continue
    delivered = Math.max(delivered, batch.upTo)
    if (!isWithin) reached = delivered
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
    if (!isWhole) this.positions = Math.max(1, Math.min(positions, fitting))
    else if (fitting >= 2 * this.positions) this.positions = Math.min(logReadChangesMax, this.positions * 2)
    if (nowMs - askedMs < slowMsMin + this.#pace.roundTripMs)
      this.parts = Math.min(backlogPartsUnderWayMax, this.parts + 1)
    else if (askedMs >= this.#slowedAtMs) {
      // Those that are under way already are late for the same reason.
      const onLine = Math.ceil(this.#pace.aheadBytes / (sizeBytes + 1))
      this.parts = Math.max(partsMin, Math.min(this.parts, onLine))
      this.#slowedAtMs = nowMs
    }
  }
}

type Noted = { readonly isWhole: boolean; readonly askedMs: number; readonly nowMs: number }

/** While one is applied, and the next is asked for, the line brings another. */
const partsMin = 2
const slowMsMin = 1000

/** On a fast line several small parts are as quick as one large, and the peer's other work waits less. */
function bytesOf({ partBytes }: Pace): number {
  return Math.min(messageTargetBytes / 2, partBytes)
}

/** Undefined for what is no part: it is looked at when its turn has come. */
function endIn(answer: Buffer): Position | undefined {
  try {
    return endOfBatch(answer)
  } catch {
    return undefined
  }
}

function questionOf(backlog: Backlog, after: Position, upTo: Position): LogQuestion {
  const { session, region, peer, epoch, at } = backlog
  // Parts that are a little larger than those before should not fall short.
  const place = at === undefined ? {} : { at }
  return { session, region, peer, epoch, after, upTo, ...place, bytesMax: 2 * bytesOf(session.pace) }
}
