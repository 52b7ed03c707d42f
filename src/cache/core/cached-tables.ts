/**
 * Which table a name means, as replies of the region have said last: by name, or by ARN, as requests give it. A reply that
 * was read before the table's last change says nothing any more.
 */
import type { Position } from '../../core/change/change.ts'
import { cacheTableConfirmedMs, tablesMax } from '../../core/limits/limits.ts'
import type { TableId } from '../../core/table/table.ts'
import type { MarkedTable } from '../../core/wire/cache-mark.ts'
import { CachedTable } from './cached-table.ts'

export class Tables {
  readonly #byName = new Map<string, CachedTable>()
  readonly #byId = new Map<TableId, CachedTable>()
  readonly #dropped: (table: CachedTable) => void

  /** `dropped` is told of a table of which nothing may be kept. */
  constructor(dropped: (table: CachedTable) => void) {
    this.#dropped = dropped
  }

  named(name: string): CachedTable | undefined {
    return this.#byName.get(name)
  }

  withId(id: TableId): CachedTable | undefined {
    return this.#byId.get(id)
  }

  all(): Iterable<CachedTable> {
    return this.#byId.values()
  }

  /** The table that the name meant at `position`, unless it is known to mean another since. */
  learn(name: string, { id, key }: MarkedTable, position: Position, nowMs: number): CachedTable | undefined {
    const known = this.#byName.get(name)
    if (known?.id === id) {
      known.position = Math.max(known.position, position)
      known.confirmedMs = nowMs
      known.asked = false
      return known
    }
    if (known !== undefined && known.position >= position) return undefined
    if (known !== undefined) this.drop(known)
    if (this.#byName.size >= tablesMax) this.#dropOldest()
    const table = this.#byId.get(id) ?? new CachedTable(id, key, position, nowMs)
    this.#byName.set(name, table)
    this.#byId.set(id, table)
    return table
  }

  /** With everything that is kept of it; the names that meant it mean nothing until the region has said so again. */
  drop(table: CachedTable): void {
    this.#byId.delete(table.id)
    for (const [name, each] of this.#byName) if (each === table) this.#byName.delete(name)
    this.#dropped(table)
  }

  clear(): void {
    for (const table of this.#byId.values()) this.#dropped(table)
    this.#byId.clear()
    this.#byName.clear()
  }

  #dropOldest(): void {
    for (const table of this.#byName.values()) {
      this.drop(table)
      return
    }
  }
}

/**
 * Whether a name may still be trusted without a log to follow. One request a while is sent to the region although its answer
 * is there, and shows whether the table is the same; until it is back the others are answered.
 */
export function isConfirmed(table: CachedTable, nowMs: number): boolean {
  const ageMs = nowMs - table.confirmedMs
  if (ageMs >= cacheTableConfirmedMs) return false
  if (ageMs < cacheTableConfirmedMs / 2 || table.asked) return true
  table.asked = true
  return false
}
