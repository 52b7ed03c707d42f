/** Writes batches of items in the background: several are being flushed while the next is decided, and clients come first (pace.ts). */
import { copiedBatchesMax } from '../../core/archive-limits.ts'
import type { Write } from '../../core/write/write.ts'
import type { EachResult, OwnCause } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Clock } from '../../ports/clock.ts'
import { Pace } from './pace.ts'

export type PacedWritesDeps = {
  readonly engine: Pick<Engine, 'commitEach'>
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep' | 'busyMs'>
  readonly cause: OwnCause
  /** Called for each batch, in their order, once it is durable. What it throws rejects the next call. */
  readonly onResults: (results: readonly EachResult[], batch: readonly Write[]) => void
}

export class PacedWrites {
  readonly #deps: PacedWritesDeps
  readonly #pace: Pace
  /** The oldest first. */
  #underWay: Promise<void>[] = []

  constructor(deps: PacedWritesDeps) {
    this.#deps = deps
    this.#pace = new Pace(deps.clock)
  }

  /** Resolves when the next batch may come. Rejects where the store cannot take a former one. */
  async write(batch: readonly Write[]): Promise<void> {
    const { engine, cause, onResults } = this.#deps
    const before = this.#underWay.at(-1) ?? Promise.resolve()
    const done = Promise.all([engine.commitEach(batch, cause), before]).then(([results]) => onResults(results, batch))
    // `write` and `drain` throw it.
    done.catch(() => undefined)
    this.#underWay.push(done)
    if (this.#underWay.length > copiedBatchesMax) await this.#underWay.shift()
    await this.#pace.rest()
  }

  /** Resolves when all of it is durable. */
  async drain(): Promise<void> {
    const all = this.#underWay
    this.#underWay = []
    await Promise.all(all)
  }
}
