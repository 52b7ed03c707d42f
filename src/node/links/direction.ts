/**
 * One direction of one connection: what the source says reaches the target after the link's one-way delay, in order,
 * and so does its end. Reading stops while the queue is full or the target is slow, so that TCP pushes back on the
 * sender as a long, thin line would.
 */
import type { Socket } from 'node:net'
import { DelayQueue } from './delay-queue.ts'

export type DirectionState = {
  /** One way. */
  readonly delayMs: number
  /** Nothing comes out while the link is cut; it is delivered after the heal, as TCP's repetitions would do. */
  readonly held: boolean
}

const end = Symbol('end of the stream')
/** At a hundred milliseconds one way this still carries 160 MB a second. */
const queueSizeBytesMax = 16 * 1024 * 1024
/** Timers come late rather than early, by about half a millisecond; what is due so soon goes out now. */
const earlyMsMax = 0.5

export class Direction {
  readonly #queue = new DelayQueue<Buffer | typeof end>(queueSizeBytesMax)
  readonly #source: Socket
  readonly #target: Socket
  readonly #state: () => DirectionState
  readonly #onBytes: (count: number) => void
  #timer: NodeJS.Timeout | undefined
  #draining = false

  constructor(source: Socket, target: Socket, state: () => DirectionState, onBytes: (count: number) => void) {
    this.#source = source
    this.#target = target
    this.#state = state
    this.#onBytes = onBytes
    source.on('data', (chunk: Buffer) => this.#put(chunk, chunk.length))
    source.once('end', () => this.#put(end, 0))
    target.on('drain', () => {
      this.#draining = false
      this.pump()
    })
  }

  /** Sends what is due and sets the timer for the rest; called again when the link's state has changed. */
  pump(): void {
    this.stop()
    if (this.#draining || this.#target.destroyed || this.#state().held) return
    const dueMs = performance.now() + earlyMsMax
    for (let content = this.#queue.take(dueMs); content !== undefined; content = this.#queue.take(dueMs)) {
      this.#send(content)
      if (this.#draining) break
    }
    if (this.#source.isPaused() && this.#queue.isLow) this.#source.resume()
    if (!this.#draining) this.#schedule()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #put(content: Buffer | typeof end, sizeBytes: number): void {
    this.#queue.put(content, sizeBytes, performance.now() + this.#state().delayMs)
    if (this.#queue.isFull) this.#source.pause()
    if (this.#timer === undefined) this.pump()
  }

  #send(content: Buffer | typeof end): void {
    if (content === end) {
      this.#target.end()
      return
    }
    this.#onBytes(content.length)
    this.#draining = !this.#target.write(content)
  }

  #schedule(): void {
    const next = this.#queue.nextDueMs
    if (next === undefined) return
    this.#timer = setTimeout(() => this.pump(), Math.max(next - performance.now() - earlyMsMax, 0))
  }
}
