/** A backup as a request begins it. */
import { type Backup, backupId, newBackup } from '../../core/archive/backup.ts'
import { backupsMax, snapshotsMax } from '../../core/limits/archive-limits.ts'
import { ServiceError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'

export type AskedBackup = Pick<Backup, 'name' | 'type' | 'expiresMs'>

/** Throws a ServiceError where there are too many of them. */
export function backupOf(table: Table, asked: AskedBackup, context: OperationContext): Backup {
  const { engine } = context
  const copying = table.snapshots?.length ?? 0
  if (copying >= snapshotsMax || engine.archive.backups().length >= backupsMax)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: There is a limit of ${backupsMax} backups, and of ${snapshotsMax} of a table that are being created`,
    )
  return newBackup(table, { ...asked, ...freeId(asked, context) }, engine.size(table))
}

/** Of the system's own backups only the time tells one from another. */
function freeId({ type }: AskedBackup, { engine, env }: OperationContext): Pick<Backup, 'id' | 'createdMs'> {
  const rest = type === 'SYSTEM' ? '00000000' : env.random.bytes(4).toString('hex')
  for (let createdMs = env.clock.wallMs(); ; createdMs++) {
    const id = backupId(createdMs, rest)
    if (engine.archive.backup(id) === undefined) return { id, createdMs }
  }
}
