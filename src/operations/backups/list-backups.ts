/** Also those of tables that are gone, and of former tables of a name: they differ in their TableId. */
import type { ListBackupsInput, ListBackupsOutput } from '@aws-sdk/client-dynamodb'
import { listedBackupsMax } from '../../core/limits/archive-limits.ts'
import type { Backup } from '../../core/archive/backup.ts'
import { validationError } from '../../core/errors.ts'
import { tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { backupSummary } from './backup-description.ts'
import { arnOf, namedBackup } from './named-backup.ts'

type Input = Wire<ListBackupsInput>
type Output = Wire<ListBackupsOutput>

export const listBackups = defineControl<Input, Output>({
  name: 'ListBackups',
  table: (input) => input.TableName,
  checks: [timeRange],
  run: (input, context) => {
    const { Limit: limit = listedBackupsMax } = input
    const after = startOf(input, context)
    const found = context.engine.archive.backups().filter((backup) => isAsked(backup, input, context))
    const rest = found.filter(({ id }) => id > after)
    const page = rest.slice(0, limit)
    const last = rest.length > page.length ? page.at(-1) : undefined
    return {
      BackupSummaries: page.map((backup) => backupSummary(backup, context)),
      ...(last === undefined ? {} : { LastEvaluatedBackupArn: arnOf(last, context) }),
    }
  },
})

function timeRange({ TimeRangeLowerBound: from, TimeRangeUpperBound: to }: Input): void {
  if (from !== undefined && to !== undefined && from > to)
    throw validationError('Invalid Request: Time range lower bound must be less than or equal to upper bound')
}

/** Only a place in the list: the backup may be gone. */
function startOf({ ExclusiveStartBackupArn: arn }: Input, { settings }: OperationContext): string {
  if (arn === undefined) return ''
  const named = namedBackup(arn)
  if (named === undefined) throw validationError('Invalid Backup ARN')
  if (named.region !== settings.region)
    throw validationError('Invalid Request: The supplied ExclusiveStartBackupArn does not match the region')
  return named.id
}

function isAsked(backup: Backup, input: Input, { settings }: OperationContext): boolean {
  const { TableName, BackupType = 'USER', TimeRangeLowerBound: from = 0, TimeRangeUpperBound: to = Infinity } = input
  const { status, type, createdMs, table } = backup
  if (status === 'DELETED' || type === 'BASE') return false
  if (TableName !== undefined && table.name !== tableNameOf(settings, TableName)) return false
  if (BackupType !== 'ALL' && BackupType !== type) return false
  return createdMs >= from * 1000 && createdMs < to * 1000
}
