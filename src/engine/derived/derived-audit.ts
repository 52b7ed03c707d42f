/**
 * Makes everything that follows from a table's rows (derived.ts) follow from them again. Damage, or a repaired row of which nothing certain is known, may have left them wrong. The audit works in
 * bounded steps, each decided in one turn on what is decided already, and writes go on between them. A table to be audited
 * is marked in the store until its audit ends, so a crash or a full disk only postpones it.
 */
import { auditTriesMax, stepRowsMax } from '../../core/limits/limits.ts'
import { looksInside, type Table, type TableId } from '../../core/table/table.ts'
import { StoreFailed } from '../../ports/store.ts'
import { editing } from '../commands/apply.ts'
import { rowIn } from '../store/damaged-record.ts'
import type { Auditing, FoundEntries, Step, Strays } from './derived-entry.ts'
import { derived } from './derived.ts'
import type { Group } from '../commands/flush-group.ts'
import { soundItem } from './index-rows.ts'
import { rowsOfAStep } from '../tables/jobs.ts'
import { auditKey, auditNumber, audits, rowPrefixBytes, tableRows } from '../store/keys.ts'
import type { State } from '../state.ts'
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
      const rows = { range: tableRows(table.number), audit: auditRows, end: endRows }
      const strays = derived.flatMap(({ rebuild }) => rebuild.strays(table))
      for (const walked of [rows, ...strays]) await this.#walk(walked)
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

  async #walk({ range, audit, end }: Strays): Promise<void> {
    const auditing = { state: this.#state, tally: this.#tally, corrected: () => void this.#corrected++ }
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
        audit(auditing, step, entries)
        this.#tally.reach(reached)
        if (reached.compare(range.to) >= 0) end?.(auditing, step)
      })
      await this.#state.groups.written(group)
      await this.#state.clock.sleep(0)
      if (this.#state.counts.tally !== this.#tally) throw new Interrupted('the audit has to begin again')
    }
  }

  async #unmark(): Promise<void> {
    const table = this.#table()
    if (table === undefined) return
    const group = this.#state.groups.open()
    this.#state.groups.put(group, auditKey(table.number), undefined)
    await group.durable
  }
}

function auditRows(auditing: Auditing, step: Step, found: FoundEntries): void {
  for (const [at, bytes] of found) {
    const row = rowIn(bytes)
    if (row === undefined) continue
    const key = at.subarray(rowPrefixBytes)
    const item = looksInside(step.table) ? soundItem(step.table, key, row) : undefined
    for (const { rebuild } of derived) rebuild.row(auditing, step, { key, row, item })
  }
}

function endRows(auditing: Auditing, step: Step): void {
  for (const { rebuild } of derived) rebuild.end?.(auditing, step)
}
