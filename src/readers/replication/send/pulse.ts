/**
 * A region in which nothing happens says so durably: its clock goes on, and the watermarks of its peers with it.
 */
import type { RegionLog, Replica } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'

const pulseNote = 'replication/pulse'
const betweenMsMin = 150

export type PulseDeps = {
  readonly engine: Pick<RegionLog, 'clock'> & Pick<Replica, 'setNote'>
  readonly clock: Clock
  readonly announce: () => void
  readonly goesOn: () => boolean
}

export class Pulse {
  readonly #deps: PulseDeps
  #clockMs = 0
  #atMs = 0

  constructor(deps: PulseDeps) {
    this.#deps = deps
  }

  /** Writes where the region's clock stands, if nothing else has since the last time. */
  async beat(): Promise<void> {
    const { engine } = this.#deps
    const { wallMs } = engine.clock()
    if (wallMs === this.#clockMs) await engine.setNote(pulseNote, wallMs)
    this.#clockMs = engine.clock().wallMs
  }

  /** Somebody waits for the watermarks: not more often than a disk can well do it. */
  async now(): Promise<void> {
    const { engine, clock, announce, goesOn } = this.#deps
    const nowMs = clock.monotonicMs()
    if (!goesOn() || nowMs - this.#atMs < betweenMsMin) return
    this.#atMs = nowMs
    await engine.setNote(pulseNote, clock.wallMs())
    if (goesOn()) announce()
  }
}
