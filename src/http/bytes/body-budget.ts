/**
 * Bytes of request bodies that one process holds: what has arrived, what is being inflated, and what waits to be answered. Part of the
 * room is kept for small requests, so that large ones cannot shut everybody out. When there is no room, the slowest of those that still
 * arrive makes some: a body that trickles in holds its bytes for minutes, and one that comes at a usual pace for less than a second.
 */
import {
  arrivingFastBytesPerSecond,
  arrivingSlowMsMin,
  arrivingsGivenUpAtOnceMax,
  requestBytesForSmallMin,
  requestBytesInFlightMax,
  smallRequestBytesMax,
} from '../../core/limits/limits.ts'

/** A request whose body is not whole yet. */
export type Arriving = {
  readonly startedMs: number
  readonly receivedBytes: () => number
  /** Gives its bytes back, and answers or ends its connection. */
  readonly giveUp: () => void
}

export class BodyBudget {
  readonly #monotonicMs: () => number
  readonly #arriving = new Set<Arriving>()
  #heldBytes = 0

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes so many more bytes for a request that will have `wholeBytes`, as far as is known. Returns false when there is no room. */
  take(bytes: number, wholeBytes: number): boolean {
    const roomBytes = requestBytesInFlightMax - (wholeBytes <= smallRequestBytesMax ? 0 : requestBytesForSmallMin)
    if (this.#heldBytes + bytes > roomBytes) this.#makeRoom(bytes, roomBytes)
    if (this.#heldBytes + bytes > roomBytes) return false
    this.#heldBytes += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes
  }

  /** Until the returned function is called, the request may have to make room. */
  watch(arriving: Arriving): () => void {
    this.#arriving.add(arriving)
    return () => this.#arriving.delete(arriving)
  }

  #makeRoom(bytes: number, roomBytes: number): void {
    const nowMs = this.#monotonicMs()
    const slow = [...this.#arriving]
      .filter(({ startedMs }) => nowMs - startedMs >= arrivingSlowMsMin)
      .map((arriving) => ({ arriving, rate: (1000 * arriving.receivedBytes()) / (nowMs - arriving.startedMs) }))
      .filter(({ rate }) => rate < arrivingFastBytesPerSecond)
      .toSorted((a, b) => a.rate - b.rate)
    for (const { arriving } of slow.slice(0, arrivingsGivenUpAtOnceMax)) {
      if (this.#heldBytes + bytes <= roomBytes) return
      this.#arriving.delete(arriving)
      arriving.giveUp()
    }
  }
}
