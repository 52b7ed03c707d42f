import type { RestoreTableToPointInTimeInput, RestoreTableToPointInTimeOutput } from '@aws-sdk/client-dynamodb'
import { type SavedTable, savedTable } from '../../core/archive/backup.ts'
import { windowOf } from '../../core/archive/recovery.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { Recovery, RestoreSource, TableId } from '../../core/table/table.ts'
import { tableArn, tableNameOf } from '../arns.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import { refuseMembers } from '../refused-members.ts'
import type { Wire } from '../sdk-shape.ts'
import { askElsewhere, assertOwnKey, isElsewhere } from './elsewhere.ts'
import { restoreTable } from './restored-table.ts'
import { noTable } from './table-with-backups.ts'

type Input = Wire<RestoreTableToPointInTimeInput>

export const restoreTableToPointInTime = defineControl<Input, Wire<RestoreTableToPointInTimeOutput>>({
  name: 'RestoreTableToPointInTime',
  table: (input) => input.SourceTableName ?? input.SourceTableArn,
  alsoTouches: (input) => [{ action: 'RestoreTableToPointInTime', table: input.TargetTableName }],
  checks: [refuseMembers('RestoreTableToPointInTime'), source, time],
  run: async (input, context) => {
    const { region, saved, of, recovery, nowMs } = await sourceOf(input, context)
    const restore: RestoreSource = {
      logOf: of,
      after: recovery.after,
      ...(recovery.shared === undefined ? {} : { shared: recovery.shared }),
      tableArn: tableArn({ ...context.settings, region }, saved.name),
      atMs: momentOf(input, recovery, { nowMs, context }),
      ...(region === context.settings.region ? {} : { region }),
    }
    return await restoreTable(
      { target: input.TargetTableName ?? '', saved, source: restore, overrides: input },
      context,
    )
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

/** `nowMs`: where it is. */
type Source = {
  readonly region: string
  readonly saved: SavedTable
  readonly of: TableId
  readonly recovery: Recovery
  readonly nowMs: number
}

async function sourceOf(input: Input, context: OperationContext): Promise<Source> {
  const { engine, env, settings } = context
  const [, , , region = ''] = (input.SourceTableArn ?? '').split(':')
  if (isElsewhere(region, context)) return await sourceIn(region, input, context)
  const name = tableNameOf(settings, input.SourceTableArn ?? input.SourceTableName ?? '')
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'CREATING') throw noTable(name)
  const { recovery } = table
  if (recovery === undefined || table.status === 'DELETING') throw unavailable(name)
  const saved = savedTable(table, engine.size(table))
  return { region: settings.region, saved, of: table.id, recovery, nowMs: env.clock.wallMs() }
}

async function sourceIn(region: string, input: Input, context: OperationContext): Promise<Source> {
  const name = tableNameOf({ ...context.settings, region }, input.SourceTableArn ?? '')
  assertOwnKey(input)
  const told = await askElsewhere(region, { ask: 'recovery', table: name }, context)
  const { isThere, saved, of, recovery, nowMs } = told
  if (!isThere) throw noTable(name)
  if (saved === undefined || of === undefined || recovery === undefined) throw unavailable(name)
  return { region, saved, of, recovery, nowMs }
}

const unavailable = (name: string): ServiceError =>
  new ServiceError(
    'PointInTimeRecoveryUnavailableException',
    `Point in time recovery is not enabled for table '${name}'`,
  )

type Moment = { readonly nowMs: number; readonly context: OperationContext }

function momentOf({ RestoreDateTime }: Input, recovery: Recovery, { nowMs, context }: Moment): number {
  const delayMs = context.settings.timing['latest restorable time']
  const { earliestMs, latestMs } = windowOf(recovery, nowMs, delayMs)
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
