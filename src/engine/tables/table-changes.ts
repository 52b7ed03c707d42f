/** The latest changes of tables, so that who looks after each looks at what has changed, not at every table. */
import { tableChangesRememberedMax } from '../../core/limits/limits.ts'
import type { TableId } from '../../core/table/table.ts'

export class TableChanges {
  /** Of each table that is known, the number of its last change. */
  readonly #last = new Map<TableId, number>()
  #latest: TableId[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  lastOf(id: TableId): number {
    return this.#last.get(id) ?? 0
  }

  add(id: TableId, known: boolean): void {
    this.#count++
    if (known) this.#last.set(id, this.#count)
    else this.#last.delete(id)
    this.#latest.push(id)
    if (this.#latest.length >= 2 * tableChangesRememberedMax)
      this.#latest = this.#latest.slice(-tableChangesRememberedMax)
  }

  /** Tables changed since there were so many changes; undefined when that is no longer known. */
  since(count: number): ReadonlySet<TableId> | undefined {
    const changes = this.#count - count
    if (changes > this.#latest.length) return undefined
    return new Set(changes === 0 ? [] : this.#latest.slice(-changes))
  }
}
