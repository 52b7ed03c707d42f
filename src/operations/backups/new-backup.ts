/** A backup as it begins: what is remembered of the table, and the snapshot that its rows are copied from. */
import { type Backup, backupId, type SavedTable } from '../../core/archive/backup.ts'
import { backupsMax, snapshotsMax } from '../../core/archive-limits.ts'
import { ServiceError } from '../../core/errors.ts'
import { snapshotRegister } from '../../core/table/registers.ts'
import type { SnapshotRegister, Table } from '../../core/table/table.ts'
import type { RegisterEdit } from '../../engine/commands/command.ts'
import type { OperationContext } from '../operation.ts'

export type NewBackup = Pick<Backup, 'name' | 'type' | 'expiresMs'>

/** Throws a ServiceError where there are too many of them. */
export function newBackup(table: Table, { name, type, expiresMs }: NewBackup, context: OperationContext): Backup {
  const { engine, env } = context
  const copying = table.snapshots?.length ?? 0
  if (copying >= snapshotsMax || engine.archive.backups().length >= backupsMax)
    throw new ServiceError(
      'LimitExceededException',
      `Subscriber limit exceeded: There is a limit of ${backupsMax} backups, and of ${snapshotsMax} of a table that are being created`,
    )
  const createdMs = env.clock.wallMs()
  return {
    id: backupId(createdMs, type === 'SYSTEM' ? '00000000' : env.random.bytes(4).toString('hex')),
    name,
    type,
    status: 'CREATING',
    createdMs,
    ...(expiresMs === undefined ? {} : { expiresMs }),
    table: savedTable(table, context),
    progress: { segments: 0, items: 0, bytes: 0 },
  }
}

/** The snapshot begins with the edit: the backup is the table of that position in the log. */
export function snapshotEdit({ snapshots = [] }: Table, { id }: Backup): RegisterEdit {
  const number = Math.max(0, ...snapshots.map((each) => each.number)) + 1
  const value: SnapshotRegister = { backup: id }
  return { register: snapshotRegister(number), value }
}

function savedTable(table: Table, { engine }: Pick<OperationContext, 'engine'>): SavedTable {
  const { key, attributes, indexes, identity, settings } = table
  const { billingMode, provisioned, onDemand, stream, timeToLive, encryption } = settings
  return {
    tableId: identity?.tableId ?? table.id,
    name: table.name,
    createdMs: identity?.createdMs ?? table.createdMs,
    key,
    attributes,
    indexes: indexes
      .filter(({ status }) => status !== 'DELETING')
      .map((index) => ({
        name: index.name,
        kind: index.kind,
        key: index.key,
        projection: index.projection,
        settings: {
          ...(index.settings.provisioned === undefined ? {} : { provisioned: index.settings.provisioned }),
          ...(index.settings.onDemand === undefined ? {} : { onDemand: index.settings.onDemand }),
        },
      })),
    settings: {
      billingMode,
      ...(provisioned === undefined || billingMode === 'PAY_PER_REQUEST' ? {} : { provisioned }),
      ...(onDemand === undefined ? {} : { onDemand }),
      ...(stream === undefined ? {} : { stream }),
      ...(timeToLive === undefined ? {} : { timeToLive }),
      ...(encryption === undefined ? {} : { encryption }),
    },
    ...sizeOf(table, engine),
  }
}

function sizeOf(table: Table, engine: OperationContext['engine']): Pick<SavedTable, 'items' | 'bytes'> {
  const { items, bytes } = engine.size(table)
  return { items, bytes }
}
