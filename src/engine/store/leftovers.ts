/**
 * What is left of this region's own store after damage, brought into a new store. A new store begins as after a wiped disk: the
 * tables that peers hold are filled from them. Two things no peer can give back, and they come from here:
 *
 *   - tables of this region alone: their registers and all rows that can be read;
 *   - rows of shared tables that no peer had yet, merged by stamp just before the replica says that it is complete.
 *
 * A table of which parts may be missing, by its own count of items, is not served until `repair` accepts what is there.
 * Merging is idempotent, so all of it may begin again after a crash.
 */
import type { KeyedRow } from '../../core/change/rows.ts'
import { isTombstone } from '../../core/item/row.ts'
import { restoreRowsMax } from '../../core/limits/limits.ts'
import { isLocalRegister, localIndexCount, localIndexRegister } from '../../core/table/registers.ts'
import { replicaStates } from '../../core/table/table-view.ts'
import type { TableId, TableStatus } from '../../core/table/table.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Entry, Range, Store } from '../../ports/store.ts'
import { numberRegister, registerValueOf } from '../tables/catalog.ts'
import { sizeFrom } from '../derived/counts.ts'
import type { RegisterEdit } from '../commands/command.ts'
import type { Engine } from '../engine.ts'
import { allRegisters, countsKey, registerOf, registersOf, rowPrefixBytes, tableRows } from './keys.ts'
import { isSealed, unsealed } from './sealed-store.ts'

/** The damaged store, as far as it can be read. */
export type Remains = Pick<Store, 'entries'> & {
  /** Whether entries of the range may be missing. Asked after the range was walked. */
  readonly isPartial: (range: Range) => boolean
}

type Deps = { readonly engine: Engine; readonly clock: Clock; readonly log: Log }

type OldTable = {
  readonly number: number | undefined
  readonly shared: readonly KeyedRow[]
  readonly values: ReadonlyMap<string, unknown>
}

/** Exists, and is not served: parts of it may be missing. */
export const incompleteStatus: TableStatus = 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'

export class Leftovers {
  readonly #deps: Deps
  readonly #remains: Remains
  #tables: ReadonlyMap<TableId, OldTable> = new Map()
  /** Shared tables whose rows are still to be merged. */
  readonly #pending = new Set<TableId>()
  /** Those that were merged, and whether they were whole. */
  readonly #merged = new Map<TableId, boolean>()

  constructor(deps: Deps, remains: Remains) {
    this.#deps = deps
    this.#remains = remains
  }

  /** Everything that was left is here; a table that never comes back has nothing to wait for. */
  get isDone(): boolean {
    return this.#pending.size === 0
  }

