/** Tables in the order of their names. A change costs the same however many there are; the next look at all of them costs one pass. */
import type { Table, TableId } from '../../core/table/table.ts'

export class TableList {
  #tables = new Map<TableId, Table>()
  #sorted: readonly Table[] = []
  /** Tables that have changed since `#sorted` was made, as they stand in it. */
  readonly #changed = new Map<TableId, Table | undefined>()
  /** In one name's tables the oldest comes last, and is the one found by it. */
  readonly #named = new Map<string, readonly Table[]>()

  load(tables: Iterable<Table>): void {
    this.#sorted = [...tables].toSorted(order)
    this.#tables = new Map(this.#sorted.map((table) => [table.id, table]))
    this.#changed.clear()
    this.#named.clear()
    for (const table of this.#sorted) this.#name(table)
  }

  /** The same array until a table changes. */
  get all(): readonly Table[] {
    if (this.#changed.size > 0) this.#sorted = this.#merged()
    return this.#sorted
  }

  withId(id: TableId): Table | undefined {
    return this.#tables.get(id)
  }

  named(name: string): Table | undefined {
    return this.#named.get(name)?.at(-1)
  }

  /** Undefined removes it. */
  put(id: TableId, table: Table | undefined): void {
    const before = this.#tables.get(id)
    if (before === undefined && table === undefined) return
    if (!this.#changed.has(id)) this.#changed.set(id, before)
    if (before !== undefined) this.#unname(before)
    if (table === undefined) this.#tables.delete(id)
    else {
      this.#tables.set(id, table)
      this.#name(table)
    }
  }

  #merged(): readonly Table[] {
    const gone = new Set(this.#changed.values())
    const fresh = [...this.#changed.keys()].flatMap((id) => this.#tables.get(id) ?? []).toSorted(order)
    this.#changed.clear()
    const merged: Table[] = []
    let at = 0
    for (const table of this.#sorted) {
      if (gone.has(table)) continue
      for (let next = fresh[at]; next !== undefined && order(next, table) < 0; next = fresh[++at]) merged.push(next)
      merged.push(table)
    }
    return [...merged, ...fresh.slice(at)]
  }

  #name(table: Table): void {
    this.#named.set(table.name, [...(this.#named.get(table.name) ?? []), table].toSorted(order))
  }

  #unname({ name, id }: Table): void {
    const left = (this.#named.get(name) ?? []).filter((table) => table.id !== id)
    if (left.length === 0) this.#named.delete(name)
    else this.#named.set(name, left)
  }
}

function order(a: Table, b: Table): number {
  if (a.name === b.name) return b.number - a.number
  return a.name < b.name ? -1 : 1
}
