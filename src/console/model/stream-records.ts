/** Records of a change stream as a page shows them. Pure. */
import type { Item } from './edited-values.ts'

export type StreamRecord = {
  readonly id: string
  readonly event: string
  readonly atMs?: number
  readonly keys: Item
  readonly before?: Item
  readonly after?: Item
  readonly bytes?: number
  /** Deleted by time to live, which says so of itself. */
  readonly byTimeToLive: boolean
}

/** Undefined for something that is no record. */
export function recordOf(told: unknown): StreamRecord | undefined {
  const { eventID: id, eventName: event, dynamodb, userIdentity } = fieldsOf(told)
  if (typeof id !== 'string' || typeof event !== 'string') return undefined
  const { Keys: keys, OldImage: before, NewImage: after, ...rest } = fieldsOf(dynamodb)
  const { ApproximateCreationDateTime: seconds, SizeBytes: bytes } = rest
  return {
    id,
    event,
    ...(typeof seconds === 'number' ? { atMs: seconds * 1000 } : {}),
    keys: fieldsOf(keys) as Item,
    ...(before === undefined ? {} : { before: fieldsOf(before) as Item }),
    ...(after === undefined ? {} : { after: fieldsOf(after) as Item }),
    ...(typeof bytes === 'number' ? { bytes } : {}),
    byTimeToLive: fieldsOf(userIdentity)['principalId'] === 'dynamodb.amazonaws.com',
  }
}

/** The newest first; the oldest go when there are too many. */
export function withNewer(
  shown: readonly StreamRecord[],
  told: readonly unknown[],
  most: number,
): readonly StreamRecord[] {
  const newer = told.flatMap((each) => recordOf(each) ?? [])
  return [...newer.toReversed(), ...shown].slice(0, most)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
