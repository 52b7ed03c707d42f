/** The backup is gone with the answer; its blobs are removed afterwards (readers/archive/backups.ts). */
import type { DeleteBackupInput, DeleteBackupOutput } from '@aws-sdk/client-dynamodb'
import type { Backup } from '../../core/archive/backup.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { backupDescription } from './backup-description.ts'
import { arnOf, backupNamed } from './named-backup.ts'
import { isRestored } from './restoring.ts'

type Output = Wire<DeleteBackupOutput>

export const deleteBackup = defineControl<Wire<DeleteBackupInput>, Output>({
  name: 'DeleteBackup',
  resource: (input) => input.BackupArn,
  checks: [],
  run: async (input, context) => {
    const backup = backupNamed(input.BackupArn ?? '', context)
    assertDeletable(backup, context)
    const deleted: Backup = { ...backup, status: 'DELETED' }
    await context.engine.archive.putBackup(deleted)
    return { BackupDescription: backupDescription(deleted, context) }
  },
})

function assertDeletable(backup: Backup, context: OperationContext): void {
  const arn = arnOf(backup, context)
  if (backup.type === 'SYSTEM')
    throw validationError(
      `Invalid Request: User is not allowed to delete the system backup with arn ${arn}. It will automatically expire on ${new Date(backup.expiresMs ?? 0).toISOString()}`,
    )
  if (backup.status === 'CREATING') throw new ServiceError('BackupInUseException', `Backup is being created: ${arn}`)
  if (isRestored(backup, context))
    throw new ServiceError('BackupInUseException', `Backup is being used to restore table: ${arn}`)
}
