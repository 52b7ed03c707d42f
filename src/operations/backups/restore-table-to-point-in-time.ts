import type { RestoreTableToPointInTimeInput, RestoreTableToPointInTimeOutput } from '@aws-sdk/client-dynamodb'
import { savedTable } from '../../core/archive/backup.ts'
import { windowOf } from '../../core/archive/recovery.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Recovery, RestoreSource, Table } from '../../core/table/table.ts'
import { tableArn, tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { restoreTable } from './restored-table.ts'
import { noTable } from './table-with-backups.ts'

type Input = Wire<RestoreTableToPointInTimeInput>

export const restoreTableToPointInTime = defineControl<Input, Wire<RestoreTableToPointInTimeOutput>>({
  name: 'RestoreTableToPointInTime',
  table: (input) => input.SourceTableName ?? input.SourceTableArn,
  alsoTouches: (input) => [{ action: 'RestoreTableToPointInTime', table: input.TargetTableName }],
  checks: [refuseMembers('RestoreTableToPointInTime'), source, time],
  run: (input, context) => {
    const { table, recovery } = sourceOf(input, context)
    const atMs = momentOf(input, recovery, context)
    const restore: RestoreSource = {
      logOf: table.id,
      after: recovery.after,
      tableArn: tableArn(context.settings, table.name),
      atMs,
    }
    const saved = savedTable(table, context.engine.size(table))
    return restoreTable({ target: input.TargetTableName ?? '', saved, source: restore, overrides: input }, context)
  },
})

function source({ SourceTableArn, SourceTableName }: Input): void {
  if ((SourceTableArn === undefined) === (SourceTableName === undefined))
    throw validationError(
      'Invalid Request: Either one of SourceTableArn or SourceTableName must be specified, but not both',
    )
}

function time({ RestoreDateTime, UseLatestRestorableTime }: Input): void {
  if ((RestoreDateTime === undefined) === (UseLatestRestorableTime !== true))
    throw validationError(
      'Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both',
    )
}

type Source = { readonly table: Table; readonly recovery: Recovery }

function sourceOf({ SourceTableArn, SourceTableName }: Input, { engine, settings }: OperationContext): Source {
  const name = tableNameOf(settings, SourceTableArn ?? SourceTableName ?? '')
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'CREATING') throw noTable(name)
  const { recovery } = table
  if (recovery === undefined || table.status === 'DELETING')
    throw new ServiceError(
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${name}'`,
    )
  return { table, recovery }
}

function momentOf({ RestoreDateTime }: Input, recovery: Recovery, { env, settings }: OperationContext): number {
  const delayMs = settings.timing['latest restorable time']
  const { earliestMs, latestMs } = windowOf(recovery, env.clock.wallMs(), delayMs)
  // At first the latest is the moment of enabling, before all that was written since.
  if (RestoreDateTime === undefined) return latestMs > recovery.sinceMs ? latestMs : recovery.sinceMs - 1
  const atMs = Math.round(RestoreDateTime * 1000)
  // Both bounds are told in whole seconds, and so they are asked for.
  const isWithin = atMs >= Math.floor(earliestMs / 1000) * 1000 && atMs <= latestMs
  if (!isWithin)
    throw new ServiceError(
      'InvalidRestoreTimeException',
      `Invalid restore time. Earliest restorable time: ${new Date(earliestMs).toISOString()}, latest restorable time: ${new Date(latestMs).toISOString()}`,
    )
  return Math.max(atMs, earliestMs)
}
