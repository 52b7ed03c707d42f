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

const sweepEveryMs = 30_000

/** `horizon` says up to which stamp every replica of the table has everything; undefined when that is not known. */
export function startTombstoneSweeper(
  env: Env,
  engine: Engine,
  horizon: (table: Table) => Stamp | undefined,
): TombstoneSweeper {
  const sweeper = new Sweeper(env, engine, horizon)
  sweeper.wait()
  return sweeper
}

class Sweeper implements TombstoneSweeper {
  readonly #env: Env
  readonly #engine: Engine
  readonly #horizon: (table: Table) => Stamp | undefined
  #stopped = false
  #cancel: () => void = () => undefined
  #sweeping: Promise<void> = Promise.resolve()

  constructor(env: Env, engine: Engine, horizon: (table: Table) => Stamp | undefined) {
    this.#env = env
    this.#engine = engine
    this.#horizon = horizon
  }

  wait(): void {
    if (this.#stopped) return
    this.#cancel = this.#env.clock.after(sweepEveryMs, () => {
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
      const upTo = bound(this.#horizon(table), this.#env.clock.wallMs())
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
function bound(horizon: Stamp | undefined, nowMs: number): Stamp | undefined {
  if (horizon === undefined) return undefined
  const wallMs = Math.min(horizon.wallMs, nowMs - tombstoneAgeMsMin)
  if (wallMs <= 0) return undefined
  return wallMs < horizon.wallMs ? { ...horizon, wallMs, counter: 0 } : horizon
}
