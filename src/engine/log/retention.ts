/**
 * How long the log is kept. Each reader that has to find what it has not read yet owns a *hold*: a position, or a time, after which it needs
 * everything. The log is trimmed up to the least of the holds. A hold has caps, so that a reader that stands still does not fill the disk:
 * beyond them the log goes on without it, and it is told TooFarBehind and begins again with a snapshot.
 *
 *   oldest ──── hold of a peer ──── hold of the stream ──────────── flushed
 *     ◀─ trimmed ─▶ ◀──────────────── kept ────────────────────────────▶
 */
import { assert } from '../../core/assert.ts'
import type { Position } from '../../core/change/change.ts'
import { trimmedAtOnceMax } from '../../core/limits/limits.ts'
import { type Hold, type Retention, TooFarBehind } from './hold.ts'
import { lastBefore, trimLog } from './log.ts'
import { beforeLastBytes } from './log-marks.ts'
import type { State } from '../state.ts'

type Deps = { readonly state: State; readonly oldest: () => Position; readonly flushed: () => Position }

export class LogRetention implements Retention {
  readonly #deps: Deps
  readonly #holds = new Map<string, Hold>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  hold(hold: Hold): () => void {
    assert(!this.#holds.has(hold.name), `retention: one hold is named ${hold.name}`)
    this.#holds.set(hold.name, hold)
    return () => void this.#holds.delete(hold.name)
  }

  names(): readonly string[] {
    return [...this.#holds.keys()]
  }

  beforeLastBytes(bytes: number): Position {
    return beforeLastBytes(this.#deps.state, bytes)
  }

  beforeTime(ms: number): Position {
    return lastBefore(this.#deps.state, ms, { oldest: this.#deps.oldest(), flushed: this.#deps.flushed() })
  }

  bound(): Position {
    const last = this.#deps.flushed() - 1
    return Math.max(0, Math.min(last, ...[...this.#holds.values()].map((hold) => this.#boundOf(hold))))
  }

  async trim(step: (upTo: Position) => boolean = () => true): Promise<void> {
    const { state, oldest, flushed } = this.#deps
    const upTo = this.bound()
    for (let end = oldest(); end <= upTo; end += trimmedAtOnceMax) {
      const trimmed = Math.min(upTo, end + trimmedAtOnceMax - 1)
      await trimLog(state, trimmed, flushed)
      if (!step(trimmed)) return
    }
  }

  check(reader: string, after: Position): void {
    const oldest = this.#deps.oldest()
    if (after < oldest - 1) throw new TooFarBehind(reader, after, oldest)
  }

  #boundOf({ needs, caps }: Hold): Position {
    const need = needs()
    const { positionsMax = Infinity, ageMsMax = Infinity, bytesMax = Infinity } = caps?.() ?? {}
    const held = 'after' in need ? need.after : this.beforeTime(need.sinceMs)
    const tooFar = this.#deps.flushed() - positionsMax
    const tooOld = ageMsMax === Infinity ? -Infinity : this.beforeTime(this.#deps.state.clock.wallMs() - ageMsMax)
    const tooLarge = bytesMax === Infinity ? -Infinity : beforeLastBytes(this.#deps.state, bytesMax)
    return Math.max(held, tooFar, tooOld, tooLarge)
  }
}
