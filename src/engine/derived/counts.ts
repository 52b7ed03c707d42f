/**
 * Items and bytes of every table and index, the number of the last own change, and the horizons of forgotten
 * tombstones and registers: as decided, and written in the batch of the writes that changed them.
 */
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Index } from '../../core/table/table.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import { auditKey, countsKey } from '../store/keys.ts'
import type { Tally } from './tally.ts'

export type Size = { items: number; bytes: number }

export type TableCounts = Size & {
  /** Own changes of the table so far. */
  ownNumber: number
  /** Every tombstone up to here is forgotten, in every region. */
  horizon?: Stamp
  /** The same of registers of deleted indexes. */
  forgotten?: Stamp
  /** By index number. */
  indexes: Record<string, Size>
}

/** A row, or an index row, comes, goes or changes its size. */
export type Growth = {
  readonly table: number
  /** The index's number; undefined for a row of the table. */
  readonly index?: number
  /** Its key in the store. */
  readonly at: Buffer
  readonly items: number
  readonly bytes: number
}

export class Counts {
  /** Counts a table again while writes go on (derived-audit.ts). */
  tally: Tally | undefined
  readonly #groups: Groups
  readonly #decided = new Map<number, TableCounts>()
  readonly #changed = new Set<number>()
  /** Tables whose counts would have become negative: only damage makes that, and an audit puts it right. */
  readonly #wrong = new Set<number>()

  constructor(groups: Groups) {
    this.#groups = groups
  }

  /** To be changed in place; `touch` says that it was. */
  of(table: number): TableCounts {
    let counts = this.#decided.get(table)
    if (counts === undefined) {
      counts = decodeCounts(this.#groups.get(countsKey(table)))
      this.#decided.set(table, counts)
    }
    return counts
  }

  touch(table: number): TableCounts {
    this.#changed.add(table)
    return this.of(table)
  }

  add({ table, index, at, items, bytes }: Growth): void {
    const counts = this.touch(table)
    const size = index === undefined ? counts : (counts.indexes[index] ??= { items: 0, bytes: 0 })
    size.items += items
    size.bytes += bytes
    this.tally?.follow(at, items, bytes)
    if (size.items >= 0 && size.bytes >= 0) return
    size.items = Math.max(0, size.items)
    size.bytes = Math.max(0, size.bytes)
    this.#wrong.add(table)
  }

  seal(group: Group): void {
    for (const table of this.#wrong) this.#groups.put(group, auditKey(table), Buffer.alloc(0))
    this.#wrong.clear()
    for (const table of this.#changed) {
      const counts = this.#decided.get(table)
      this.#groups.put(group, countsKey(table), counts && encodeCounts(counts))
    }
    this.#changed.clear()
  }

  /** The table is gone. */
  forget(group: Group, table: number): void {
    this.#decided.delete(table)
    this.#changed.delete(table)
    this.#wrong.delete(table)
    this.#groups.put(group, countsKey(table), undefined)
    this.#groups.put(group, auditKey(table), undefined)
  }

  reset(): void {
    this.#decided.clear()
    this.#changed.clear()
    this.#wrong.clear()
    this.tally = undefined
  }
}

export function sizeFrom(bytes: Buffer | undefined, index: Index | undefined): Size {
  const counts = decodeCounts(bytes)
  const size = index === undefined ? counts : counts.indexes[index.number]
  return { items: size?.items ?? 0, bytes: size?.bytes ?? 0 }
}

export function horizonFrom(bytes: Buffer | undefined): Stamp | undefined {
  return decodeCounts(bytes).horizon
}

export function forgottenFrom(bytes: Buffer | undefined): Stamp | undefined {
  return decodeCounts(bytes).forgotten
}

/** JSON by hand, since every commit writes some. */
function encodeCounts({ items, bytes, ownNumber, horizon, forgotten, indexes }: TableCounts): Buffer {
  const rows = horizon === undefined ? '' : `,"horizon":${JSON.stringify(horizon)}`
  const more = forgotten === undefined ? rows : `${rows},"forgotten":${JSON.stringify(forgotten)}`
  const sizes = Object.keys(indexes).length === 0 ? '{}' : JSON.stringify(indexes)
  return Buffer.from(`{"items":${items},"bytes":${bytes},"ordinal":${ownNumber}${more},"indexes":${sizes}}`, 'latin1')
}

function decodeCounts(bytes: Buffer | undefined): TableCounts {
  if (bytes === undefined) return { items: 0, bytes: 0, ownNumber: 0, indexes: {} }
  const { items, bytes: size, ordinal, horizon, forgotten, indexes } = JSON.parse(bytes.toString()) as StoredCounts
  const horizons = { ...(horizon === undefined ? {} : { horizon }), ...(forgotten === undefined ? {} : { forgotten }) }
  return { items, bytes: size, ownNumber: ordinal, ...horizons, indexes }
}

/** The name in stores of every version. */
type StoredCounts = Omit<TableCounts, 'ownNumber'> & { readonly ordinal: number }
