/**
 * Brings what a peer has published into the inbox: its stream's messages as they come, and before them, when many of few changes
 * have piled up, the same changes from the peer's log (backlog.ts). Where the log is not to be had, the stream has it all.
 */
import type { Batch } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { Announcement } from '../../../core/change/control.ts'
import { UnknownFormat } from '../../../core/change/message.ts'
import { applyChangesMax, backlogChangesAMessageMax, backlogMessagesMin } from '../../../core/limits/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { Cursor } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { StreamMessage, StreamState } from '../../../ports/bus.ts'
import type { Session } from '../talk/session.ts'
import type { Env } from '../../../ports/env.ts'
import { pullBacklog } from './backlog.ts'
import type { Waiting } from './batches.ts'
import { placeOf } from '../talk/greeting.ts'
import type { Inbox } from './inbox.ts'
import { startOf } from './place-in-stream.ts'
import type { Retries } from '../../retries.ts'
import { batchFrom } from '../talk/reading.ts'
import type { PeerErrors } from '../talk/peer-errors.ts'

export type FetcherOptions = {
  readonly env: Env
  readonly engine: Pick<Engine, 'cursor' | 'region'>
  readonly peer: Region
  readonly inbox: Inbox
  readonly peerErrors: PeerErrors
  readonly retries: Retries
  /** As in core/limits/limits.ts unless said otherwise. */
  readonly backlogMessagesMin?: number | undefined
  /** Whether the peer has said what it speaks. */
  readonly isHeard: () => boolean
  /** Whether a message may end there without the peer being asked. */
  readonly isPlausible: (upTo: Position) => boolean
  readonly onArrived: () => void
  readonly onUnknown: (error: UnknownFormat) => void
}

/** A peer that did not tell its log is not asked again for this long. */
const againMs = 60_000

export class Fetcher {
  readonly #options: FetcherOptions
  #session: Session | undefined
  #notBeforeMs = -Infinity
  #greet: () => Promise<Announcement | undefined> = () => Promise.resolve(undefined)

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** `greet` asks the peer where it stands; undefined when its node does not answer. */
  async begin(session: Session, greet: () => Promise<Announcement | undefined>): Promise<void> {
    this.#greet = greet
    const { engine, peer } = this.#options
    const state = await session.state()
    const cursor = engine.cursor(peer.name)
    if (cursor === undefined) throw new Error('no cursor')
    this.#session = session
    const messages = this.#messagesBehind(cursor, state)
    const isTrimmed = this.#mayPull && state.firstSequence > cursor.sequence + 1
    // Asked after the stream's end is known: what the peer then has sent is all of what the stream has.
    const said = messages === 0 && !isTrimmed ? undefined : await greet()
    if (said !== undefined && ((isTrimmed && isBehind(said, cursor)) || isBacklog(said, cursor, messages)))
      void this.#pull(session, said.sent, cursor, state)
    else this.#consume(session, cursor, state)
  }

  end(): void {
    this.#session = undefined
  }

