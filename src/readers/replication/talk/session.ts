/**
 * A session with a peer that knows what its line carries. Questions have no fixed time-out: bytes that arrive count as progress
 * (core/patience.ts), and how much is asked for at once follows the measured rate (line-pace.ts). What is under way is not asked for
 * again.
 */
import { encodeControl } from '../../../core/change/control.ts'
import { unsignedFormatVersion, versionOf } from '../../../core/change/message.ts'
import { NotAuthentic } from '../../../core/change/seal.ts'
import { progressBytesMin } from '../../../core/limits/limits.ts'
import { Patience, type Look } from '../../../core/patience.ts'
import type { Asked, PeerSession, StreamMessage, StreamState } from '../../../ports/bus.ts'
import type { Clock } from '../../../ports/clock.ts'
import { Pace } from './line-pace.ts'
import type { Seals } from './seals.ts'

/** A question is given up after this long in which the line has brought nothing. */
const requestTimeoutMs = 5000
/** Bytes have come within this time: something is being received. */
const receivingMsMax = 3500
/** While something is asked for, or the stream brings something, the distance is measured so often. */
const probeEveryMs = 10_000
/** What a message costs on the wire beside its payload, about. */
const messageOverheadBytes = 64

/** The line from a peer, as this region measures it. */
export type LineStatus = {
  /** Bytes arrive now, if only of a message that is not whole yet. */
  readonly receiving: boolean
  /** What the line carried while it was full; absent when it has not been full of late. */
  readonly bytesPerSecond?: number
  readonly roundTripMs?: number
}

export type SessionEnds = {
  /** The region that asks. */
  readonly self: string
  readonly peer: string
  readonly seals: Seals
  /** An answer is not the peer's. */
  readonly onForged?: (error: NotAuthentic) => void
}

export class Session {
  readonly closed: Promise<string>
  readonly pace = new Pace()
  readonly #bus: PeerSession
  readonly #clock: Clock
  readonly #peer: string
  readonly #seals: Seals
  readonly #onForged: (error: NotAuthentic) => void
  readonly #hello: () => Buffer
  /** The peer is of version 0.1.0, and admitted: it is spoken to in its own format. */
  #isOld = false
  #asked = 0
  /** The latest question that was answered. */
  #answered = 0
  #answeredBytes = 0
  #allowedBytes = 0
  #probedAtMs = -Infinity
  #confirmedAtMs = -Infinity
  /** Had come when the last message was whole. */
  #wholeBytes = 0
  #receiving: Patience
  #isBehind: () => boolean = () => false

  constructor(bus: PeerSession, clock: Clock, { self, peer, seals, onForged = () => undefined }: SessionEnds) {
    this.#bus = bus
    this.#clock = clock
    this.#peer = peer
    this.#seals = seals
    this.#onForged = onForged
    this.#hello = () => encodeControl({ say: 'hello', region: self })
    this.closed = bus.closed
    bus.onRoundTrip?.((tookMs) => this.pace.pinged(tookMs, clock.monotonicMs()))
    this.#receiving = new Patience(receivingMsMax, { nowMs: -Infinity, receivedBytes: 0 })
    this.#allow()
  }

  /** Says whether the peer has more for us than has arrived. */
  set isBehind(isBehind: () => boolean) {
    this.#isBehind = isBehind
  }

  /** Bytes that may belong to the stream: all that have come, but for whole answers. */
  streamLook(): Look {
    return { nowMs: this.#clock.monotonicMs(), receivedBytes: this.#bus.receivedBytes() - this.#answeredBytes }
  }

  /** Whether bytes arrive, if only of a message that is not whole yet. */
  get isReceiving(): boolean {
    return !this.#receiving.isOver(this.#look())
  }

  /** Measures; the owner of the session calls this now and then. */
  measure(): void {
    const now = this.#look()
    this.#receiving.isOver(now)
    const isBehind = this.#isBehind()
    this.pace.note(now, isBehind || now.receivedBytes - this.#wholeBytes >= progressBytesMin)
    // How much of the stream may be under way follows from the distance, and nothing else is asked for while it flows.
    if (isBehind && now.nowMs - this.#probedAtMs > probeEveryMs) void this.#probe(now.nowMs)
    this.#allow()
  }

  state(): Promise<StreamState> {
    return this.#patiently(() => this.#bus.state())
  }

  /** Messages come as they are: a reader checks each first (reading.ts). */
  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    this.#bus.consume(fromSequence, (message) => {
      this.#arrived()
      return onMessage(message)
    })
  }

  /** Throws NotAuthentic, or another RangeError, for what is not the peer's own word to all. */
  check(payload: Buffer): void {
    this.#seals.checkFromPeer(payload, this.#peer)
  }