  /** Brings the registers, and the tables of this region alone. */
  async begin(): Promise<void> {
    const { engine } = this.#deps
    this.#tables = tablesIn(this.#remains)
    for (const [id, { shared, values, number }] of this.#tables) {
      await engine.mergeRegisters(id, shared)
      if (number === undefined || isGoing(values)) continue
      if (this.#isShared(values)) this.#pending.add(id)
      else await this.#restoreOwn(id, values)
    }
    for (const id of this.#pending) if (isComplete(engine, id)) await this.merge(id)
  }

  /** Merges the rows that are left of a table. Returns whether none can be missing. */
  async merge(id: TableId): Promise<boolean> {
    const number = this.#tables.get(id)?.number
    const known = this.#merged.get(id)
    if (number === undefined || known !== undefined) return known ?? true
    const { engine, clock, log } = this.#deps
    const refusedBefore = engine.setAsideCount().last
    let items = 0
    let rows = 0
    for (const chunk of this.#chunks(number)) {
      await engine.restore(id, chunk)
      await clock.sleep(0)
      rows += chunk.length
      items += chunk.filter(({ row }) => !isTombstone(row)).length
    }
    const refused = engine.setAsideCount().last - refusedBefore
    const rowsAreWhole = !this.#remains.isPartial(tableRows(number)) || items === this.#itemsCounted(number)
    const isWhole = refused === 0 && rowsAreWhole && !this.#remains.isPartial(registersOf(id))
    this.#pending.delete(id)
    this.#merged.set(id, isWhole)
    log.info('merged what was left of a table', { table: engine.tableWithId(id)?.name ?? id, rows, refused, isWhole })
    return isWhole
  }

  *#chunks(number: number): Generator<readonly KeyedRow[]> {
    let chunk: KeyedRow[] = []
    for (const { key, value } of this.#remains.entries(tableRows(number))) {
      chunk.push({ key: key.subarray(rowPrefixBytes), row: value })
      if (chunk.length < restoreRowsMax) continue
      yield chunk
      chunk = []
    }
    if (chunk.length > 0) yield chunk
  }

  /** Undefined when the count was lost as well. */
  #itemsCounted(number: number): number | undefined {
    const from = countsKey(number)
    const [counts] = [...this.#remains.entries({ from, to: Buffer.concat([from, Buffer.of(0)]) })]
    try {
      return counts === undefined ? undefined : sizeFrom(countsIn(counts), undefined).items
    } catch {
      return undefined
    }
  }

  #isShared(values: OldTable['values']): boolean {
    return replicaStates(values).some(({ region }) => region === this.#deps.engine.region.name)
  }

  async #restoreOwn(id: TableId, values: OldTable['values']): Promise<void> {
    const { engine, clock, log } = this.#deps
    const status = engine.tableWithId(id)?.status
    if (!values.has('definition') || (status !== undefined && status !== incompleteStatus)) return
    const begun: RegisterEdit[] = [...values].flatMap(([register, value]) =>
      isKeptLocal(register) ? [{ register, value }] : [],
    )
    const statusEdit = (now: TableStatus): RegisterEdit => ({
      register: 'local/status',
      value: { status: now, sinceMs: clock.wallMs() },
    })
    await engine.define(id, [statusEdit(incompleteStatus), ...begun])
    const isWhole = await this.merge(id)
    if (isWhole) await engine.define(id, [statusEdit('ACTIVE')])
    else log.error('a table may lack items and is not served', { table: engine.tableWithId(id)?.name ?? id })
  }
}

function tablesIn(remains: Remains): ReadonlyMap<TableId, OldTable> {
  const tables = new Map<TableId, { shared: KeyedRow[]; values: Map<string, unknown> }>()
  for (const { key, value } of remains.entries(allRegisters)) {
    const { table: id, register } = registerOf(key)
    const table = tables.get(id) ?? { shared: [], values: new Map<string, unknown>() }
    tables.set(id, table)
    if (!isLocalRegister(register)) table.shared.push({ key: Buffer.from(register), row: value })
    const parsed = valueIn(value)
    if (parsed !== undefined) table.values.set(register, parsed)
  }
  return new Map(
    [...tables].map(([id, { shared, values }]) => {
      const number = values.get(numberRegister)
      return [id, { shared, values, number: typeof number === 'number' ? number : undefined }]
    }),
  )
}

/** Undefined for a tombstone, and for what damage has made unreadable. */
function valueIn(row: Buffer): unknown {
  try {
    return registerValueOf(row)
  } catch {
    return undefined
  }
}

/** A store of version 0.1.0 has no checksums. */
function countsIn({ key, value }: Entry): Buffer {
  return isSealed(value) ? unsealed(key, value) : value
}

function isGoing(values: OldTable['values']): boolean {
  return (values.get('local/status') as { status?: TableStatus } | undefined)?.status === 'DELETING'
}

/** Numbers and indexes are made again in the new store. */
function isKeptLocal(register: string): boolean {
  const again = [numberRegister, 'local/status', localIndexCount]
  return isLocalRegister(register) && !again.includes(register) && !register.startsWith(localIndexRegister(''))
}

function isComplete(engine: Engine, id: TableId): boolean {
  const own = engine.tableWithId(id)?.replicas.find(({ region }) => region === engine.region.name)
  return own?.status === 'ACTIVE' || own?.status === 'UPDATING'
}
