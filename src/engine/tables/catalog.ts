/**
 * What this region knows of tables: their registers, and the `Table` each adds up to. Twice: as decided, which is what
 * writes are decided with, and as durable, which is what everybody else sees.
 */
import { registersLoadedAtOnceMax, statusTablesAtOnceMax, successorsMax } from '../../core/limits/limits.ts'
import { inOneTurn, type Turns } from '../../core/turns.ts'
import { decodeRow, isUnsealedRow } from '../../core/item/row.ts'
import { isLocalRegister, type Registers } from '../../core/table/registers.ts'
import { tableFrom } from '../../core/table/table-view.ts'
import type { Table, TableId } from '../../core/table/table.ts'
import type { Store } from '../../ports/store.ts'
import type { Group } from '../commands/flush-group.ts'
import { CatalogVersion } from './catalog-version.ts'
import { DamagedRecord } from '../store/damaged-record.ts'
import { allRegisters, catalogKey, registerKey, registerOf, registersOf } from '../store/keys.ts'
import { TableChanges } from './table-changes.ts'
import { TableList } from './table-list.ts'

/** This region's number of the table; the engine gives it with the first definition. */
export const numberRegister = 'local/number'

/** Told of every change of a table, in the group that makes it. */
type OnDecided = (group: Group, id: TableId, table: Table | undefined) => void

export class Catalog {
  readonly #store: Pick<Store, 'get' | 'entries'>
  readonly #region: string
  readonly #onDecided: OnDecided
  #registers = new Map<TableId, Map<string, unknown>>()
  #decided = new Map<TableId, Table>()
  #successors = new Map<TableId, TableId>()
  readonly #durable = new TableList()
  /** Tables of which another region could know something too. */
  readonly #shared = new Set<TableId>()
  readonly changes = new TableChanges()
  /** Tables that a group of regions has, by the registers that say so. */
  readonly #grouped = new Set<TableId>()
  /** Tables changed and not durable yet, with how many changes of each: what is read again when the store refuses them. */
  readonly #underWay = new Map<TableId, number>()
  #told = new CatalogVersion()
  /** Changed since the last batch was sealed. */
  readonly #changed = new Set<TableId>()

  constructor(store: Pick<Store, 'get' | 'entries'>, region: string, onDecided: OnDecided = () => {}) {
    this.#store = store
    this.#region = region
    this.#onDecided = onDecided
  }

  /** In several turns only while nothing is written and nothing is read. */
  *load(): Turns<void> {
    this.#registers = new Map()
    this.#shared.clear()
    this.#grouped.clear()
    for (let { from } = allRegisters, count = registersLoadedAtOnceMax; count === registersLoadedAtOnceMax;) {
      count = 0
      for (const { key, value } of this.#store.entries({ ...allRegisters, from, limit: registersLoadedAtOnceMax })) {
        const { table, register } = registerOf(key)
        this.#take(table, register, value)
        from = Buffer.concat([key, Buffer.of(0)])
        count++
      }
      if (count === registersLoadedAtOnceMax) yield
    }
    this.#decided = new Map()
    this.#successors = new Map()
    let decided = 0
    for (const id of this.#registers.keys()) {
      this.#decide(id)
      if (++decided % statusTablesAtOnceMax === 0) yield
    }
    this.#durable.load(this.#decided.values())
    this.#underWay.clear()
    this.#begun()
  }

  /** The store has refused what is under way: as it was before. */
  revert(): void {
    for (const id of this.#underWay.keys()) {
      this.#read(id)
      const table = this.#decide(id)
      if (table !== undefined) this.#durable.put(id, table)
    }
    this.#underWay.clear()
    this.#successors = new Map()
    this.#begun()
  }