  /** The same of an announcement, which also shows how the peer is to be spoken to. */
  checkAnnouncement(payload: Buffer): void {
    this.check(payload)
    this.#isOld = versionOf(payload) === unsignedFormatVersion
  }

  /** The answer is the peer's own, to this question; a RangeError otherwise. The session fills in the question's tag. */
  async request(payload: Buffer): Promise<Buffer> {
    const askedMs = this.#clock.monotonicMs()
    if (askedMs - this.#probedAtMs > probeEveryMs) void this.#probe(askedMs)
    return await this.#ask(payload)
  }

  /** A peer that answers in another format than it was asked in is asked once more, in that one. */
  async #ask(payload: Buffer): Promise<Buffer> {
    const before = this.#isOld
    const answer = await this.#askAs(payload, before)
    this.#isOld = versionOf(answer) === unsignedFormatVersion
    return this.#isOld === before ? answer : await this.#askAs(payload, this.#isOld)
  }

  async #askAs(payload: Buffer, asOldVersion: boolean): Promise<Buffer> {
    const asked = this.#look()
    const question = this.#seals.toPeer(payload, this.#peer, asOldVersion)
    const answer = await this.#patiently(() => this.#bus.ask(question))
    this.#answeredBytes += answer.length + messageOverheadBytes
    const { nowMs, receivedBytes } = this.#look()
    this.pace.answered({
      sizeBytes: answer.length,
      receivedBytes: Math.max(answer.length, receivedBytes - asked.receivedBytes),
      tookMs: nowMs - asked.nowMs,
      nowMs,
    })
    this.#arrived()
    this.#checkAnswer(answer, question)
    return answer
  }

  #checkAnswer(answer: Buffer, question: Buffer): void {
    try {
      this.#seals.checkAnswer(answer, this.#peer, question)
    } catch (error) {
      if (error instanceof NotAuthentic) this.#onForged(error)
      throw error
    }
  }

  /** What the line from the peer brings, as far as that is known. */
  get line(): LineStatus {
    this.measure()
    const { fullBytesPerSecond: rate, measuredRoundTripMs: roundTripMs } = this.pace
    return {
      receiving: this.isReceiving,
      ...(rate === undefined ? {} : { bytesPerSecond: Math.round(rate) }),
      ...(roundTripMs === undefined ? {} : { roundTripMs: Math.round(roundTripMs) }),
    }
  }

  /** Not more often than the line bears: the next will say more. */
  confirm(confirmation: () => Buffer | undefined): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#confirmedAtMs < this.pace.confirmationsApartMs) return
    this.#confirmedAtMs = nowMs
    const payload = confirmation()
    if (payload !== undefined) this.tell(payload)
  }

  tell(payload: Buffer): void {
    this.#bus.tell(this.#seals.toPeer(payload, this.#peer, this.#isOld))
  }

  /** They come as they are, too. */
  onAnnouncement(handler: (payload: Buffer) => void): void {
    this.#bus.onAnnouncement((payload) => {
      this.#arrived()
      handler(payload)
    })
  }

  close(): Promise<void> {
    return this.#bus.close()
  }

  /** A whole message: what has come beyond it belongs to the next. */
  #arrived(): void {
    this.measure()
    this.#wholeBytes = this.#bus.receivedBytes()
  }

  /** Something short, before something that may be long: how far the peer is. */
  async #probe(nowMs: number): Promise<void> {
    this.#probedAtMs = nowMs
    await this.#ask(this.#hello()).catch(() => undefined)
  }

  #patiently<T>(ask: () => Asked<T>): Promise<T> {
    const number = ++this.#asked
    const begun = this.#look()
    const patience = new Patience(requestTimeoutMs, begun)
    const asked = ask()
    return new Promise<T>((resolve, reject) => {
      let cancel: () => void = () => undefined
      const wait = (): void => {
        cancel = this.#clock.after(patience.nextMs - this.#clock.monotonicMs(), look)
      }
      const look = (): void => {
        const now = this.#look()
        // Answers come in the order of the questions: this one is lost.
        const isOvertaken = this.#answered > number
        if (!patience.isOver(isOvertaken ? { ...now, receivedBytes: begun.receivedBytes } : now)) return wait()
        asked.drop()
        reject(new Error('the request timed out'))
      }
      wait()
      asked.answer
        .finally(() => cancel())
        .then((value) => {
          this.#answered = Math.max(this.#answered, number)
          return resolve(value)
        }, reject)
    })
  }

  #look(): Look {
    return { nowMs: this.#clock.monotonicMs(), receivedBytes: this.#bus.receivedBytes() }
  }

  /** Small differences are not worth a word. */
  #allow(): void {
    const { windowBytes } = this.pace
    if (Math.abs(windowBytes - this.#allowedBytes) * 8 < this.#allowedBytes) return
    this.#allowedBytes = windowBytes
    this.#bus.allow(windowBytes)
  }
}
