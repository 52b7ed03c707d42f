/**
 * Measures what the line from a peer carries, and says how much may be asked for at once: about a second of the line, so that
 * announcements and heartbeats come between the parts. Pure; the session brings the time and the bytes.
 */
import { aheadBytesUnderWayMax } from '../../../core/limits/line-limits.ts'
import {
  joinBytesUnderWayMax,
  linePartBytesMin,
  narrowBytesPerSecond,
  pullBytesMax,
  snapshotTargetBytes,
  streamWindowBytesMin,
} from '../../../core/limits/limits.ts'
import type { Look } from '../../../core/patience.ts'
import { Ahead } from './ahead.ts'

const windowMs = 500
/** The fastest of so many windows counts: in most of them the peer has little to send. */
const windowsMax = 20
/** A part that is asked for alone takes so many round trips, or the line would stand idle between two parts. */
const lonePartRoundTrips = 5
/** Of parts that are asked for ahead, so many fill the line. No part takes longer than this, or words would wait. */
const partsOnLine = 4
const partSecondsMax = 0.5
/** An answer that needs no longer than the distance and this did not wait for others: more may be under way. */
const quickAnswerMs = 1000
/** A round trip is measured as too short now and then, since the least of several counts. */
const roundTripsOnLine = 1.25
const shortAnswerBytes = 1024
const onLineShareMax = 0.25
/** The shortest of the round trips of so long counts. */
const roundTripsMs = 20_000
const roundTripsMax = 32
const longerFactor = 2
/**
 * Where the line is never free, no answer shows the distance: each waits for what is before it. So now and then less than the distance holds is
 * asked for, until what had piled up has gone; the least wait of that time is the distance. Without it a way that has become longer would be
 * filled less and less, since what is asked for follows from what arrives.
 */
const drainsApartMsMin = 20_000
/** Drains that find what was known are further and further apart. */
const drainsApartMsMax = 80_000
const sameDistanceShare = 0.25
const drainShare = 0.75
const drainMsMax = 10_000
/** An answer that brought so much less a second than was measured before tells of another line. */
const slowFactor = 4
const slowAnswerMs = 2000
const confirmationBytes = 400
const confirmationShare = 0.05
const confirmationsApartMsMax = 1000

type Window = { readonly rate: number; readonly isFull: boolean }

type Answered = {
  /** Of the answer itself. */
  readonly sizeBytes?: number
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
  /** While little is known of the line: twice as much with each round trip, until answers wait for each other. */
  #triedBytes = streamWindowBytesMin
  #roundTrips: readonly { readonly atMs: number; readonly tookMs: number }[] = []
  /** When an answer, or a drain, has shown the distance. */
  #clearAtMs = -Infinity
  #drainsApartMs = drainsApartMsMin
  #drain: { readonly untilMs: number; leastMs: number } | undefined
  /** What is asked for ahead of this peer. */
  readonly ahead = new Ahead(() => this.aheadBytes)

  /** `isFull`: more is on its way than has arrived, so the line is what limits. */
  note(now: Look, isFull: boolean): void {
    this.#endDrain(now.nowMs)
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
  answered({ sizeBytes = 0, receivedBytes, tookMs, nowMs }: Answered): void {
    const onLineMs = this.#rate === 0 ? 0 : (receivedBytes * 1000) / this.#rate
    // With much on the line at the same time, an answer says little about the distance.
    if (receivedBytes < shortAnswerBytes || onLineMs < tookMs * onLineShareMax) this.#tookMs(tookMs, nowMs)
    else this.#waited(tookMs - Math.min(tookMs, (sizeBytes * 1000) / Math.max(1, this.#rate)), nowMs)
    const rate = (receivedBytes * 1000) / Math.max(1, tookMs)
    if (tookMs > slowAnswerMs && onLineMs * slowFactor < tookMs - this.roundTripMs) this.#windows = []
    if (rate > this.#rate) this.#add({ rate, isFull: false })
    this.#tryMore(sizeBytes, tookMs < this.roundTripMs + quickAnswerMs)
  }

  #tryMore(bytes: number, isQuick: boolean): void {
    const most = 2 * this.#distanceBytes + joinBytesUnderWayMax
    this.#triedBytes = isQuick ? Math.min(this.#triedBytes + bytes, most) : 0
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

  /** What one answer should have while others are under way: half a second of the line. A single row may be larger. */
  get partBytes(): number {
    const seconds = Math.min(partSecondsMax, (1 + this.roundTripMs / 1000) / partsOnLine)
    return within(this.#rate * seconds, linePartBytesMin, snapshotTargetBytes)
  }

  /** The same of an answer that is waited for before anything else is asked. */
  get lonePartBytes(): number {
    const seconds = Math.max(1, (lonePartRoundTrips * this.roundTripMs) / 1000)
    return within(this.#rate * seconds, linePartBytesMin, snapshotTargetBytes)
  }

  /** Of parts, asked for and not dealt with: what the distance holds and a second of the line, or less where that is much. */
  get aheadBytes(): number {
    if (this.#drain !== undefined)
      return within(drainShare * this.#distanceBytes, 2 * linePartBytesMin, aheadBytesUnderWayMax)
    const measured = roundTripsOnLine * this.#distanceBytes + Math.min(this.#rate, joinBytesUnderWayMax)
    return within(Math.max(measured, this.#triedBytes), 2 * linePartBytesMin, aheadBytesUnderWayMax)
  }

  get #distanceBytes(): number {
    return (this.#rate * this.roundTripMs) / 1000
  }

  /** Of the stream, under way at once: a second of the line beyond what the distance itself holds. */
  get windowBytes(): number {
    if (this.#drain !== undefined) return within(drainShare * this.#distanceBytes, streamWindowBytesMin, pullBytesMax)
    return within(this.#rate * (1 + (1.5 * this.roundTripMs) / 1000), streamWindowBytesMin, pullBytesMax)
  }

  /** Between two confirmations: on a narrow line they take a small part of what the peers send each other. */
  get confirmationsApartMs(): number {
    const rate = this.fullBytesPerSecond
    if (rate === undefined || rate >= narrowBytesPerSecond) return 0
    return Math.min(confirmationsApartMsMax, (confirmationBytes * 1000) / (confirmationShare * Math.max(1, rate)))
  }

  #waited(tookMs: number, nowMs: number): void {
    if (this.#drain !== undefined) this.#drain.leastMs = Math.min(this.#drain.leastMs, tookMs)
    else if (nowMs - this.#clearAtMs > this.#drainsApartMs)
      this.#drain = { untilMs: nowMs + Math.min(drainMsMax, 2 * tookMs), leastMs: Infinity }
  }

  #endDrain(nowMs: number): void {
    if (this.#drain === undefined || nowMs < this.#drain.untilMs) return
    const { leastMs } = this.#drain
    this.#drain = undefined
    this.#clearAtMs = nowMs
    if (leastMs === Infinity) return
    const isSame = Math.abs(leastMs - this.roundTripMs) < sameDistanceShare * this.roundTripMs
    this.#drainsApartMs = isSame ? Math.min(drainsApartMsMax, 2 * this.#drainsApartMs) : drainsApartMsMin
    this.#roundTrips = [{ atMs: nowMs, tookMs: leastMs }]
  }

  #tookMs(tookMs: number, nowMs: number): void {
    this.#drain = undefined
    this.#clearAtMs = nowMs
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
