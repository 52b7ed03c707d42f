/** Records of a change stream as DynamoDB puts them into a Kinesis data stream: each by itself, with both images and finer times, without the stream's own numbers. */
import { sizeOfItem } from '../attribute/size.ts'
import type { Item } from '../attribute/value.ts'
import { parseSequenceNumber } from '../change-stream/sequence-number.ts'
import type { KinesisDestination } from '../table/table.ts'

/** A record, under the id that tells repeats from others. */
export type KinesisRecord = {
  readonly id: string
  readonly body: Buffer
  /** One for each kilobyte of the larger image, as AWS charges them. */
  readonly units: number
}

type StreamRecord = {
  readonly eventID: string
  readonly eventName: string
  readonly awsRegion: string
  readonly userIdentity?: { readonly Type: string; readonly PrincipalId: string }
  readonly dynamodb: {
    readonly Keys: unknown
    readonly NewImage?: Item
    readonly OldImage?: Item
    readonly SequenceNumber: string
    readonly SizeBytes: number
  }
}

const unitSizeBytes = 1024

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
    units: unitsOf(record.dynamodb),
  }))
}

function unitsOf({ NewImage, OldImage }: StreamRecord['dynamodb']): number {
  const sizes = [NewImage, OldImage].map((image) => (image === undefined ? 0 : sizeOfItem(image)))
  return Math.max(1, Math.ceil(Math.max(...sizes) / unitSizeBytes))
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
