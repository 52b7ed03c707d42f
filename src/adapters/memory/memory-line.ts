/**
 * One direction between two regions of the memory bus while it has a bandwidth: bytes leave it one piece after the other, and the
 * sessions that share it take turns, as connections over one line do. What a session has waiting is bounded, as by a
 * nats-server: a consumer that is slower for long loses its connection.
 */
import type { Clock } from '../../ports/clock.ts'

/** One direction of one session: what it sends stays in order. */
export type LineFlow = {
  readonly waiting: { leftBytes: number; readonly onCarried: () => void }[]
  waitingBytes: number
  readonly onPiece: (sizeBytes: number) => void
  readonly onFull: () => void
}

/** nats-server's `max_pending`. */
const waitingBytesMax = 64 * 1024 * 1024
const pieceBytesMin = 1460
const pieceMs = 20

export class MemoryLine {
  /** Undefined for a line without a bound. */
  bytesPerSecond: number | undefined
  /** Bytes that it has carried, for tests of how well it is used. */
  carriedBytes = 0
  readonly #clock: Pick<Clock, 'after'>
  readonly #isUp: () => boolean
  readonly #turns: LineFlow[] = []
  #busy = false

  constructor(clock: Pick<Clock, 'after'>, isUp: () => boolean) {
    this.#clock = clock
    this.#isUp = isUp
  }

  /** What the sessions that share it have waiting, together. */
  get waitingBytes(): number {
    return this.#turns.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0)
  }

  put(flow: LineFlow, sizeBytes: number, onCarried: () => void): void {
    if (flow.waitingBytes + sizeBytes > waitingBytesMax) return flow.onFull()
    if (flow.waiting.length === 0) this.#turns.push(flow)
    flow.waiting.push({ leftBytes: sizeBytes, onCarried })
    flow.waitingBytes += sizeBytes
    this.serve()
  }

  /** Goes on when it has become idle, or has come up again. */
  serve(): void {
    const flow = this.#turns[0]
    if (this.#busy || flow === undefined || !this.#isUp()) return
    const [first] = flow.waiting
    if (first === undefined) {
      this.#turns.shift()
      return this.serve()
    }
    const bytes = Math.min(first.leftBytes, this.#pieceBytes)
    this.#busy = true
    this.#clock.after(this.bytesPerSecond === undefined ? 0 : (bytes * 1000) / this.bytesPerSecond, () => {
      this.#busy = false
      this.#carried(flow, bytes)
      this.serve()
    })
  }

  #carried(flow: LineFlow, bytes: number): void {
    this.carriedBytes += bytes
    this.#turns.shift()
    const [first] = flow.waiting
    // The session has ended meanwhile.
    if (first === undefined) return
    flow.waitingBytes -= bytes
    first.leftBytes -= bytes
    flow.onPiece(bytes)
    if (first.leftBytes <= 0) flow.waiting.shift()
    if (flow.waiting.length > 0) this.#turns.push(flow)
    if (first.leftBytes <= 0) first.onCarried()
  }

  get #pieceBytes(): number {
    if (this.bytesPerSecond === undefined) return Infinity
    return Math.max(pieceBytesMin, (this.bytesPerSecond * pieceMs) / 1000)
  }
}
