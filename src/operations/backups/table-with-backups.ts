/** Tables that can be backed up: what AWS keeps for backups beside a table begins some seconds after the table is ACTIVE. */
import { ServiceError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'
import { lasts } from '../tables/cool-downs.ts'

export function tableWithBackups(name: string, { engine }: OperationContext): Table {
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'CREATING') throw noTable(name)
  return table
}

export const noTable = (name: string): ServiceError =>
  new ServiceError('TableNotFoundException', `Table not found: ${name}`)

export function assertBackupsEnabled(table: Table, context: OperationContext): void {
  if (!areEnabled(table, context))
    throw new ServiceError(
      'ContinuousBackupsUnavailableException',
      `Backups are being enabled for the table: ${table.name}. Please retry later`,
    )
}

/** Those of a table begin again once it has moved to the store that it shares with other regions, or from there. */
export const areEnabled = (table: Table, context: OperationContext): boolean =>
  table.strong?.isElsewhere !== true && !lasts('backups enabled', activeMsOf(table, context), context)

/** When the table was ACTIVE first, by the timing of the region. */
function activeMsOf({ identity, createdMs, indexes }: Table, { settings }: OperationContext): number {
  const hadIndexes = indexes.some(({ kind, madeMs }) => kind === 'global' && madeMs === undefined)
  const wait = hadIndexes ? 'table creation with indexes' : 'table creation'
  return (identity?.createdMs ?? createdMs) + settings.timing[wait]
}