  /** 0 when they are too few to be asked for otherwise. */
  #messagesBehind({ sequence }: Cursor, { firstSequence, lastSequence }: StreamState): number {
    const { backlogMessagesMin: messagesMin = backlogMessagesMin } = this.#options
    const messages = lastSequence - Math.max(sequence, firstSequence - 1)
    return messages < messagesMin || !this.#mayPull ? 0 : messages
  }

  get #mayPull(): boolean {
    return this.#options.env.clock.monotonicMs() >= this.#notBeforeMs
  }

  async #pull(session: Session, upTo: Position, cursor: Cursor, state: StreamState): Promise<void> {
    const { env, engine, peer } = this.#options
    env.log.info('ask for the backlog', { peer: peer.name, after: cursor.position, upTo })
    const reached = { ...cursor, sequence: state.lastSequence }
    const backlog = { session, clock: env.clock, region: engine.region.name, peer, epoch: cursor.epoch, upTo }
    const gathered = new Gathered()
    const isWhole = await pullBacklog({
      ...backlog,
      after: cursor.position,
      ...placeOf(cursor),
      onPart: (batch, sizeBytes) => {
        // The stream's numbers mean nothing meanwhile: a fetch that is interrupted asks for the rest later.
        const { sequence } = batch.upTo >= upTo ? reached : cursor
        gathered.add({ batch, sequence, sizeBytes }, env.clock.monotonicMs())
        if (gathered.isEnough(env.clock.monotonicMs()) || batch.upTo >= upTo) return this.#put(gathered.take())
      },
      goesOn: () => this.#session === session,
    }).catch((error: unknown) => this.#withoutLog(error))
    if (this.#session === session) this.#consume(session, isWhole ? reached : cursor, state)
  }

  #withoutLog(error: unknown): false {
    const { env, peer, peerErrors, onUnknown } = this.#options
    this.#options.retries.note('fetch', error, 'the backlog comes by the stream', { peer: peer.name })
    this.#notBeforeMs = env.clock.monotonicMs() + againMs
    if (error instanceof UnknownFormat) onUnknown(error)
    else if (error instanceof RangeError) peerErrors.note('answer', error)
    return false
  }

  #consume(session: Session, cursor: Cursor, state: StreamState): void {
    session.consume(startOf(cursor, state), (message) => this.#receive(session, message))
  }

  #receive(session: Session, message: StreamMessage): Promise<void> | void {
    const batch = this.#read(session, message)
    if (batch === undefined) return
    const waiting = { batch, sequence: message.sequence, sizeBytes: message.payload.length }
    return this.#options.isPlausible(batch.upTo) ? this.#put([waiting]) : this.#ask(waiting)
  }

  /** A stranger that can write to the stream could move the cursor beyond all that is still to come. */
  async #ask(waiting: Waiting): Promise<void> {
    const { batch, sequence } = waiting
    const said = await this.#greet()
    if (said?.epoch === batch.epoch && batch.upTo <= said.flushed) return await this.#put([waiting])
    const end = said === undefined ? 'nobody answers' : `its log ends at ${said.flushed}`
    this.#options.peerErrors.note('message', new RangeError(`a message up to ${batch.upTo}: ${end}`), sequence)
  }

  #put(arrived: readonly Waiting[]): Promise<void> | void {
    const { inbox, onArrived } = this.#options
    for (const each of arrived) inbox.put(each)
    onArrived()
    return inbox.capacity()
  }

  /** A message that cannot be read or trusted is passed over: its changes come from the origin's log instead, as a gap. */
  #read(session: Session, { payload, sequence }: StreamMessage): Batch | undefined {
    const { peer, peerErrors, isHeard, onUnknown } = this.#options
    try {
      return batchFrom(peer, session, payload)
    } catch (error) {
      // Of a peer that has not said what it speaks, a message of another version is the first word: nothing more is read.
      if (error instanceof UnknownFormat && !isHeard()) onUnknown(error)
      else peerErrors.note('message', error, sequence)
      return undefined
    }
  }
}

/**
 * Parts of a backlog wait for each other, so that a flush has many: rows lie all over the store's pages, and each page is written
 * once a flush, however many of its rows have changed.
 */
class Gathered {
  #parts: Waiting[] = []
  #changes = 0
  #sinceMs = 0

  add(part: Waiting, nowMs: number): void {
    if (this.#parts.length === 0) this.#sinceMs = nowMs
    this.#parts.push(part)
    this.#changes += part.batch.changes.length
  }

  isEnough(nowMs: number): boolean {
    return this.#changes >= applyChangesMax || nowMs - this.#sinceMs > gatherMsMax
  }

  take(): readonly Waiting[] {
    const parts = this.#parts
    this.#parts = []
    this.#changes = 0
    return parts
  }
}

/** Where the line is so narrow, there is nothing to be gained. */
const gatherMsMax = 100

/** What the stream no longer has, the log may still have: so the region need not wait until the stream has brought nothing for long enough. */
function isBehind({ epoch, sent }: Announcement, cursor: Cursor): boolean {
  return epoch === cursor.epoch && sent > cursor.position
}

/** Messages of many changes are as cheap as answers, and cost the peer's node nothing. */
function isBacklog({ epoch, sent }: Announcement, cursor: Cursor, messages: number): boolean {
  return messages > 0 && epoch === cursor.epoch && sent - cursor.position <= messages * backlogChangesAMessageMax
}
