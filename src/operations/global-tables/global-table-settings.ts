/** What Describe- and UpdateGlobalTableSettings tell of every replica. */
import type { ReplicaSettingsDescription } from '@aws-sdk/client-dynamodb'
import type { Replica, Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { replicaStatus, seconds } from '../tables/description.ts'
import { indexSettingsAt, settingsAt } from '../tables/replica-overrides.ts'

type Description = Wire<ReplicaSettingsDescription>

export function replicaSettings(table: Table, { settings }: OperationContext): Description[] {
  return table.replicas.map((replica) => {
    const { billingMode, billingModeChangedMs, provisioned, tableClass } = settingsAt(table.settings, replica)
    return {
      RegionName: replica.region,
      ReplicaStatus: replicaStatus(replica, settings.regions),
      ReplicaBillingModeSummary: {
        BillingMode: billingMode,
        ...(billingModeChangedMs === undefined
          ? {}
          : { LastUpdateToPayPerRequestDateTime: seconds(billingModeChangedMs) }),
      },
      ReplicaProvisionedReadCapacityUnits: provisioned?.readUnits ?? 0,
      ReplicaProvisionedWriteCapacityUnits: provisioned?.writeUnits ?? 0,
      ...indexes(table, replica),
      ...(tableClass === undefined ? {} : { ReplicaTableClassSummary: { TableClass: tableClass } }),
    }
  })
}

function indexes(table: Table, replica: Replica): Pick<Description, 'ReplicaGlobalSecondaryIndexSettings'> {
  const globals = table.indexes.filter((index) => index.kind === 'global')
  if (globals.length === 0) return {}
  return {
    ReplicaGlobalSecondaryIndexSettings: globals.map(({ name, status, settings }) => {
      const { provisioned } = indexSettingsAt(name, settings, replica)
      return {
        IndexName: name,
        IndexStatus: status,
        ProvisionedReadCapacityUnits: provisioned?.readUnits ?? 0,
        ProvisionedWriteCapacityUnits: provisioned?.writeUnits ?? 0,
      }
    }),
  }
}
