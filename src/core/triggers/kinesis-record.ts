/** Records of a change stream as DynamoDB puts them into a Kinesis data stream: each by itself, with both images and finer times, without the stream's own numbers. */
import { parseSequenceNumber } from '../change-stream/sequence-number.ts'
import type { KinesisDestination } from '../table/table.ts'

/** A record, under the id that tells repeats from others. */
export type KinesisRecord = { readonly id: string; readonly body: Buffer }

type StreamRecord = {
  readonly eventID: string
  readonly eventName: string
  readonly awsRegion: string
  readonly userIdentity?: { readonly Type: string; readonly PrincipalId: string }
  readonly dynamodb: {
    readonly Keys: unknown
    readonly NewImage?: unknown
    readonly OldImage?: unknown
    readonly SequenceNumber: string
    readonly SizeBytes: number
  }
}

/** Of a function's event. */
export function kinesisRecords(
  event: string,
  tableName: string,
  precision: KinesisDestination['precision'],
): readonly KinesisRecord[] {
  const { Records } = JSON.parse(event) as { readonly Records: readonly StreamRecord[] }
  return Records.map((record) => ({
    id: record.eventID,
    body: Buffer.from(JSON.stringify(recordOf(record, tableName, precision))),
  }))
}

function recordOf(record: StreamRecord, tableName: string, precision: KinesisDestination['precision']): object {
  const { eventID, eventName, awsRegion, userIdentity, dynamodb } = record
  const { Keys, NewImage, OldImage, SequenceNumber, SizeBytes } = dynamodb
  const atMs = parseSequenceNumber(SequenceNumber)?.atMs ?? 0
  const by = userIdentity && { type: userIdentity.Type, principalId: userIdentity.PrincipalId }
  return {
    awsRegion,
    eventID,
    eventName,
    userIdentity: by ?? null,
    recordFormat: 'application/json',
    tableName,
    dynamodb: {
      ApproximateCreationDateTime: precision === 'MICROSECOND' ? atMs * 1000 : atMs,
      Keys,
      ...(NewImage === undefined ? {} : { NewImage }),
      ...(OldImage === undefined ? {} : { OldImage }),
      SizeBytes,
      ...(precision === undefined ? {} : { ApproximateCreationDateTimePrecision: precision }),
    },
    eventSource: 'aws:dynamodb',
  }
}