  /** In the batch of every change: readers in other processes follow it. */
  seal(put: (key: Buffer, value: Buffer) => void): void {
    if (this.#changed.size === 0) return
    this.#told = this.#told.next(this.#changed)
    this.#changed.clear()
    put(catalogKey, this.#told.encode())
  }

  /** Of a reader: takes over what has changed; all tables only when it has not looked for long. */
  follow(): void {
    const bytes = this.#store.get(catalogKey)
    if (CatalogVersion.numberIn(bytes) === this.#told.number) return
    const now = CatalogVersion.from(bytes)
    const changed = now.since(this.#told.number)
    if (changed === undefined) return inOneTurn(this.load())
    for (const id of changed) {
      this.#read(id)
      this.#durable.put(id, this.#decide(id))
    }
    this.#told = now
  }

  #begun(): void {
    this.#told = CatalogVersion.from(this.#store.get(catalogKey))
    this.#changed.clear()
  }

  #read(id: TableId): void {
    this.#registers.delete(id)
    this.#shared.delete(id)
    this.#grouped.delete(id)
    for (const { key, value } of this.#store.entries(registersOf(id))) this.#take(id, registerOf(key).register, value)
  }

  /** As it is stored; that of a removed one counts, or a region that was away would not hear of it. */
  #take(id: TableId, register: string, row: Buffer): void {
    const key = registerKey(id, register)
    if (isUnsealedRow(row)) throw new DamagedRecord(key, 'it has no checksum')
    const value = DamagedRecord.unless(key, () => registerValueOf(row))
    this.#recordOf(id).set(register, value)
    this.#noteGroup(id, register, value)
    if (!isLocalRegister(register)) this.#shared.add(id)
  }

  #noteGroup(id: TableId, register: string, value: unknown): void {
    if (register !== 'strong/group') return
    if (value === undefined) this.#grouped.delete(id)
    else this.#grouped.add(id)
  }

  /** Tables that may be in the engine of a group. */
  get grouped(): ReadonlySet<TableId> {
    return this.#grouped
  }

  /** Of a table known or not. */
  registers(id: TableId): Registers {
    return this.#registers.get(id) ?? new Map<string, unknown>()
  }

  shared(): readonly TableId[] {
    return [...this.#shared]
  }

  /** As writes are decided with it. */
  decided(id: TableId): Table | undefined {
    return this.#decided.get(id)
  }

  /** What was decided for the one before it became a table of its own is for the other. */
  succeed(before: TableId, after: TableId): void {
    this.#successors.set(before, after)
    const [oldest] = this.#successors.keys()
    if (this.#successors.size > successorsMax && oldest !== undefined) this.#successors.delete(oldest)
  }

  successorOf(id: TableId): Table | undefined {
    const after = this.#successors.get(id)
    return after === undefined ? undefined : this.#decided.get(after)
  }

  set(id: TableId, register: string, value: unknown): void {
    const record = this.#recordOf(id)
    if (value === undefined) record.delete(register)
    else record.set(register, value)
    this.#noteGroup(id, register, value)
    if (isLocalRegister(register)) return
    if (value !== undefined || hasShared(record)) this.#shared.add(id)
    else this.#shared.delete(id)
  }

  /** After the registers of a change: the view follows, for writes at once, for everybody else with the group. */
  refresh(group: Group, id: TableId): Table | undefined {
    const table = this.#decide(id)
    this.#begin(id)
    this.#onDecided(group, id, table)
    group.effects.push(() => this.#publish(id, table))
    return table
  }

  forget(group: Group, id: TableId): void {
    this.#registers.delete(id)
    this.#shared.delete(id)
    this.#grouped.delete(id)
    this.#decided.delete(id)
    this.#begin(id)
    this.#onDecided(group, id, undefined)
    group.effects.push(() => this.#publish(id, undefined))
  }

  withId(id: TableId): Table | undefined {
    return this.#durable.withId(id)
  }

  named(name: string): Table | undefined {
    return this.#durable.named(name)
  }

  tables(): readonly Table[] {
    return this.#durable.all
  }

  #decide(id: TableId): Table | undefined {
    const registers = this.registers(id)
    const number = registers.get(numberRegister) as number | undefined
    const table = number === undefined ? undefined : tableFrom(id, number, this.#region, registers)
    if (table === undefined) this.#decided.delete(id)
    else this.#decided.set(id, table)
    return table
  }

  #end(id: TableId): void {
    const left = (this.#underWay.get(id) ?? 1) - 1
    if (left === 0) this.#underWay.delete(id)
    else this.#underWay.set(id, left)
  }

  #begin(id: TableId): void {
    this.#changed.add(id)
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1)
  }

  #publish(id: TableId, table: Table | undefined): void {
    this.#end(id)
    this.changes.add(id, this.#registers.has(id))
    this.#durable.put(id, table)
  }

  #recordOf(id: TableId): Map<string, unknown> {
    let record = this.#registers.get(id)
    if (record === undefined) this.#registers.set(id, (record = new Map()))
    return record
  }
}

function hasShared(record: ReadonlyMap<string, unknown>): boolean {
  for (const register of record.keys()) if (!isLocalRegister(register)) return true
  return false
}

/** A register's row holds its value as JSON; that of a removed one holds nothing. */
export function registerValueOf(row: Buffer): unknown {
  const { tombstone, body } = decodeRow(row)
  return tombstone ? undefined : (JSON.parse(body.toString()) as unknown)
}
