/** What one request has consumed: a figure for each table and direction, in the order in which the request first used them. */
import { addCapacity, type Capacity, itemWriteCapacity, noCapacity } from '../core/read/read-capacity.ts'
import { type CapacityDetail, type ConsumedCapacity, consumedCapacity } from '../core/read/consumed-capacity.ts'
import type { Direction } from '../core/capacity/direction.ts'
import type { Table } from '../core/table/table.ts'
import { writeCapacity } from '../core/write/write-capacity.ts'
import type { Outcome } from '../core/write/write.ts'
import type { Meter } from '../ports/meter.ts'

/** How a reply reports ConsumedCapacity: as one figure, or as a list with a figure for each table. */
export type CapacityReport = 'one' | 'by-table' | 'by-table-and-direction'

type Use = {
  /** The table as the request calls it, by name or ARN: the reply does so too. */
  readonly name: string
  readonly table: string
  readonly direction: Direction
  capacity: Capacity
  /** Units of indexes that writes have consumed. They follow from the items before and after, so they are computed only if somebody asks. */
  readonly ofIndexes: (() => Capacity['indexes'])[]
}

export type Used = { readonly name?: string | undefined; readonly table: Table }

export class Spent {
  readonly #uses: Use[] = []

  add(direction: Direction, used: Used, capacity: Capacity): void {
    const use = this.#useOf(direction, used)
    use.capacity = use.capacity === noCapacity ? capacity : addCapacity(use.capacity, capacity)
  }

  addWrite(used: Used, outcome: Outcome, transactional = false): void {
    const { table } = used
    if (table.indexes.length === 0) return this.add('write', used, writeCapacity(table, outcome, transactional))
    const { previous, next } = outcome
    const own = itemWriteCapacity(Math.max(previous?.sizeBytes ?? 0, next?.sizeBytes ?? 0), transactional)
    this.add('write', used, own)
    this.#useOf('write', used).ofIndexes.push(() => writeCapacity(table, outcome, transactional).indexes)
  }

  /** Most often it is the one that was used last. */
  #useOf(direction: Direction, { name: given, table }: Used): Use {
    const name = given ?? table.name
    const last = this.#uses.at(-1)
    if (last !== undefined && last.name === name && last.direction === direction) return last
    const known = this.#uses.find((use) => use.name === name && use.direction === direction)
    if (known !== undefined) return known
    const use = { name, table: table.name, direction, capacity: noCapacity, ofIndexes: [] }
    this.#uses.push(use)
    return use
  }

  /** ConsumedCapacity of the reply; undefined where none is asked for, or where there is none to tell. */
  report(how: CapacityReport, detail: CapacityDetail | undefined): ConsumedCapacity | ConsumedCapacity[] | undefined {
    if (detail === undefined || detail === 'NONE') return undefined
    const figures = this.#uses.flatMap((use) => {
      const shown = how === 'by-table-and-direction' ? use.direction : undefined
      return consumedCapacity(use.name, wholeOf(use), detail, shown) ?? []
    })
    return how === 'one' ? figures[0] : figures
  }

  /** Units of the table where they are all that was consumed: nothing of another table, in the other direction, or of an index. */
  unitsOnlyOf(table: string, direction: Direction): number | undefined {
    if (this.#uses.length === 0) return 0
    const use = this.#uses[0]
    if (use === undefined || this.#uses.length > 1 || use.table !== table || use.direction !== direction)
      return undefined
    return use.capacity.indexes.length > 0 || use.ofIndexes.length > 0 ? undefined : use.capacity.table
  }

  /** All that was consumed, that of indexes too. */
  uses(): readonly { readonly table: string; readonly direction: Direction; readonly capacity: Capacity }[] {
    return this.#uses.map((use) => ({ table: use.table, direction: use.direction, capacity: wholeOf(use) }))
  }

  /** The tables' own units; those of indexes, which are not computed for every write, where somebody looks at them. */
  count(meter: Meter): void {
    for (const use of this.#uses) {
      const { table, direction, capacity } = use
      meter.count('longitude_consumed_units_total', { table, direction }, capacity.table)
      const hasIndexes = capacity.indexes.length > 0 || use.ofIndexes.length > 0
      if (hasIndexes && meter.countsIndexes === true) countIndexes(meter, use)
    }
  }

  /** Names of the tables that it has used, in the order of their first use. */
  get tables(): readonly string[] {
    const [first] = this.#uses
    if (first !== undefined && this.#uses.length === 1) return [first.table]
    return [...new Set(this.#uses.map(({ table }) => table))]
  }
}

function countIndexes(meter: Meter, use: Use): void {
  const { table, direction } = use
  for (const { index, units } of wholeOf(use).indexes) {
    const labels = { table, index: index.name, kind: index.kind, direction }
    if (units > 0) meter.count('longitude_index_consumed_units_total', labels, units)
  }
}

function wholeOf({ capacity, ofIndexes }: Use): Capacity {
  return ofIndexes.reduce((sum, indexes) => addCapacity(sum, { table: 0, indexes: indexes() }), capacity)
}
