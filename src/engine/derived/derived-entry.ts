/** What an entry of the list of derived rows (derived.ts) does. Everything that it edits is in the group of the row's change. */
import type { Item } from '../../core/attribute/value.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Row } from '../../core/item/row.ts'
import type { Table, TablePart } from '../../core/table/table.ts'
import type { Range } from '../../ports/store.ts'
import type { Group } from '../commands/flush-group.ts'
import type { State } from '../state.ts'
import type { Tally } from './tally.ts'

/** A row of a table changes, comes or goes. */
export type RowChange = {
  readonly table: Table
  readonly key: Buffer
  /** Its key in the store. */
  readonly at: Buffer
  /** The row as found, a tombstone too. */
  readonly before: Buffer | undefined
  /** The row that takes its place; undefined where nothing is kept under the key. */
  readonly after: Row | undefined
  /** The items of both, for entries that look inside: made only of tables that have some. */
  readonly items: { readonly before: Item | undefined; readonly after: Item | undefined }
}

/** A row that was there before something that follows from it was asked for: an index made later has rows of it. */
export type KeptRow = { readonly table: Table; readonly key: Buffer; readonly stamp: Stamp; readonly item: Item }

export type Step = { readonly group: Group; readonly table: Table }

export type FoundEntries = readonly (readonly [key: Buffer, value: Buffer])[]

/** A row as an audit finds it. `item` is undefined for a tombstone, and where damage has left none that belongs under the key. */
export type AuditedRow = { readonly key: Buffer; readonly row: Row; readonly item: Item | undefined }

export type Auditing = {
  readonly state: State
  /** Counts what is walked; it is of one range at a time. */
  readonly tally: Tally
  /** Called for each derived record that was wrong. */
  readonly corrected: () => void
}

/** Stored records of an entry, of which those that follow from no row have to go. */
export type Strays = {
  readonly range: Range
  readonly audit: (auditing: Auditing, step: Step, found: FoundEntries) => void
  /** The range was walked. */
  readonly end?: (auditing: Auditing, step: Step) => void
}

export type Derived = {
  readonly name: string
  readonly edit: (state: State, group: Group, change: RowChange) => void
  /** Adds what is missing, if anything is: writes since then have added theirs. */
  readonly fill: (state: State, group: Group, row: KeptRow, part: TablePart) => void
  /** Key ranges that are removed with a table. */
  readonly drop: (table: number) => readonly Range[]
  readonly rebuild: {
    /** Makes what follows from a row right. Rows come in the order of their keys. */
    readonly row: (auditing: Auditing, step: Step, row: AuditedRow) => void
    /** All rows were walked. */
    readonly end?: (auditing: Auditing, step: Step) => void
    readonly strays: (table: Table) => readonly Strays[]
  }
}
