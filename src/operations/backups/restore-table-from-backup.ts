import type { RestoreTableFromBackupInput, RestoreTableFromBackupOutput } from '@aws-sdk/client-dynamodb'
import type { Backup } from '../../core/archive/backup.ts'
import { ServiceError } from '../../core/errors.ts'
import type { RestoreSource } from '../../core/table/table.ts'
import { tableArn } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { askElsewhere, assertOwnKey, isElsewhere } from './elsewhere.ts'
import { arnOf, backupNamed, namedBackup } from './named-backup.ts'
import { restoreTable } from './restored-table.ts'
import { isRestored } from './restoring.ts'

type Input = Wire<RestoreTableFromBackupInput>

export const restoreTableFromBackup = defineControl<Input, Wire<RestoreTableFromBackupOutput>>({
  name: 'RestoreTableFromBackup',
  table: (input) => input.TargetTableName,
  checks: [refuseMembers('RestoreTableFromBackup')],
  run: async (input, context) => {
    const named = await backupOf(input, context)
    const { backup, arn, region } = named
    if (backup.status === 'CREATING') throw new ServiceError('BackupInUseException', `Backup is being created: ${arn}`)
    const source: RestoreSource = {
      backup: backup.id,
      backupArn: arn,
      tableArn: tableArn({ ...context.settings, region }, backup.table.name),
      atMs: backup.createdMs,
      ...(region === context.settings.region ? {} : { region }),
    }
    const target = input.TargetTableName ?? ''
    return await restoreTable({ target, saved: backup.table, source, overrides: input }, context, () => {
      if (isRestored(backup, context))
        throw new ServiceError('BackupInUseException', `Backup is being used to restore another table: ${arn}`)
    })
  },
})

type Named = { readonly backup: Backup; readonly arn: string; readonly region: string }

/** Of this region whatever region its ARN says, and else of that region. */
async function backupOf(input: Input, context: OperationContext): Promise<Named> {
  const { BackupArn: arn = '' } = input
  const named = namedBackup(arn)
  const isHere = named === undefined || context.engine.archive.backup(named.id) !== undefined
  if (isHere || !isElsewhere(named.region, context)) {
    const backup = backupNamed(arn, context, 'Invalid Request: BackupArn is not valid')
    return { backup, arn: arnOf(backup, context), region: context.settings.region }
  }
  assertOwnKey(input)
  const { backup } = await askElsewhere(named.region, { ask: 'backup', id: named.id }, context)
  if (backup === undefined || backup.table.name !== named.table)
    throw new ServiceError('BackupNotFoundException', `Backup not found: ${arn}`)
  return { backup, arn, region: named.region }
}
