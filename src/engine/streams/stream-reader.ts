/** Reads shards of change streams: what their keys in the store point at is in the log. */
import type { Change, Position } from '../../core/change/change.ts'
import { changeIn } from '../../core/change/record.ts'
import { streamTurnRecordsMax } from '../../core/stream-limits.ts'
import type { Turns } from '../../core/turns.ts'
import { entryAt, type LogEntry } from '../log/log.ts'
import { streamRecordKey, streamRecordPosition } from '../store/keys.ts'
import type { State } from '../state.ts'
import type { StreamPage, StreamPart } from './stream-part.ts'

export function* readStream(state: State, part: StreamPart): Turns<StreamPage> {
  const { stream, shard, upTo, countMax, bytesMax } = part
  const changes: Change[] = []
  let { after } = part
  let bytes = 0
  let entry: LogEntry | undefined
  for (;;) {
    const limit = Math.min(streamTurnRecordsMax, countMax - changes.length)
    const from = streamRecordKey(stream, shard, after + 1)
    const keys = [...state.store.keys({ from, to: streamRecordKey(stream, shard, upTo + 1), limit })]
    for (const position of keys.map(streamRecordPosition)) {
      entry = has(entry, position) ? entry : entryAt(state, position)
      const change = entry === undefined ? undefined : changeOf(entry, position)
      // Trimmed since the part was asked for.
      if (change === undefined) continue
      bytes += change.row.length + (change.previous?.length ?? 0)
      if (bytes > bytesMax && changes.length > 0) return { changes, upTo: position - 1 }
      changes.push(change)
      after = position
    }
    if (keys.length < limit) return { changes, upTo }
    if (changes.length >= countMax) return { changes, upTo: after }
    yield
  }
}

function has(entry: LogEntry | undefined, position: Position): entry is LogEntry {
  return entry !== undefined && position >= entry.first && position < entry.first + entry.heads.length
}

function changeOf({ first, heads, value }: LogEntry, position: Position): Change | undefined {
  const head = heads[position - first]
  return head === undefined ? undefined : changeIn(head, value)
}
