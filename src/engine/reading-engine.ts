/**
 * What reads need of an engine, over a store that another process writes: the durable rows, and the tables as they are in
 * the same snapshot. `renew` comes before every request, so that it sees whatever was durable, and acknowledged, when it came.
 */
import type { Page, ReadPlan } from '../core/read/read-plan.ts'
import type { Index, Table, TableId } from '../core/table/table.ts'
import { inOneTurn, type Turns } from '../core/turns.ts'
import type { Store } from '../ports/store.ts'
import { Catalog } from './tables/catalog.ts'
import type { ReadItems, ReadTables } from './engine.ts'
import { isServed, readPage, readRow } from './read.ts'
import { SealedReader } from './store/sealed-store.ts'

export type ReadingStore = Pick<Store, 'get' | 'entries'> & { renew(): void }

export type Reading = ReadTables & ReadItems

export class ReadingEngine implements Reading {
  readonly region: ReadItems['region']
  readonly #store: SealedReader
  readonly #renew: () => void
  readonly #catalog: Catalog

  constructor(store: ReadingStore, region: ReadItems['region']) {
    this.region = region
    this.#store = new SealedReader(store)
    this.#renew = () => store.renew()
    this.#catalog = new Catalog(this.#store, region.name)
    inOneTurn(this.#catalog.load())
  }

  renew(): void {
    this.#renew()
    this.#catalog.follow()
  }

  /** Whether tables may be in another engine, which only the owner of the writes has. */
  get hasGroups(): boolean {
    return this.#catalog.grouped.size > 0
  }

  tableNamed(name: string): Table | undefined {
    return this.#catalog.named(name)
  }

  tableWithId(id: TableId): Table | undefined {
    return this.#catalog.withId(id)
  }

  tables(): readonly Table[] {
    return this.#catalog.tables()
  }

  get(table: Table, key: Buffer): Buffer | undefined {
    return readRow(this.#store, table, key)
  }

  read(plan: ReadPlan): Turns<Page> {
    return readPage(this.#store, plan, () => this.serves(plan.table, plan.index))
  }

  serves(table: Table, index?: Index): boolean {
    this.renew()
    return isServed(this.tableWithId(table.id), table, index)
  }
}
