/**
 * Measures what the line from a peer carries, and says how much may be asked for at once: about a second of the line, so that
 * announcements and heartbeats come between the parts. Pure; the session brings the time and the bytes.
 */
import {
  linePartBytesMin,
  narrowBytesPerSecond,
  pullBytesMax,
  snapshotTargetBytes,
  streamWindowBytesMin,
} from '../../core/limits.ts'
import type { Look } from '../../core/patience.ts'

const windowMs = 500
/** The fastest of so many windows counts: in most of them the peer has little to send. */
const windowsMax = 20
/** A part takes so many round trips, or the line would stand idle between two parts. */
const partRoundTrips = 5
const shortAnswerBytes = 1024
const onLineShareMax = 0.25
/** The shortest of the round trips of so long counts. */
const roundTripsMs = 20_000
const roundTripsMax = 32
const longerFactor = 2
/** An answer that brought so much less a second than was measured before tells of another line. */
const slowFactor = 4
const slowAnswerMs = 2000
const confirmationBytes = 400
const confirmationShare = 0.05
const confirmationsApartMsMax = 1000

type Window = { readonly rate: number; readonly isFull: boolean }

type Answered = {
  /** All that came meanwhile, other messages too. */
  readonly receivedBytes: number
  readonly tookMs: number
  readonly nowMs: number
}

export class Pace {
  #windows: Window[] = []
  #start: Look | undefined
  #isFull = true
  #pingedMs = 0
  #roundTrips: readonly { readonly atMs: number; readonly tookMs: number }[] = []

  /** `isFull`: more is on its way than has arrived, so the line is what limits. */
  note(now: Look, isFull: boolean): void {
    this.#start ??= now
    this.#isFull &&= isFull
    const tookMs = now.nowMs - this.#start.nowMs
    if (tookMs < windowMs) return
    const bytes = now.receivedBytes - this.#start.receivedBytes
    this.#add({ rate: (bytes * 1000) / tookMs, isFull: this.#isFull })
    this.#start = now
    this.#isFull = isFull
  }

  /** What came while an answer was waited for, the way there included: the line carries at least that. */
  answered({ receivedBytes, tookMs, nowMs }: Answered): void {
    const onLineMs = this.#rate === 0 ? 0 : (receivedBytes * 1000) / this.#rate
    // With much on the line at the same time, an answer says little about the distance.
    if (receivedBytes < shortAnswerBytes || onLineMs < tookMs * onLineShareMax) this.#tookMs(tookMs, nowMs)
    const rate = (receivedBytes * 1000) / Math.max(1, tookMs)
    if (tookMs > slowAnswerMs && onLineMs * slowFactor < tookMs - this.roundTripMs) this.#windows = []
    if (rate > this.#rate) this.#add({ rate, isFull: false })
  }

  /** Of a ping while hardly anything else came. Two in a row that took twice as long as anything of late: the way has become longer. */
  pinged(tookMs: number, nowMs: number): void {
    const least = Math.min(tookMs, this.#pingedMs)
    if (least > longerFactor * this.roundTripMs) this.#roundTrips = [{ atMs: nowMs, tookMs: least }]
    this.#pingedMs = tookMs
    this.#tookMs(tookMs, nowMs)
  }

  /** Undefined until something was asked. */
  get measuredRoundTripMs(): number | undefined {
    return this.#roundTrips.length === 0 ? undefined : Math.min(...this.#roundTrips.map(({ tookMs }) => tookMs))
  }

  get roundTripMs(): number {
    return this.measuredRoundTripMs ?? 0
  }

  /** Bytes a second while the line was full; undefined when it has not been full of late. */
  get fullBytesPerSecond(): number | undefined {
    const full = this.#windows.filter(({ isFull }) => isFull).map(({ rate }) => rate)
    return full.length === 0 ? undefined : Math.max(...full)
  }

  get isNarrow(): boolean {
    const rate = this.fullBytesPerSecond
    return rate !== undefined && rate < narrowBytesPerSecond
  }

  /** What one answer should have at most; a single row may be larger. */
  get partBytes(): number {
    const seconds = Math.max(1, (partRoundTrips * this.roundTripMs) / 1000)
    return within(this.#rate * seconds, linePartBytesMin, snapshotTargetBytes)
  }

  /** Of the stream, under way at once: a second of the line beyond what the distance itself holds. */
  get windowBytes(): number {
    return within(this.#rate * (1 + (1.5 * this.roundTripMs) / 1000), streamWindowBytesMin, pullBytesMax)
  }

  /** Between two confirmations: on a narrow line they take a small part of what the peers send each other. */
  get confirmationsApartMs(): number {
    const rate = this.fullBytesPerSecond
    if (rate === undefined || rate >= narrowBytesPerSecond) return 0
    return Math.min(confirmationsApartMsMax, (confirmationBytes * 1000) / (confirmationShare * Math.max(1, rate)))
  }

  #tookMs(tookMs: number, nowMs: number): void {
    const recent = this.#roundTrips.filter(({ atMs }) => nowMs - atMs < roundTripsMs)
    this.#roundTrips = [...recent, { atMs: nowMs, tookMs }].slice(-roundTripsMax)
  }

  get #rate(): number {
    return Math.max(0, ...this.#windows.map(({ rate }) => rate))
  }

  #add(window: Window): void {
    this.#windows.push(window)
    if (this.#windows.length > windowsMax) this.#windows.shift()
  }
}

const within = (value: number, least: number, most: number): number =>
  Math.floor(Math.min(Math.max(value, least), most))
