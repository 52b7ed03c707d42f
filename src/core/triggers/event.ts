/** What a function is sent, and what a destination is told of a batch that is given up. */
import { sequenceNumber } from '../change-stream/sequence-number.ts'
import type { DropReason, LaneRecord, SentWindow } from './trigger-lane.ts'

/** Where a batch is of. */
export type EventPlace = { readonly streamArn: string; readonly shardId: string; readonly windowSeconds: number }

/** `records`: in JSON, with commas between them. */
export function eventOf(records: Buffer, window: SentWindow | undefined, place: EventPlace): Buffer {
  const end = window === undefined ? ']}' : `],${windowMembers(window, place)}}`
  return Buffer.concat([Buffer.from('{"Records":['), records, Buffer.from(end)])
}

function windowMembers(window: SentWindow, { streamArn, shardId, windowSeconds }: EventPlace): string {
  const { startMs, state, isFinal, isEarly } = window
  const about = {
    window: { start: secondText(startMs), end: secondText(startMs + windowSeconds * 1000) },
    shardId,
    eventSourceARN: streamArn,
    isFinalInvokeForWindow: isFinal,
    isWindowTerminatedEarly: isEarly,
  }
  return `"state":${state},${JSON.stringify(about).slice(1, -1)}`
}

const secondText = (ms: number): string => new Date(ms).toISOString().replace('.000', '')

/** The last answer to the batch; undefined where it was never sent. */
export type LastAnswer = { readonly status: number; readonly isError: boolean }

export type GivenUp = {
  readonly mapping: { readonly uuid: string; readonly functionArn: string; readonly streamArn: string }
  readonly shardId: string
  readonly records: readonly LaneRecord[]
  readonly reason: DropReason
  readonly failures: number
  readonly answer: LastAnswer | undefined
  readonly requestId: string
  readonly nowMs: number
}

/** In Lambda's words; a bucket gets the event too, as `payload`. */
export function givenUpRecord(given: GivenUp): Readonly<Record<string, unknown>> {
  const { mapping, shardId, records, reason, failures, answer, requestId, nowMs } = given
  const [first, last] = [records[0], records.at(-1)]
  return {
    requestContext: {
      requestId,
      functionArn: mapping.functionArn,
      condition: reason,
      approximateInvokeCount: failures,
    },
    ...(answer === undefined ? {} : { responseContext: responseOf(answer) }),
    version: '1.0',
    timestamp: new Date(nowMs).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: sequenceOf(first),
      endSequenceNumber: sequenceOf(last),
      approximateArrivalOfFirstRecord: timeOf(first),
      approximateArrivalOfLastRecord: timeOf(last),
      batchSize: records.length,
      streamArn: mapping.streamArn,
    },
  }
}

const responseOf = ({ status, isError }: LastAnswer) => ({
  statusCode: status,
  executedVersion: '$LATEST',
  functionError: isError ? 'Unhandled' : null,
})

const sequenceOf = (record: LaneRecord | undefined): string | undefined =>
  record === undefined ? undefined : sequenceNumber(record)
const timeOf = (record: LaneRecord | undefined): string | undefined =>
  record === undefined ? undefined : secondText(Math.floor(record.atMs / 1000) * 1000)

/** The key of its object in a bucket, as Lambda names it. */
export function objectKey({ mapping, shardId, requestId, nowMs }: GivenUp): string {
  const time = new Date(nowMs).toISOString()
  const [day = '', rest = ''] = time.split('T')
  const clock = rest.slice(0, 8).replaceAll(':', '.')
  return `aws/lambda/${mapping.uuid}/${shardId}/${day.replaceAll('-', '/')}/${day}T${clock}-${requestId}`
}
