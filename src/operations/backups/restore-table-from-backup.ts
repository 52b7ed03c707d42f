import type { RestoreTableFromBackupInput, RestoreTableFromBackupOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import type { RestoreSource } from '../../core/table/table.ts'
import { tableArn } from '../arns.ts'
import { defineControl } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { arnOf, backupNamed } from './named-backup.ts'
import { restoreTable } from './restored-table.ts'
import { isRestored } from './restoring.ts'

export const restoreTableFromBackup = defineControl<
  Wire<RestoreTableFromBackupInput>,
  Wire<RestoreTableFromBackupOutput>
>({
  name: 'RestoreTableFromBackup',
  table: (input) => input.TargetTableName,
  checks: [refuseMembers('RestoreTableFromBackup')],
  run: (input, context) => {
    const backup = backupNamed(input.BackupArn ?? '', context, 'Invalid Request: BackupArn is not valid')
    const arn = arnOf(backup, context)
    if (backup.status === 'CREATING') throw new ServiceError('BackupInUseException', `Backup is being created: ${arn}`)
    const source: RestoreSource = {
      backup: backup.id,
      backupArn: arn,
      tableArn: tableArn(context.settings, backup.table.name),
      atMs: backup.createdMs,
    }
    const target = input.TargetTableName ?? ''
    return restoreTable({ target, saved: backup.table, source, overrides: input }, context, () => {
      if (isRestored(backup, context))
        throw new ServiceError('BackupInUseException', `Backup is being used to restore another table: ${arn}`)
    })
  },
})
