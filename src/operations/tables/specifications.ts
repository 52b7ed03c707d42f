/** Stream and encryption specifications: kept and described here; what runs them reads the table's settings. */
import type { SSESpecification, StreamSpecification } from '@aws-sdk/client-dynamodb'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { Wire } from '../sdk-shape.ts'

export function streamFrom(
  specification: Wire<StreamSpecification> | undefined,
  nowMs: number,
): RegisterValues['settings/stream'] | undefined {
  if (specification?.StreamEnabled !== true) return undefined
  return { enabled: true, viewType: specification.StreamViewType ?? 'NEW_AND_OLD_IMAGES', label: streamLabel(nowMs) }
}

/** A stream's label is the time it was made, to the millisecond and without a zone: 2015-05-11T21:21:33.291. */
export const streamLabel = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, -1)

export function encryptionFrom(
  specification: Wire<SSESpecification> | undefined,
): RegisterValues['settings/encryption'] | undefined {
  // A type alone enables it, too.
  if (specification === undefined || !(specification.Enabled ?? specification.SSEType === 'KMS')) return undefined
  const keyArn = specification.KMSMasterKeyId
  return { type: specification.SSEType ?? 'KMS', status: 'ENABLED', ...(keyArn === undefined ? {} : { keyArn }) }
}
