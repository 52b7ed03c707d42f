/** What a request over several tables consumed: one figure for each table, in the order in which they were first used. */
import { addCapacity, type Capacity, noCapacity } from '../../core/read/capacity.ts'
import { type CapacityDetail, type ConsumedCapacity, consumedCapacity } from '../../core/read/consumed-capacity.ts'

export class CapacityByTable {
  readonly #detail: CapacityDetail | undefined
  readonly #transaction: 'read' | 'write' | undefined
  readonly #tables = new Map<string, Capacity>()

  constructor(detail: CapacityDetail | undefined, transaction?: 'read' | 'write') {
    this.#detail = detail
    this.#transaction = transaction
  }

  /** `capacity` is only computed if it is asked for: of a write it looks into the items. */
  add(table: string, capacity: () => Capacity): void {
    if (this.#detail === undefined || this.#detail === 'NONE') return
    this.#tables.set(table, addCapacity(this.#tables.get(table) ?? noCapacity, capacity()))
  }

  /** As a member of a reply, for spreading. */
  member(): { readonly ConsumedCapacity?: readonly ConsumedCapacity[] } {
    if (this.#detail === undefined || this.#detail === 'NONE') return {}
    const consumed = [...this.#tables].flatMap(
      ([table, capacity]) => consumedCapacity(table, capacity, this.#detail, this.#transaction) ?? [],
    )
    return { ConsumedCapacity: consumed }
  }
}
