/** Turns point-in-time recovery of the region's own table on and off: replicas have theirs, each its own. */
import type { UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput } from '@aws-sdk/client-dynamodb'
import { required } from '../../core/assert.ts'
import { recoveryDaysMax } from '../../core/limits/archive-limits.ts'
import { snapshotEdit } from '../../core/archive/backup.ts'
import { validationError } from '../../core/errors.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { continuousBackups } from './continuous-backups.ts'
import { backupOf } from './new-backup.ts'
import { assertBackupsEnabled, tableWithBackups } from './table-with-backups.ts'

type Input = Wire<UpdateContinuousBackupsInput>
type Output = Wire<UpdateContinuousBackupsOutput>

export const updateContinuousBackups = defineControl<Input, Output>({
  name: 'UpdateContinuousBackups',
  table: (input) => input.TableName,
  checks: [period],
  run: (input, context) => {
    const name = tableNameOf(context.settings, input.TableName ?? '')
    return oneAtATime(context.engine, name, () => update(name, input, context))
  },
})

function period({ PointInTimeRecoverySpecification: asked }: Input): void {
  if (asked?.PointInTimeRecoveryEnabled !== true && asked?.RecoveryPeriodInDays !== undefined)
    throw validationError('Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.')
}

async function update(name: string, input: Input, context: OperationContext): Promise<Output> {
  const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days = recoveryDaysMax } =
    input.PointInTimeRecoverySpecification ?? {}
  const table = tableWithBackups(name, context)
  assertBackupsEnabled(table, context)
  if (enabled !== true) await disable(table, context)
  else if (table.recovery === undefined) await enable(table, days, context)
  else await context.engine.define(table.id, [{ register: 'local/recovery', value: { ...table.recovery, days } }])
  const now = required(context.engine.tableWithId(table.id), `table ${name}`)
  return { ContinuousBackupsDescription: continuousBackups(now, context) }
}

/** History begins with a copy of the table, at the position of this very change. */
async function enable({ id, name }: Table, days: number, context: OperationContext): Promise<void> {
  const { engine, env } = context
  const base = backupOf(tableWithBackups(name, context), { name: 'base', type: 'BASE' }, context)
  await engine.archive.putBackup(base)
  const table = tableWithBackups(name, context)
  const { epoch, flushed } = placeOf(table, context)
  const shared = base.group === undefined ? {} : { shared: { group: base.group, log: epoch } }
  const value: RegisterValues['local/recovery'] = { days, sinceMs: env.clock.wallMs(), after: flushed, ...shared }
  await engine.define(id, [{ register: 'local/recovery', value }, snapshotEdit(table, base)])
}

/** In the log that the table's changes go to. */
function placeOf(table: Table, { engine }: OperationContext): { readonly epoch: string; readonly flushed: number } {
  const own = engine.ofTable?.(table) ?? engine
  return { epoch: own.epoch, flushed: own.flushed() }
}

/** Of a table that is being deleted it takes the backup back that the deletion has made. */
async function disable({ id, status, name }: Table, { engine }: OperationContext): Promise<void> {
  if (status === 'DELETING') {
    const own = engine.archive
      .backups()
      .filter(({ type, of, table }) => type === 'SYSTEM' && of === id && table.name === name)
    for (const backup of own) await engine.archive.putBackup({ ...backup, status: 'DELETED' })
  }
  await engine.define(id, [{ register: 'local/recovery', value: undefined }])
}
