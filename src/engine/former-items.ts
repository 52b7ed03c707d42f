/** Items as they were a moment ago (store/former-rows.ts). Tables and indexes are those of now. */
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import type { Table } from '../core/table/table.ts'
import type { Turns } from '../core/turns.ts'
import type { ReadFormerItems, ReadItems } from './engine.ts'
import { isServed, readPage, readRow } from './read.ts'
import type { State } from './state.ts'
import { SealedReader } from './store/sealed-store.ts'

export class FormerItems implements ReadFormerItems {
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  keep(ageMs: number, forMs: number): void {
    this.#state.store.former?.keep(ageMs, forMs)
  }

  at(ageMs: number): Pick<ReadItems, 'get' | 'read'> {
    const { store: now, damage, catalog } = this.#state
    const store = now.former === undefined ? now : new SealedReader(now.former.at(ageMs))
    const serves = ({ table, index }: ReadPlan): boolean => isServed(catalog.withId(table.id), table, index)
    return {
      get: (table: Table, key: Buffer) => damage.noting(() => readRow(store, table, key)),
      read: (plan: ReadPlan): Turns<Page> => damage.notingTurns(readPage(store, plan, () => serves(plan))),
    }
  }
}
