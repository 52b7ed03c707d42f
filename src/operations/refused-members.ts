/**
 * Members of requests that this version does not act on, by operation. A request that has one is refused by its name: what a client
 * asks for is never left out in silence. Each has the reason that the refusal gives; the name counts wherever it stands in the input.
 */
import { validationError } from '../core/errors.ts'
import { isObject } from '../core/wire/json.ts'

const accounts = 'global tables are of one account'
const scaling = 'auto scaling is set with UpdateTableReplicaAutoScaling'
const vectors = 'there are no vector indexes'

export const refusedMembers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CreateTable: {
    GlobalTableSettingsReplicationMode: accounts,
    GlobalTableSourceArn: accounts,
    VectorIndexes: vectors,
  },
  ExportTableToPointInTime: { S3SseKmsKeyId: 'buckets have no keys' },
  ImportTable: { VectorIndexes: vectors },
  RestoreTableFromBackup: { VectorIndexOverride: vectors },
  RestoreTableToPointInTime: { VectorIndexOverride: vectors },
  UpdateGlobalTableSettings: {
    GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate: scaling,
    ProvisionedReadCapacityAutoScalingSettingsUpdate: scaling,
    ProvisionedWriteCapacityAutoScalingSettingsUpdate: scaling,
    ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate: scaling,
  },
  UpdateTable: { VectorIndexUpdates: vectors },
}

/** A check of the operation: throws a ValidationException that names the first member that is refused. */
export function refuseMembers(operation: string): (input: unknown) => void {
  const reasons = new Map(Object.entries(refusedMembers[operation] ?? {}))
  const check = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(check)
    if (Array.isArray(value) || !isObject(value)) return
    for (const [name, member] of Object.entries(value)) {
      const reason = reasons.get(name)
      if (reason !== undefined)
        throw validationError(`${name} is not supported by this version of Longitude: ${reason}`)
      check(member)
    }
  }
  return check
}
