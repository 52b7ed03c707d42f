/** Tables in the order of their names. A change costs a search and a copy of the list, not a sort. */
import type { Table, TableId } from '../core/table/table.ts'

export class TableList {
  #tables = new Map<TableId, Table>()
  #sorted: readonly Table[] = []
  /** In one name's tables the oldest comes last, and is the one found by it. */
  readonly #named = new Map<string, readonly Table[]>()

  load(tables: Iterable<Table>): void {
    this.#sorted = [...tables].toSorted(order)
    this.#tables = new Map(this.#sorted.map((table) => [table.id, table]))
    this.#named.clear()
    for (const table of this.#sorted) this.#name(table)
  }

  /** The same array until a table changes. */
  get all(): readonly Table[] {
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
    const sorted = [...this.#sorted]
    if (before !== undefined) {
      sorted.splice(placeOf(sorted, before), 1)
      this.#unname(before)
    }
    if (table === undefined) this.#tables.delete(id)
    else {
      sorted.splice(placeOf(sorted, table), 0, table)
      this.#tables.set(id, table)
      this.#name(table)
    }
    this.#sorted = sorted
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

/** The place of the table, or where it would go. */
function placeOf(sorted: readonly Table[], table: Table): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const there = sorted[middle]
    if (there !== undefined && order(there, table) < 0) low = middle + 1
    else high = middle
  }
  return low
}
