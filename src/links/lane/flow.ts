/**
 * One direction of one connection: what waits for its turn on the line, and what is in flight. Everything comes out in the
 * order in which it went in, the end last. Both are bounded, because a queue without a bound keeps a peer's backlog in
 * memory and hides from TCP that the link is full. Pure; the link brings the time.
 */
import {
  linkHeldBytesMax,
  linkInFlightBytesMax,
  linkShareBytes,
  linkWaitingMax,
} from '../../core/limits/link-limits.ts'
import { DelayQueue } from './delay-queue.ts'
import { Fifo } from './fifo.ts'
import type { Line, Waiting } from './line.ts'
import { oneWayMs } from './link-shape.ts'

/** How a stream ends: in order, or broken. */
export type Ending = 'end' | 'broken'
export type Content = Buffer | Ending

/** What all directions of all connections hold: beyond its bound each of them gets a small share, and TCP pushes back on the rest. */
export class LinkBudget {
  readonly #bytesMax: number
  heldBytes = 0

  constructor(bytesMax = linkHeldBytesMax) {
    this.#bytesMax = bytesMax
  }

  get isUsedUp(): boolean {
    return this.heldBytes >= this.#bytesMax
  }
}

const ofThisProcess = new LinkBudget()

type Chunk = { readonly content: Content; readonly stallMs: number }

/** What an entry costs beside its bytes, so that many small ones count too. */
const entryBytes = 256

export class Flow implements Waiting {
  readonly #line: Line
  readonly #waiting = new Fifo<Chunk>()
  readonly #inFlight = new DelayQueue<Content>()
  #waitingBytes = 0
  #waitsForLine = false
  #stalledUntilMs = -Infinity

  readonly #onGiven: () => void
  readonly #budget: LinkBudget
  /** Of `sizeBytes`, what the budget knows. */
  #countedBytes = 0

  /** `onGiven` hears when something has gone from waiting to being in flight. */
  constructor(line: Line, onGiven: () => void = () => {}, budget = ofThisProcess) {
    this.#line = line
    this.#onGiven = onGiven
    this.#budget = budget
  }

  /** The line has to be served after it. */
  put(content: Content, nowMs: number): void {
    const isBytes = typeof content !== 'string'
    // While a stall lasts nothing more is drawn: one loss stalls, those behind it only wait.
    const stallMs = isBytes && nowMs >= this.#stalledUntilMs ? this.#line.stallMs() : 0
    if (stallMs > 0) this.#stalledUntilMs = nowMs + stallMs
    this.#waiting.push({ content, stallMs })
    this.#waitingBytes += sizeOf(content)
    this.#count()
    this.#wait()
  }

  giveOne(nowMs: number): boolean {
    const chunk = this.#waiting.first
    this.#waitsForLine = chunk !== undefined && !this.#isFull
    if (chunk === undefined || !this.#waitsForLine) return false
    const { content, stallMs } = chunk
    const piece = this.#takePiece(chunk)
    const bytes = typeof piece === 'string' ? 0 : piece.length
    const dueMs = this.#line.leavesAtMs(bytes, nowMs) + this.#line.delayMs() + stallMs
    this.#inFlight.put(piece, sizeOf(piece), dueMs)
    if (piece === content) this.#waiting.shift()
    this.#waitingBytes -= piece === content ? sizeOf(piece) : bytes
    this.#count()
    this.#waitsForLine = this.#waiting.length > 0 && !this.#isFull
    this.#onGiven()
    return this.#waitsForLine
  }

  /** What has arrived at `nowMs`, removed; nothing while the line is cut. The line has to be served when there was something. */
  take(nowMs: number): Content | undefined {
    if (!this.#line.isOpen) return undefined
    const content = this.#inFlight.take(nowMs)
    if (content === undefined) return undefined
    this.#count()
    this.#wait()
    return content
  }

  /** When something arrives next; undefined when nothing is in flight, or as long as the line is cut. */
  get nextMs(): number | undefined {
    return this.#line.isOpen ? this.#inFlight.nextDueMs : undefined
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.nextDueMs === undefined
  }

  /** Bytes that may be put in as one entry; without a bandwidth a whole read may, however large it is. */
  get roomBytes(): number {
    if (this.#line.shape.bandwidthBitsPerSecond === null) return this.isHigh ? 0 : Infinity
    return Math.max(0, this.#waitingBytesMax - this.#waitingBytes - entryBytes)
  }

  /** No more should be put in before `isLow`. */
  get isHigh(): boolean {
    return this.#waitingBytes + entryBytes >= this.#waitingBytesMax
  }

  get isLow(): boolean {
    return this.#waitingBytes <= this.#waitingBytesMax / 2
  }

  get #waitingBytesMax(): number {
    const usual = this.#line.waitingBytesMax(linkWaitingMax)
    return this.#budget.isUsedUp ? Math.min(usual, linkShareBytes.waiting) : usual
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  get sizeBytes(): number {
    return this.#waitingBytes + this.#inFlight.sizeBytes
  }

  /** There is no end to take it any more. */
  clear(): void {
    this.#waiting.clear()
    this.#inFlight.clear()
    this.#waitingBytes = 0
    this.#count()
  }

  #count(): void {
    this.#budget.heldBytes += this.sizeBytes - this.#countedBytes
    this.#countedBytes = this.sizeBytes
  }

  #wait(): void {
    if (this.#waitsForLine || this.#waiting.length === 0 || this.#isFull) return
    this.#waitsForLine = true
    this.#line.wait(this)
  }

  #takePiece({ content }: Chunk): Content {
    const { pieceBytes } = this.#line
    if (typeof content === 'string' || content.length <= pieceBytes) return content
    this.#waiting.replaceFirst({ content: content.subarray(pieceBytes), stallMs: 0 })
    return content.subarray(0, pieceBytes)
  }

  get #isFull(): boolean {
    const { least, perMs, most } = linkInFlightBytesMax
    // It looks again when some of its own has arrived: there is some.
    if (this.#budget.isUsedUp && this.#inFlight.sizeBytes >= linkShareBytes.inFlight) return true
    return this.#inFlight.sizeBytes >= Math.min(least + perMs * oneWayMs(this.#line.shape), most)
  }
}

const sizeOf = (content: Content): number => entryBytes + (typeof content === 'string' ? 0 : content.length)
