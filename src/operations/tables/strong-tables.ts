/** How tables begin and end to have strong consistency between regions, as operations need it. */
import type { StrongGroup, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'

export type StrongTables = {
  /** Whether this region has a group, with tables or without. */
  readonly any: boolean
  /** Resolves once everything is decided here that has its place in the group by now. Rejects with a ServiceError. */
  latest(group: string): Promise<void>
  /** The table, which has no items, is from now on in the group's engine, with those edits. Rejects with a ServiceError. */
  begin(table: Table, group: StrongGroup, edits: readonly RegisterEdit[]): Promise<void>
  /** The other regions give the table up, and this one keeps it with its items. Resolves when that is decided, and goes on by itself. */
  end(table: Table): Promise<void>
}
