/** How tables begin and end to have strong consistency between regions, as operations need it. */
import type { StrongGroup, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'

/** What a region knows of one of its groups, for operators. */
export type GroupStatus = {
  readonly group: string
  readonly replicas: readonly string[]
  readonly witness?: string
  /** Names of the tables that are here. */
  readonly tables: readonly string[]
  readonly majority: boolean
  readonly leader?: string
  /** The last entry of the order, as far as this region has heard. */
  readonly last: number
  /** The last entry that this replica has decided; a witness decides none. */
  readonly applied?: number
  /** Why writes and strongly consistent reads of these tables are refused here now. */
  readonly refuses?: string
}

export type StrongTables = {
  /** Whether this region has a group, with tables or without. */
  readonly any: boolean
  status(): readonly GroupStatus[]
  /** Resolves once everything is decided here that has its place in the group by now. Rejects with a ServiceError. */
  latest(group: string): Promise<void>
  /** The table, which has no items, is from now on in the group's engine, with those edits. Rejects with a ServiceError. */
  begin(table: Table, group: StrongGroup, edits: readonly RegisterEdit[]): Promise<void>
  /** The other regions give the table up, and this one keeps it with its items. Resolves when that is decided, and goes on by itself. */
  end(table: Table): Promise<void>
}
