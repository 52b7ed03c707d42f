/**
 * Makes everything that follows from a table's rows follow from them again: index rows, tombstones by age, sizes of item
 * collections, counts. Damage, or a repaired row of which nothing certain is known, may have left them wrong. The audit works in
 * bounded steps, each decided in one turn on what is decided already, and writes go on between them. A table to be audited
 * is marked in the store until its audit ends, so a crash or a full disk only postpones it.
 */
import { decodeItem } from '../core/item/item-bytes.ts'
import { decodeRow, type Row } from '../core/item/row.ts'
import { encodePrimaryKey } from '../core/key/primary-key.ts'
import { compareStamps, readStamp } from '../core/hybrid-logical-clock/stamp.ts'
import { auditTriesMax, stepRowsMax } from '../core/limits.ts'
import type { Index, Table, TableId } from '../core/table/table.ts'
import { collectionShare, hasItemCollections } from '../core/write/item-collection.ts'
import { type Range, StoreFailed } from '../ports/store.ts'
import { editing } from './apply.ts'
import { collectionSizeIn, putCollectionSize } from './collections.ts'
import type { Size } from './counts.ts'
import type { Group } from './group.ts'
import {
  indexKeyOf,
  type IndexRow,
  indexRowBodyOffset,
  indexRowOf,
  indexRowSizeOf,
  putIndexRow,
  removeIndexRow,
} from './index-rows.ts'
import {
  auditKey,
  auditNumber,
  audits,
  collectionKey,
  rowKey,
  rowPrefixBytes,
  rowsOfIndex,
  tableCollections,
  tableRows,
  tableTombstones,
  tombstoneKey,
  tombstonePrefixBytes,
  tombstonePrimaryKey,
} from './keys.ts'
import { rowsOfAStep } from './jobs.ts'
import { keepsTombstones } from './row-edit.ts'
import type { State } from './state.ts'
import { Tally } from './tally.ts'

export class Audits {
  readonly #state: State
  #last: Promise<unknown> = Promise.resolve()

  constructor(state: State) {
    this.#state = state
  }

  /** One at a time. Returns how many entries were put right; rejects when the store fails, and the table stays marked. */
  run(id: TableId): Promise<number> {
    const audited = this.#last.then(() => auditTable(this.#state, id))
    this.#last = audited.catch(() => undefined)
    return audited
  }

  marked(tables: readonly Table[]): readonly Table[] {
    const numbers = new Set([...this.#state.store.entries(audits)].map(({ key }) => auditNumber(key)))
    return numbers.size === 0 ? [] : tables.filter(({ number }) => numbers.has(number))
  }
}

async function auditTable(state: State, id: TableId): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await new Audit(state, id).run()
    } catch (error) {
      // A batch that the store refused took the sums with it: the walk begins again.
      if (!(error instanceof Interrupted) || tries >= auditTriesMax) throw error
    }
  }
}

export function markForAudit(state: State, group: Group, table: Table): void {
  state.groups.put(group, auditKey(table.number), Buffer.alloc(0))
}

class Interrupted extends StoreFailed {}

type Step = { readonly group: Group; readonly table: Table }
type Found = readonly (readonly [Buffer, Buffer])[]

class Audit {
  readonly #state: State
  readonly #id: TableId
  readonly #number: number | undefined
  readonly #tally = new Tally(Buffer.alloc(0))
  #corrected = 0

  constructor(state: State, id: TableId) {
    this.#state = state
    this.#id = id
    this.#number = state.catalog.decided(id)?.number
  }

