/** Writes batches of items in the background: clients come first (engine/pace.ts), and where there are none, several are being flushed while the next is decided. */
import { copiedBatchesMax } from '../../core/limits/archive-limits.ts'
import type { Write } from '../../core/write/write.ts'
import type { EachResult, OwnCause } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'

export type PacedWritesDeps = {
  readonly engine: Pick<Engine, 'commitEach' | 'pace'>
  readonly cause: OwnCause
  /** Called for each batch, in their order, once it is durable. What it throws rejects the next call. */
  readonly onResults: (results: readonly EachResult[], batch: readonly Write[]) => void
}

export class PacedWrites {
  readonly #deps: PacedWritesDeps
  /** The oldest first. */
  #underWay: Promise<void>[] = []

  constructor(deps: PacedWritesDeps) {
    this.#deps = deps
  }

  /** Resolves when the next batch may come; false if there was none. Rejects where the store cannot take a former one. */
  async write(next: () => readonly Write[] | undefined): Promise<boolean> {
    const { pace } = this.#deps.engine
    const isWritten = await pace.turn(async () => {
      const batch = next()
      if (batch === undefined) return false
      const done = this.#begin(batch)
      if (pace.isShared) await done
      return true
    })
    if (this.#underWay.length > copiedBatchesMax) await this.#underWay.shift()
    return isWritten
  }

  /** Resolves when all of it is durable. */
  async drain(): Promise<void> {
    const all = this.#underWay
    this.#underWay = []
    await Promise.all(all)
  }

  #begin(batch: readonly Write[]): Promise<void> {
    const { engine, cause, onResults } = this.#deps
    const before = this.#underWay.at(-1) ?? Promise.resolve()
    const done = Promise.all([engine.commitEach(batch, cause), before]).then(([results]) => onResults(results, batch))
    // `write` and `drain` throw it.
    done.catch(() => undefined)
    this.#underWay.push(done)
    return done
  }
}
