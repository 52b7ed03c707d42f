/**
 * Removes tombstones that are of no more use: every replica has applied everything that could be older than they are, so no
 * older write of the item can still arrive from anywhere, and a table of one region needs none at all. Bounded steps, one table
 * after another; a tombstone too long on the disk costs a little space, one removed too early brings a deleted item back.
 */
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { tombstoneAgeMsMin, tombstonesRemovedAtOnceMax } from '../../core/limits.ts'
import type { Table } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'

export type TombstoneSweeper = { stop(): Promise<void> }

export type SweeperPace = { readonly everyMs: number; readonly ageMsMin: number }

const usualPace: SweeperPace = { everyMs: 30_000, ageMsMin: tombstoneAgeMsMin }

/** `horizon` says up to which stamp every replica of the table has everything; undefined when that is not known. */
export function startTombstoneSweeper(
  env: Env,
  engine: Engine,
  horizon: (table: Table) => Stamp | undefined,
  pace = usualPace,
): TombstoneSweeper {
  const sweeper = new Sweeper({ env, engine, horizon, pace })
  sweeper.wait()
  return sweeper
}

type SweeperOptions = {
  readonly env: Env
  readonly engine: Engine
  readonly horizon: (table: Table) => Stamp | undefined
  readonly pace: SweeperPace
}

class Sweeper implements TombstoneSweeper {
  readonly #env: Env
  readonly #engine: Engine
  readonly #horizon: (table: Table) => Stamp | undefined
  readonly #pace: SweeperPace
  #stopped = false
  #cancel: () => void = () => undefined
  #sweeping: Promise<void> = Promise.resolve()

  constructor({ env, engine, horizon, pace }: SweeperOptions) {
    this.#env = env
    this.#engine = engine
    this.#horizon = horizon
    this.#pace = pace
  }

  wait(): void {
    if (this.#stopped) return
    this.#cancel = this.#env.clock.after(this.#pace.everyMs, () => {
      this.#sweeping = this.#sweep().finally(() => this.wait())
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#sweeping
  }

  async #sweep(): Promise<void> {
    for (const table of this.#engine.tables()) {
      const upTo = bound(this.#horizon(table), this.#env.clock.wallMs() - this.#pace.ageMsMin)
      if (upTo !== undefined) await this.#sweepTable(table, upTo)
    }
  }

  async #sweepTable(table: Table, upTo: Stamp): Promise<void> {
    try {
      for (;;) {
        if (this.#stopped) return
        const removed = await this.#engine.removeTombstones(table.id, upTo, tombstonesRemovedAtOnceMax)
        if (removed < tombstonesRemovedAtOnceMax) return
      }
    } catch (error) {
      this.#env.log.warn('tombstones stay for now', { table: table.name, error: String(error) })
    }
  }
}

/** Not the youngest, even so: a part of a snapshot that was read before may still be on its way. */
export function bound(horizon: Stamp | undefined, youngestMs: number): Stamp | undefined {
  if (horizon === undefined) return undefined
  const wallMs = Math.min(horizon.wallMs, youngestMs)
  if (wallMs <= 0) return undefined
  return wallMs < horizon.wallMs ? { ...horizon, wallMs, counter: 0 } : horizon
}
