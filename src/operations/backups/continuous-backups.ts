/** Point-in-time recovery of a table, as it is described. */
import type { ContinuousBackupsDescription } from '@aws-sdk/client-dynamodb'
import { windowOf } from '../../core/archive/recovery.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { seconds } from '../tables/description.ts'
import { areEnabled } from './table-with-backups.ts'

export function continuousBackups(table: Table, context: OperationContext): Wire<ContinuousBackupsDescription> {
  return {
    ContinuousBackupsStatus: areEnabled(table, context) ? 'ENABLED' : 'DISABLED',
    PointInTimeRecoveryDescription: recoveryOf(table, context),
  }
}

function recoveryOf(
  { recovery }: Table,
  { env, settings }: OperationContext,
): Wire<NonNullable<ContinuousBackupsDescription['PointInTimeRecoveryDescription']>> {
  if (recovery === undefined) return { PointInTimeRecoveryStatus: 'DISABLED' }
  const { earliestMs, latestMs } = windowOf(recovery, env.clock.wallMs(), settings.timing['latest restorable time'])
  return {
    PointInTimeRecoveryStatus: 'ENABLED',
    RecoveryPeriodInDays: recovery.days,
    EarliestRestorableDateTime: seconds(earliestMs),
    LatestRestorableDateTime: seconds(latestMs),
  }
}
