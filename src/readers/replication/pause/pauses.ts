/**
 * Replication paused on purpose, of a table or of a link, until a moment: as AWS' fault injection does it, clients notice
 * nothing but that the other regions' writes do not come, and all of them come afterwards. Every region keeps the pauses that
 * concern it on its disk and does not apply what they name; so a pause holds from both ends of a link, and through restarts.
 */
import { pausesMax } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'

/** What is paused: a table's replication, or everything between two regions. */
export type Paused = { readonly table: TableId } | { readonly link: readonly [string, string] }

export type Pause = Paused & { readonly untilMs: number }

type Deps = {
  readonly engine: Pick<Engine, 'note' | 'onFlushed' | 'setNote' | 'tableChanges' | 'tables'>
  readonly clock: Clock
  readonly log: Log
}

/** The last moment that has four digits for its year. */
const always = 253_402_300_799_999
const pausesNote = 'replication/pauses'

export class Pauses {
  readonly #deps: Deps
  readonly #listeners = new Set<() => void>()
  #pauses: readonly Pause[]
  /** Tables that have lost their keys: nothing of them can be read or written until those are back. */
  #keyless: readonly Pause[] = []
  #seen = -1

  constructor(deps: Deps) {
    this.#deps = deps
    this.#pauses = (deps.engine.note(pausesNote) ?? []) as readonly Pause[]
    this.#follow()
    deps.engine.onFlushed(() => this.#follow())
  }

  active(): readonly Pause[] {
    const nowMs = this.#deps.clock.wallMs()
    return [...this.#asked(nowMs), ...this.#keyless]
  }

  #asked(nowMs: number): readonly Pause[] {
    return this.#pauses.filter(({ untilMs }) => untilMs > nowMs)
  }

  #follow(): void {
    const { engine } = this.#deps
    if (engine.tableChanges.count === this.#seen) return
    this.#seen = engine.tableChanges.count
    const before = this.#keyless.length
    this.#keyless = engine
      .tables()
      .filter(({ keyLoss }) => keyLoss !== undefined)
      .map(({ id }) => ({ table: id, untilMs: always }))
    if (this.#keyless.length < before) for (const listener of this.#listeners) listener()
  }

  /** In place of an earlier pause of the same. False when there are too many. */
  async pause(paused: Paused, forMs: number): Promise<boolean> {
    const others = this.#asked(this.#deps.clock.wallMs()).filter((pause) => !isSame(pause, paused))
    if (others.length >= pausesMax) return false
    const untilMs = Math.floor(this.#deps.clock.wallMs() + forMs)
    await this.#keep([...others, { ...paused, untilMs }])
    this.#deps.log.warn('replication is paused', { ...paused, untilMs })
    return true
  }

  /** False when it was not paused. */
  async resume(paused: Paused): Promise<boolean> {
    const active = this.#asked(this.#deps.clock.wallMs())
    const others = active.filter((pause) => !isSame(pause, paused))
    await this.#keep(others)
    if (others.length === active.length) return false
    this.#deps.log.info('replication is resumed', { ...paused })
    return true
  }

  /** Until when, or 0. */
  ofTable(table: TableId): number {
    return latest(this.active().filter((pause) => 'table' in pause && pause.table === table))
  }

  /** Until when, or 0. */
  ofLink(one: string, other: string): number {
    return latest(this.active().filter((pause) => 'link' in pause && isSame(pause, { link: [one, other] })))
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  async #keep(pauses: readonly Pause[]): Promise<void> {
    await this.#deps.engine.setNote(pausesNote, pauses.length === 0 ? undefined : pauses)
    this.#pauses = pauses
    for (const listener of this.#listeners) listener()
  }
}

function isSame(a: Paused, b: Paused): boolean {
  if ('table' in a) return 'table' in b && a.table === b.table
  return 'link' in b && a.link.every((region) => b.link.includes(region))
}

function latest(pauses: readonly Pause[]): number {
  return Math.max(0, ...pauses.map(({ untilMs }) => untilMs))
}
