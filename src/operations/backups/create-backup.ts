import type { CreateBackupInput, CreateBackupOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import { waitRestMs } from '../../core/table/waits.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { lasts } from '../tables/cool-downs.ts'
import { backupDetails } from './backup-description.ts'
import { newBackup, snapshotEdit } from './new-backup.ts'

type Input = Wire<CreateBackupInput>
type Output = Wire<CreateBackupOutput>

export const createBackup = defineControl<Input, Output>({
  name: 'CreateBackup',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const name = tableNameOf(context.settings, input.TableName ?? '')
    return oneAtATime(context.engine, name, () => create(name, input.BackupName ?? '', context))
  },
})

async function create(tableName: string, name: string, context: OperationContext): Promise<Output> {
  const { archive } = context.engine
  const backup = newBackup(tableToCopy(tableName, context), { name, type: 'USER' }, context)
  await archive.putBackup(backup)
  try {
    // In the turn in which it is looked at, the table cannot have begun to go.
    const table = tableToCopy(tableName, context)
    await context.engine.define(table.id, [snapshotEdit(table, backup)])
  } catch (error) {
    await archive.removeBackup(backup.id)
    throw error
  }
  return { BackupDetails: backupDetails(backup, context) }
}

/** One that is being deleted can be copied as long as its items are there. */
function tableToCopy(name: string, context: OperationContext): Table {
  const table = tableWithBackups(name, context)
  const nowMs = context.env.clock.wallMs()
  if (table.status === 'DELETING' && waitRestMs(table.underWay, context.settings.timing, nowMs) <= 0)
    throw noTable(name)
  if (lasts('backups enabled', activeMsOf(table, context), context))
    throw new ServiceError(
      'ContinuousBackupsUnavailableException',
      `Backups are being enabled for the table: ${name}. Please retry later`,
    )
  return table
}

/** When the table was ACTIVE first, by the timing of the region. */
function activeMsOf({ identity, createdMs, indexes }: Table, { settings }: OperationContext): number {
  const hadIndexes = indexes.some(({ kind, madeMs }) => kind === 'global' && madeMs === undefined)
  return (
    (identity?.createdMs ?? createdMs) + settings.timing[hadIndexes ? 'table creation with indexes' : 'table creation']
  )
}

/** What AWS keeps beside a table for backups begins with an ACTIVE table. */
function tableWithBackups(name: string, { engine }: OperationContext): Table {
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'CREATING') throw noTable(name)
  return table
}

const noTable = (name: string): ServiceError => new ServiceError('TableNotFoundException', `Table not found: ${name}`)
