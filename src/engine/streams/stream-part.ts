/** What is asked of a shard of a change stream, and what is answered. */
import type { ShardPlace } from '../../core/change-stream/change-stream.ts'
import type { Change, Position } from '../../core/change/change.ts'

export type StreamPart = {
  readonly stream: number
  readonly shard: ShardPlace
  /** Records at positions (after, upTo]. */
  readonly after: Position
  readonly upTo: Position
  readonly countMax: number
  readonly bytesMax: number
}

/** `upTo`: no record up to there is left out. */
export type StreamPage = { readonly changes: readonly Change[]; readonly upTo: Position }
