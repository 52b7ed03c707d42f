/** Backups by their ARNs, as requests name them. */
import type { Backup } from '../../core/archive/backup.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { backupArn } from '../arns.ts'
import type { OperationContext } from '../operation.ts'

const arnPattern = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([a-zA-Z0-9_.-]+)\/backup\/(\d{14}-[0-9a-f]{8})$/

export type NamedBackup = {
  readonly region: string
  readonly accountId: string
  readonly table: string
  readonly id: string
}

export function namedBackup(arn: string): NamedBackup | undefined {
  const [, region = '', accountId = '', table = '', id] = arnPattern.exec(arn) ?? []
  return id === undefined ? undefined : { region, accountId, table, id }
}

/** The backup; the region in its ARN does not count. `invalid` is what AWS says of what is no backup's ARN. */
export function backupNamed(arn: string, context: OperationContext, invalid = 'Invalid Backup ARN'): Backup {
  const named = namedBackup(arn)
  if (named === undefined) throw validationError(invalid)
  if (named.accountId !== context.settings.accountId)
    throw new ServiceError('AccessDeniedException', 'Access is denied')
  const backup = context.engine.archive.backup(named.id)
  if (
    backup === undefined ||
    backup.status === 'DELETED' ||
    backup.type === 'BASE' ||
    backup.table.name !== named.table
  )
    throw new ServiceError('BackupNotFoundException', `Backup not found: ${arn}`)
  return backup
}

export const arnOf = ({ table, id }: Backup, { settings }: Pick<OperationContext, 'settings'>): string =>
  backupArn(settings, table.name, id)
