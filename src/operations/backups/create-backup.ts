import type { CreateBackupInput, CreateBackupOutput } from '@aws-sdk/client-dynamodb'
import { snapshotEdit } from '../../core/archive/backup.ts'
import type { Table } from '../../core/table/table.ts'
import { waitRestMs } from '../../core/table/waits.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { backupDetails } from './backup-description.ts'
import { backupOf } from './new-backup.ts'
import { lossError } from '../tables/encryption-settings.ts'
import { assertBackupsEnabled, noTable, tableWithBackups } from './table-with-backups.ts'

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
  await latestOf(tableToCopy(tableName, context), context)
  const backup = backupOf(tableToCopy(tableName, context), { name, type: 'USER' }, context)
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

/** What other regions have acknowledged by now is in the backup. Rejects with a ServiceError where the group cannot be asked. */
async function latestOf({ strong: group }: Table, { strong }: OperationContext): Promise<void> {
  if (group !== undefined) await strong?.latest(group.name)
}

/** One that is being deleted can be copied as long as its items are there. */
function tableToCopy(name: string, context: OperationContext): Table {
  const table = tableWithBackups(name, context)
  const restMs = waitRestMs(table.underWay, context.settings.timing, context.env.clock.wallMs())
  if (table.status === 'DELETING' && restMs <= 0) throw noTable(name)
  assertBackupsEnabled(table, context)
  if (table.keyLoss !== undefined) throw lossError(table.keyLoss, context)
  return table
}
