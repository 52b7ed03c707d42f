/** A peer in memory: a real engine, its stream as a list of messages, and its answers; a test may withhold or change any of them. */
import { type Batch, encodeBatch } from '../../../../src/core/change/batch.ts'
import {
  type Announcement,
  type Confirmation,
  decodeRequest,
  encodeControl,
} from '../../../../src/core/change/control.ts'
import { inOneTurn } from '../../../../src/core/turns.ts'
import type { Asked, PeerSession, StreamMessage } from '../../../../src/ports/bus.ts'
import { type Answers, answer } from '../../../../src/readers/replication/answer/answers.ts'
import { announcementOf } from '../../../../src/readers/replication/send/announcing.ts'
import { batchOf, nextPart } from '../../../../src/readers/replication/send/own-changes.ts'
import { type RegionName, type TestRegion, topologyOf } from '../../engine/region.ts'

type Consumer = (message: StreamMessage) => void | Promise<void>
type OpenSession = {
  readonly end: (reason: string) => void
  consumer: Consumer | undefined
  hear: (payload: Buffer) => void
}

export class PeerTwin {
  readonly region: TestRegion
  readonly name: RegionName
  readonly #asker: RegionName
  /** What its node was asked, in order. */
  readonly asked: string[] = []
  readonly confirmations: Confirmation[] = []
  /** What the announcement says otherwise. */
  says: Partial<Announcement> = {}
  /** Undefined for a question that its node does not answer. */
  answers: (say: string, payload: Buffer) => Buffer | undefined = (_, payload) => payload
  isComplete = true
  standing: Answers['standing'] = () => 'possible'
  #messages: StreamMessage[] = []
  #sent = 0
  #open: OpenSession | undefined

  constructor(region: TestRegion, name: RegionName, asker: RegionName) {
    this.region = region
    this.name = name
    this.#asker = asker
  }

  /** Puts what its log has beyond the last message on its stream, in one message; `alter` changes that. */
  publish(alter: (batch: Batch) => Batch = (batch) => batch): void {
    const { engine } = this.region
    const { leaving, upTo, part } = nextPart(engine, this.#sent)
    const batch = batchOf(engine, { after: this.#sent, upTo, part }, leaving)
    this.#sent = upTo
    this.put(encodeBatch(alter(batch)))
  }

  /** Its stream loses what comes next. */
  skip(): void {
    this.#sent = this.region.engine.flushed()
  }

  put(payload: Buffer): void {
    const message = { sequence: this.#messages.length + 1, payload }
    this.#messages.push(message)
    void this.#open?.consumer?.(message)
  }

  announcement(): Announcement {
    const { engine, clock } = this.region
    const publisher = { sent: this.#sent, published: engine.flushed() }
    return {
      ...announcementOf({ clock, engine, publisher, met: [], hasPendingMerges: false, twice: [] }),
      ...this.says,
    }
  }

  announce(): void {
    this.#open?.hear(encodeControl(this.announcement()))
  }

  /** The session ends. */
  cut(reason = 'cut'): void {
    this.#open?.end(reason)
  }

  connect(): PeerSession {
    let end: (reason: string) => void = () => {}
    const closed = new Promise<string>((resolve) => (end = resolve))
    const open: OpenSession = { end, consumer: undefined, hear: () => {} }
    this.#open = open
    return {
      closed,
      state: () => asked({ firstSequence: 1, lastSequence: this.#messages.length }),
      consume: (from, onMessage) => {
        open.consumer = onMessage
        void this.#deliver(onMessage, from)
      },
      allow: () => {},
      ask: (payload) => {
        const said = this.#answer(payload)
        return said === undefined ? { answer: Promise.reject(new Error('no responders')), drop: () => {} } : asked(said)
      },
      receivedBytes: () => 0,
      tell: (payload) => void this.#answer(payload),
      onAnnouncement: (handler) => (open.hear = handler),
      close: () => Promise.resolve(end('closed here')),
    }
  }

  async #deliver(onMessage: Consumer, from: number): Promise<void> {
    for (const message of this.#messages.filter(({ sequence }) => sequence >= from)) await onMessage(message)
  }

  #answer(payload: Buffer): Buffer | undefined {
    const { say } = decodeRequest(payload)
    if (say !== 'confirm') this.asked.push(say)
    const arrived = this.answers(say, payload)
    return arrived === undefined ? undefined : inOneTurn(answer(this.#answers, arrived, this.#asker))
  }

  get #answers(): Answers {
    return {
      engine: this.region.engine,
      topology: topologyOf(this.name),
      announcement: () => this.announcement(),
      onPulse: () => {},
      onConfirmed: (confirmation) => void this.confirmations.push(confirmation),
      reach: (_, cursor) => cursor,
      standing: this.standing,
      confirmedBy: () => undefined,
      twice: () => [],
      leaving: () => [],
      mayTell: () => true,
      isComplete: () => this.isComplete,
      isFilling: () => false,
    }
  }
}

function asked<T>(value: T): Asked<T> {
  return { answer: Promise.resolve(value), drop: () => {} }
}