  async run(): Promise<number> {
    const table = this.#table()
    if (table === undefined) return 0
    this.#state.counts.tally = this.#tally
    try {
      await this.#walk(
        tableRows(table.number),
        (step, rows) => this.#auditRows(step, rows),
        (now) => this.#endRows(now),
      )
      for (const { number } of table.indexes) await this.#walkIndex(rowsOfIndex(table.number, number), number)
      await this.#walk(tableTombstones(table.number), (step, found) => this.#auditAges(step, found))
      await this.#walk(tableCollections(table.number), (step, found) => this.#auditCollections(step, found))
      await this.#unmark()
    } finally {
      if (this.#state.counts.tally === this.#tally) this.#state.counts.tally = undefined
    }
    if (this.#corrected > 0)
      this.#state.log.warn('an audit corrected index rows or counts', { table: table.name, corrected: this.#corrected })
    return this.#corrected
  }

  /** Undefined once the table has gone, or is another under the same id. */
  #table(): Table | undefined {
    const table = this.#state.catalog.decided(this.#id)
    return table === undefined || table.status === 'DELETING' || table.number !== this.#number ? undefined : table
  }

  async #walk(range: Range, audit: (step: Step, found: Found) => void, end?: (step: Step) => void): Promise<void> {
    this.#tally.restart(Buffer.from(range.from))
    while (this.#tally.end.compare(range.to) < 0) {
      const table = this.#table()
      if (table === undefined) return
      const { entries, end: reached } = this.#state.groups.entries(
        { ...range, from: this.#tally.end },
        rowsOfAStep(table, stepRowsMax),
      )
      const group = this.#state.groups.open()
      const step = { group, table }
      editing(this.#state, () => {
        audit(step, entries)
        this.#tally.reach(reached)
        if (reached.compare(range.to) >= 0) end?.(step)
      })
      await this.#state.groups.written(group)
      await this.#state.clock.sleep(0)
      if (this.#state.counts.tally !== this.#tally) throw new Interrupted('the audit has to begin again')
    }
  }

  async #walkIndex(range: Range, number: number): Promise<void> {
    const indexIn = (table: Table): Index | undefined =>
      table.indexes.find((index) => index.number === number && index.status !== 'DELETING')
    await this.#walk(
      range,
      ({ group, table }, found) => {
        const index = indexIn(table)
        if (index !== undefined) for (const [key, row] of found) this.#auditIndexRow(group, { table, index, key, row })
      },
      ({ table }) => {
        if (indexIn(table) !== undefined)
          this.#setSize((this.#state.counts.touch(table.number).indexes[number] ??= { items: 0, bytes: 0 }))
      },
    )
  }

  async #unmark(): Promise<void> {
    const table = this.#table()
    if (table === undefined) return
    const group = this.#state.groups.open()
    this.#state.groups.put(group, auditKey(table.number), undefined)
    await group.durable
  }

  #auditRows({ group, table }: Step, found: Found): void {
    for (const [at, bytes] of found) {
      const row = rowIn(bytes)
      if (row === undefined) continue
      const key = at.subarray(rowPrefixBytes)
      if (row.tombstone) this.#ensureAge(group, table, { key, row })
      else this.#auditItem(group, table, { key, row })
    }
  }

  #auditItem(group: Group, table: Table, { key, row }: { readonly key: Buffer; readonly row: Row }): void {
    this.#tally.count(row.itemSizeBytes)
    const derived = table.indexes.length === 0 ? undefined : derivedFrom(table, key, row)
    if (derived === undefined) return
    for (const indexRow of derived.indexRows) this.#ensureIndexRow(group, indexRow)
    if (hasItemCollections(table)) this.#addToCollection(group, collectionKey(table.number, key), derived.share)
  }

  #ensureIndexRow(group: Group, indexRow: IndexRow): void {
    const found = this.#state.damage.asFound(() => this.#state.groups.get(indexRow.key))
    if (found?.equals(indexRow.row) === true) return
    if (found !== undefined) removeIndexRow(this.#state, group, { ...indexRow, row: found })
    putIndexRow(this.#state, group, indexRow)
    this.#corrected++
  }

  #ensureAge(group: Group, table: Table, { key, row }: { readonly key: Buffer; readonly row: Row }): void {
    const age = tombstoneKey(table.number, row.stamp, key)
    if (!keepsTombstones(table) || this.#state.groups.get(age) !== undefined) return
    this.#state.groups.put(group, age, Buffer.alloc(0))
    this.#corrected++
  }

  #addToCollection(group: Group, key: Buffer, bytes: number): void {
    const { collection } = this.#tally
    if (collection?.key.equals(key) === true) collection.bytes += bytes
    else {
      this.#endCollection(group)
      this.#tally.collection = { key, bytes }
    }
  }

  #endCollection(group: Group): void {
    const { collection } = this.#tally
    if (collection === undefined) return
    this.#tally.collection = undefined
    const size = this.#state.damage.asFound(() => this.#state.groups.get(collection.key))
    if (collectionSizeIn(size) === collection.bytes) return
    putCollectionSize(this.#state, group, collection.key, collection.bytes)
    this.#corrected++
  }

  #endRows({ group, table }: Step): void {
    this.#endCollection(group)
    this.#setSize(this.#state.counts.touch(table.number))
  }

  #setSize(size: Size): void {
    const { items, bytes } = this.#tally
    if (size.items === items && size.bytes === bytes) return
    Object.assign(size, { items, bytes })
    this.#corrected++
  }

  #auditIndexRow(group: Group, found: IndexRow): void {
    if (this.#isIndexRow(found)) return this.#tally.count(indexRowSizeOf(found.row))
    removeIndexRow(this.#state, group, found)
    this.#corrected++
  }

  /** Whether the row that it says it was made from makes just this one. */
  #isIndexRow({ table, index, key, row }: IndexRow): boolean {
    try {
      const shown = decodeItem(row.subarray(indexRowBodyOffset))
      const primary = encodePrimaryKey(table.key, shown)
      const bytes = this.#state.groups.get(rowKey(table.number, primary))
      const base = bytes === undefined ? undefined : rowIn(bytes)
      if (base === undefined || base.tombstone) return false
      const made = derivedFrom(table, primary, base)?.indexRows ?? []
      return made.some((each) => each.index.number === index.number && each.key.equals(key) && each.row.equals(row))
    } catch {
      return false
    }
  }

  #auditAges({ group, table }: Step, found: Found): void {
    for (const [age] of found) {
      const row = this.#state.groups.get(rowKey(table.number, tombstonePrimaryKey(age)))
      const isOfRow =
        row !== undefined &&
        rowIn(row)?.tombstone === true &&
        compareStamps(readStamp(row, 1), readStamp(age, tombstonePrefixBytes)) === 0
      if (isOfRow) continue
      this.#state.groups.put(group, age, undefined)
      this.#corrected++
    }
  }

  /** Of a collection that has no item any more. */
  #auditCollections({ group, table }: Step, found: Found): void {
    for (const [key] of found) {
      const from = rowKey(table.number, key.subarray(rowPrefixBytes))
      const part = this.#state.groups.entries({ from, to: tableRows(table.number).to }, stepRowsMax).entries
      const rows = part.filter(([at]) => at.subarray(0, from.length).equals(from))
      const isLong = rows.length === stepRowsMax
      if (isLong || rows.some(([, row]) => rowIn(row)?.tombstone === false)) continue
      this.#state.groups.put(group, key, undefined)
      this.#corrected++
    }
  }
}

function rowIn(bytes: Buffer): Row | undefined {
  try {
    return decodeRow(bytes)
  } catch {
    return undefined
  }
}

type Derived = { readonly share: number; readonly indexRows: readonly IndexRow[] }

/** Undefined for what damage has made of an item: nothing follows from it, until a repair replaces it. */
function derivedFrom(table: Table, key: Buffer, row: Row): Derived | undefined {
  try {
    const item = decodeItem(row.body)
    if (!encodePrimaryKey(table.key, item).equals(key)) return undefined
    const share = hasItemCollections(table) ? collectionShare(table, item) : 0
    const indexRows: IndexRow[] = []
    for (const index of table.indexes) {
      const at = index.status === 'DELETING' ? undefined : indexKeyOf(table, index, item)
      if (at !== undefined) indexRows.push({ table, index, key: at, row: indexRowOf(table, index, item) })
    }
    return { share, indexRows }
  } catch {
    return undefined
  }
}
