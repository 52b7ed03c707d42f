/**
 * What this region knows of tables: their registers, and the `Table` each adds up to. Twice: as decided, which is what
 * writes are decided with, and as durable, which is what everybody else sees.
 */
import { successorsMax } from '../core/limits.ts'
import { isTombstone, bodyOffset } from '../core/item/row.ts'
import { isLocalRegister, type Registers } from '../core/table/registers.ts'
import { tableFrom } from '../core/table/table-view.ts'
import type { Table, TableId } from '../core/table/table.ts'
import type { Store } from '../ports/store.ts'
import type { Group } from './group.ts'
import { allRegisters, catalogKey, registerOf, registersOf } from './keys.ts'

/** This region's number of the table; the engine gives it with the first definition. */
export const numberRegister = 'local/number'

const versionSizeBytes = 6

function versionIn(bytes: Buffer | undefined): number {
  return bytes === undefined ? 0 : bytes.readUIntBE(0, versionSizeBytes)
}

export class Catalog {
  readonly #store: Pick<Store, 'get' | 'entries'>
  readonly #region: string
  #registers = new Map<TableId, Map<string, unknown>>()
  #decided = new Map<TableId, Table>()
  #successors = new Map<TableId, TableId>()
  #durable = new Map<TableId, Table>()
  #names: ReadonlyMap<string, Table> | undefined
  #sorted: readonly Table[] | undefined
  /** Of each table, how many changes of any had become durable with its last. */
  readonly #changes = new Map<TableId, number>()
  #published = 0
  /** Tables changed and not durable yet, with how many changes of each: what is read again when the store refuses them. */
  readonly #underWay = new Map<TableId, number>()
  #version = 0
  #changed = false

  constructor(store: Pick<Store, 'get' | 'entries'>, region: string) {
    this.#store = store
    this.#region = region
  }

  load(): void {
    this.#registers = new Map()
    for (const { key, value } of this.#store.entries(allRegisters)) {
      const { table, register } = registerOf(key)
      this.#recordOf(table).set(register, registerValueOf(value))
    }
    this.#decided = new Map()
    this.#successors = new Map()
    for (const id of this.#registers.keys()) this.#decide(id)
    this.#durable = new Map(this.#decided)
    this.#underWay.clear()
    this.#names = this.#sorted = undefined
    this.#version = versionIn(this.#store.get(catalogKey))
    this.#changed = false
  }

  /** The store has refused what is under way: as it was before. */
  revert(): void {
    for (const id of this.#underWay.keys()) {
      this.#registers.delete(id)
      for (const { key, value } of this.#store.entries(registersOf(id)))
        this.#recordOf(id).set(registerOf(key).register, registerValueOf(value))
      const table = this.#decide(id)
      if (table !== undefined) this.#durable.set(id, table)
    }
    this.#names = this.#sorted = undefined
    this.#underWay.clear()
    this.#successors = new Map()
    this.#version = versionIn(this.#store.get(catalogKey))
    this.#changed = false
  }

  /** In the batch of every change: readers in other processes follow it. */
  seal(put: (key: Buffer, value: Buffer) => void): void {
    if (!this.#changed) return
    this.#changed = false
    this.#version++
    const bytes = Buffer.alloc(versionSizeBytes)
    bytes.writeUIntBE(this.#version, 0, versionSizeBytes)
    put(catalogKey, bytes)
  }

  /** Of a reader: takes over what has changed. */
  follow(): void {
    if (versionIn(this.#store.get(catalogKey)) !== this.#version) this.load()
  }

  /** Of a table known or not. */
  registers(id: TableId): Registers {
    return this.#registers.get(id) ?? new Map<string, unknown>()
  }

  /** Tables of which another region could know something too. */
  shared(): readonly TableId[] {
    return [...this.#registers].flatMap(([id, record]) =>
      [...record.keys()].some((register) => !isLocalRegister(register)) ? [id] : [],
    )
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
  }

  /** After the registers of a change: the view follows, for writes at once, for everybody else with the group. */
  refresh(group: Group, id: TableId): Table | undefined {
    const table = this.#decide(id)
    this.#begin(id)
    group.effects.push(() => this.#publish(id, table))
    return table
  }

  forget(group: Group, id: TableId): void {
    this.#registers.delete(id)
    this.#decided.delete(id)
    this.#begin(id)
    group.effects.push(() => this.#publish(id, undefined))
  }

  withId(id: TableId): Table | undefined {
    return this.#durable.get(id)
  }

  named(name: string): Table | undefined {
    this.#names ??= new Map(this.tables().map((table) => [table.name, table]))
    return this.#names.get(name)
  }

  tables(): readonly Table[] {
    // Of two tables of one name the older one comes last, and so is the one found by it.
    this.#sorted ??= [...this.#durable.values()].toSorted((a, b) =>
      a.name === b.name ? b.number - a.number : a.name < b.name ? -1 : 1,
    )
    return this.#sorted
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

  /** Another number once something of the table's registers has changed. */
  changesOf(id: TableId): number {
    return this.#changes.get(id) ?? 0
  }

  #begin(id: TableId): void {
    this.#changed = true
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1)
  }

  #publish(id: TableId, table: Table | undefined): void {
    this.#end(id)
    this.#published++
    if (this.#registers.has(id)) this.#changes.set(id, this.#published)
    else this.#changes.delete(id)
    if (table === undefined) this.#durable.delete(id)
    else this.#durable.set(id, table)
    this.#names = this.#sorted = undefined
  }

  #recordOf(id: TableId): Map<string, unknown> {
    let record = this.#registers.get(id)
    if (record === undefined) this.#registers.set(id, (record = new Map()))
    return record
  }
}

/** A register's row holds its value as JSON; that of a removed one holds nothing. */
export function registerValueOf(row: Buffer): unknown {
  return isTombstone(row) ? undefined : (JSON.parse(row.toString('utf8', bodyOffset(row))) as unknown)
}
