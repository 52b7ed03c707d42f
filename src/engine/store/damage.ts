/**
 * Records of the store that are not what was written. Such a record is quarantined: it is named in the log, a request that
 * needs it gets an error, and everything else is served. What can be made again is made again, by an audit or from a peer.
 */
import { errorText } from '../../core/error-text.ts'
import type { Turns } from '../../core/turns.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import { checkRow, DamagedRecord } from './damaged-record.ts'
import type { Groups } from '../commands/flush-group.ts'
import { auditKey, damagedLogKey, nameOfRecord, tableNumberOf } from './keys.ts'
import type { SealedStore } from './sealed-store.ts'

/** Damaged records whose names a region remembers: each is told once. */
const damagedRecordsNamedMax = 1000

type Deps = {
  readonly store: Pick<SealedStore, 'get'>
  readonly groups: Groups
  readonly log: Log
  readonly meter: Meter
  /** The log cannot be read on: only a new store helps. */
  readonly onDamagedLog: ((error: Error) => void) | undefined
  /** Where other regions have the same rows: nothing is made again here, since this replica starts from the state of another one. */
  readonly onDamagedReplica: (() => void) | undefined
}

export class Damage {
  readonly #deps: Deps
  /** The latest ones, by name. */
  readonly #named = new Map<string, DamagedRecord>()
  #count = 0

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** How many have been noted: the repair looks again when it has changed. */
  get count(): number {
    return this.#count
  }

  names(): readonly string[] {
    return [...this.#named.keys()]
  }

  /** Numbers of the tables that have a damaged row, or a damaged record that follows from their rows. */
  tables(kind: DamagedKind): ReadonlySet<number> {
    const records = [...this.#named.values()].filter(({ key }) => kindOf(key) === kind)
    return new Set(records.map(({ key }) => tableNumberOf(key)))
  }

  /** What was damaged of the table is right again: what is found from now on is told again. */
  forget(kind: DamagedKind, table: number): void {
    for (const [name, { key }] of this.#named)
      if (kindOf(key) === kind && tableNumberOf(key) === table) this.#named.delete(name)
  }

  /** Returns what a read of the store returns, and notes a damaged record before the caller gets the error. */
  noting<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      if (error instanceof DamagedRecord) this.note(error)
      throw error
    }
  }

  *notingTurns<Result>(turns: Turns<Result>): Turns<Result> {
    for (;;) {
      const turn = this.noting(() => turns.next())
      if (turn.done === true) return turn.value
      yield
    }
  }

  /** The same for who goes on without it: no bytes for a record that is damaged. */
  asFound(read: () => Buffer | undefined): Buffer | undefined {
    try {
      return this.noting(read)
    } catch (error) {
      if (error instanceof DamagedRecord) return none
      throw error
    }
  }

  /** Work of others that ends where it has met a damaged record, which is noted by then. */
  surviving(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error
    }
  }

  /** Looks at a record that another process has found damaged, and notes it if it is. */
  recheck(key: Buffer): void {
    this.surviving(() =>
      this.noting(() => {
        const value = this.#deps.store.get(key)
        if (value !== undefined && kindOf(key) === 'row') checkRow(key, value)
      }),
    )
  }

  note(record: DamagedRecord): void {
    const name = nameOfRecord(record.key)
    if (this.#named.has(name)) return
    this.#named.set(name, record)
    this.#count++
    const [oldest] = this.#named.keys()
    if (this.#named.size > damagedRecordsNamedMax && oldest !== undefined) this.#named.delete(oldest)
    this.#deps.log.error('a record of the store is damaged and quarantined', { record: name, error: record.message })
    this.#deps.meter.count('longitude_store_damaged_records_total')
    if (this.#deps.onDamagedReplica === undefined) this.#quarantine(record)
    else this.#deps.onDamagedReplica()
  }

  #quarantine(record: DamagedRecord): void {
    const kind = kindOf(record.key)
    if (kind === 'derived') this.#put(auditKey(tableNumberOf(record.key)), Buffer.alloc(0))
    if (kind === 'log') this.#put(damagedLogKey, record.key, () => this.#deps.onDamagedLog?.(record))
  }

  /** In a group that is not waited for. A store that takes no writes now is marked when the record is met after the next start. */
  #put(key: Buffer, value: Buffer, durable?: () => void): void {
    const { groups, log } = this.#deps
    try {
      const group = groups.open()
      groups.put(group, key, value)
      if (durable !== undefined) group.effects.push(durable)
    } catch (error) {
      log.warn('a damaged record is not marked', { error: errorText(error) })
    }
  }
}

const none = Buffer.alloc(0)

export type DamagedKind = 'row' | 'derived'

function kindOf(key: Buffer): DamagedKind | 'log' | 'other' {
  switch (key[0] ?? -1) {
    case 0x10:
      return 'row'
    case 0x20:
    case 0x71:
      return 'derived'
    case 0x30:
      return 'log'
    default:
      return 'other'
  }
}
