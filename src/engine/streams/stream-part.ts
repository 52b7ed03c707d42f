/** What is asked of a shard of a change stream, and what is answered. */
import type { ShardPlace } from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import type { RecordHead } from '../../core/change/record.ts'

export type StreamPart = {
  readonly stream: number
  readonly shard: ShardPlace
  /** Records at positions (after, upTo]. */
  readonly after: Position
  readonly upTo: Position
  readonly countMax: number
  /** Of their rows; one record may be larger. */
  readonly bytesMax: number
}

/** A record: an entry of the log, and where in it the change is. `entry` is only lent: it is gone once anything is asked of the engine. */
export type VisitStreamRecord = (head: RecordHead, entry: Buffer) => void

/** `upTo`: no record up to there is left out. */
export type StreamPage = { readonly upTo: Position }
