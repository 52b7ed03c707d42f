/**
 * One direction of a link, which all its connections share: the token bucket of its bandwidth, with turns between those who
 * wait for it, and the draws of its jitter and its stalls. Pure; the link brings the time and the random numbers.
 */
import { Fifo } from './fifo.ts'
import { isPlain, oneWayMs, plainShape } from './link-shape.ts'
import type { Shape } from './link-shape.ts'

/** Waits for the line; gives it one piece when its turn has come, and says whether it has more. */
export type Waiting = { giveOne(nowMs: number): boolean }

export type WaitingBounds = { readonly least: number; readonly ms: number; readonly most: number }

/** How far ahead of time the line is filled: beyond it everything still follows a change of the bandwidth. */
const horizonMs = 5
/** How much of the time that it stood idle the line makes up for: the depth of the bucket. */
const burstMs = 5
const pieceMs = 2
/** A packet's worth: the least that is given at once. */
const pieceBytesMin = 1460
const pieceBytesMax = 64 * 1024

export class Line {
  readonly #random: () => number
  readonly #turns = new Fifo<Waiting>()
  #shape: Shape
  #isPlain: boolean
  #freeMs = -Infinity

  constructor(shape: Shape = plainShape, random: () => number = Math.random) {
    this.#shape = shape
    this.#isPlain = isPlain(shape)
    this.#random = random
  }

  get shape(): Shape {
    return this.#shape
  }

  set shape(shape: Shape) {
    this.#shape = shape
    this.#isPlain = isPlain(shape)
    this.#freeMs = -Infinity
  }

  get isOpen(): boolean {
    return this.#shape.state === 'up'
  }

  get isPlain(): boolean {
    return this.#isPlain
  }

  /** The most that may be given to the line at once, so that a slow line is shared evenly and carries evenly. */
  get pieceBytes(): number {
    const { bandwidthBitsPerSecond: bits } = this.#shape
    if (bits === null) return pieceBytesMax
    return Math.min(Math.max(Math.floor((bits / 8000) * pieceMs), pieceBytesMin), pieceBytesMax)
  }

  /** Returns how many bytes one connection may have waiting: a quarter of a second of the line, within bounds. */
  waitingBytesMax({ least, ms, most }: WaitingBounds): number {
    const { bandwidthBitsPerSecond: bits } = this.#shape
    return bits === null ? most : Math.min(Math.max((bits / 8000) * ms, least), most)
  }

  wait(one: Waiting): void {
    this.#turns.push(one)
  }

  /** Lets those who wait give what the line has room for, one piece each in turn. */
  serve(nowMs: number): void {
    while (this.#turns.length > 0 && this.isOpen && this.#roomAtMs <= nowMs) {
      const one = this.#turns.shift()
      if (one?.giveOne(nowMs) === true) this.#turns.push(one)
    }
  }

  /** When serve() can do something again; undefined when nothing waits, or as long as the line is cut. */
  get nextMs(): number | undefined {
    return this.#turns.length === 0 || !this.isOpen ? undefined : this.#roomAtMs
  }

  /** When a piece that is given now has left, with what was given before it. */
  leavesAtMs(sizeBytes: number, nowMs: number): number {
    const { bandwidthBitsPerSecond: bits } = this.#shape
    if (bits === null) return nowMs
    this.#freeMs = Math.max(this.#freeMs, nowMs - burstMs) + (sizeBytes * 8000) / bits
    return Math.max(this.#freeMs, nowMs)
  }

  /** One way; evenly between the delay less and more half of the jitter. */
  delayMs(): number {
    const { jitterMs } = this.#shape
    const delayMs = oneWayMs(this.#shape)
    return jitterMs === 0 ? delayMs : Math.max(delayMs + (this.#random() - 0.5) * jitterMs, 0)
  }

  /** Whether a chunk is to be held up as if a packet of it had been lost; by how much. */
  stallMs(): number {
    const { stall } = this.#shape
    return stall !== null && this.#random() * 100 < stall.percent ? stall.ms : 0
  }

  get #roomAtMs(): number {
    return this.#shape.bandwidthBitsPerSecond === null ? -Infinity : this.#freeMs - horizonMs
  }
}
