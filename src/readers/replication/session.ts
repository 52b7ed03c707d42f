/**
 * A session with a peer that knows what its line carries. Questions have no fixed time-out: bytes that arrive count as progress
 * (core/patience.ts), and how much is asked for at once follows the measured rate (pace.ts). What is under way is not asked for
 * again.
 */
import { encodeControl } from '../../core/change/control.ts'
import { progressBytesMin } from '../../core/limits.ts'
import { Patience, type Look } from '../../core/patience.ts'
import type { Asked, PeerSession, StreamMessage, StreamState } from '../../ports/bus.ts'
import type { Clock } from '../../ports/clock.ts'
import { Pace } from './pace.ts'
import type { LineStatus } from './status.ts'

/** A question is given up after this long in which the line has brought nothing. */
const requestTimeoutMs = 5000
/** Bytes have come within this time: something is being received. */
const receivingMsMax = 3500
/** While something is asked for, or the stream brings something, the distance is measured so often. */
const probeEveryMs = 10_000
/** What a message costs on the wire beside its payload, about. */
const messageOverheadBytes = 64

export class Session {
  readonly closed: Promise<string>
  readonly pace = new Pace()
  readonly #bus: PeerSession
  readonly #clock: Clock
  readonly #hello: Buffer
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

  /** `self`: the region that asks. */
  constructor(bus: PeerSession, clock: Clock, self: string) {
    this.#bus = bus
    this.#clock = clock
    this.#hello = encodeControl({ say: 'hello', region: self })
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

  /** Measures; whoever holds the session calls this now and then. */
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

  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    this.#bus.consume(fromSequence, (message) => {
      this.#arrived()
      return onMessage(message)
    })
  }

  async request(payload: Buffer): Promise<Buffer> {
    const askedMs = this.#clock.monotonicMs()
    if (askedMs - this.#probedAtMs > probeEveryMs) void this.#probe(askedMs)
    return await this.#ask(payload)
  }

  async #ask(payload: Buffer): Promise<Buffer> {
    const asked = this.#look()
    const answer = await this.#patiently(() => this.#bus.ask(payload))
    this.#answeredBytes += answer.length + messageOverheadBytes
    const { nowMs, receivedBytes } = this.#look()
    this.pace.answered({
      sizeBytes: answer.length,
      receivedBytes: Math.max(answer.length, receivedBytes - asked.receivedBytes),
      tookMs: nowMs - asked.nowMs,
      nowMs,
    })
    this.#arrived()
    return answer
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
    this.#bus.tell(payload)
  }

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
    await this.#ask(this.#hello).catch(() => undefined)
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
