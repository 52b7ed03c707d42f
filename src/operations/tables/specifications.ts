/** Stream and encryption specifications: kept and described here; what runs them reads the table's settings. */
import type { SSESpecification, StreamSpecification } from '@aws-sdk/client-dynamodb'
import { streamLabel } from '../../core/table/table-identity.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import { keyArnOf, managedKey } from '../key-arn.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export function streamFrom(
  specification: Wire<StreamSpecification> | undefined,
  nowMs: number,
): RegisterValues['settings/stream'] | undefined {
  if (specification?.StreamEnabled !== true) return undefined
  return { enabled: true, viewType: specification.StreamViewType ?? 'NEW_AND_OLD_IMAGES', label: streamLabel(nowMs) }
}

export function encryptionFrom(
  specification: Wire<SSESpecification> | undefined,
  place: OperationContext['settings'],
): RegisterValues['settings/encryption'] | undefined {
  // A type alone enables it, too.
  if (specification === undefined || !(specification.Enabled ?? specification.SSEType === 'KMS')) return undefined
  const key = specification.KMSMasterKeyId
  const keyArn = key === undefined || key === managedKey ? undefined : keyArnOf(place, key)
  return { type: specification.SSEType ?? 'KMS', status: 'ENABLED', ...(keyArn === undefined ? {} : { keyArn }) }
}
