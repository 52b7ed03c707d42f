/** Reads shards of change streams: what their keys in the store point at is in the log. */
import type { Position } from '../../core/change/change.ts'
import type { RecordHead } from '../../core/change/record.ts'
import { streamTurnRecordsMax } from '../../core/limits/stream-limits.ts'
import type { Turns } from '../../core/turns.ts'
import { entryAround, type LogEntry } from '../log/log.ts'
import { streamRecordKey, streamRecordPosition } from '../store/keys.ts'
import type { State } from '../state.ts'
import type { StreamPage, StreamPart, VisitStreamRecord } from './stream-part.ts'

export function* readStream(state: State, part: StreamPart, visit: VisitStreamRecord): Turns<StreamPage> {
  const { stream, shard, upTo, countMax, bytesMax } = part
  let { after } = part
  let count = 0
  let bytes = 0
  for (;;) {
    const limit = Math.min(streamTurnRecordsMax, countMax - count)
    const from = streamRecordKey(stream, shard, after + 1)
    const keys = [...state.store.keys({ from, to: streamRecordKey(stream, shard, upTo + 1), limit })]
    let entry: LogEntry | undefined
    for (const position of keys.map(streamRecordPosition)) {
      entry = has(entry, position) ? entry : entryAround(state, position)
      const head = entry?.heads[position - entry.first]
      // Trimmed since the part was asked for.
      if (entry === undefined || head === undefined) continue
      bytes += sizeBytesOf(head)
      if (bytes > bytesMax && count > 0) return { upTo: position - 1 }
      visit(head, entry.value)
      count++
      after = position
    }
    if (keys.length < limit) return { upTo }
    if (count >= countMax) return { upTo: after }
    yield
  }
}

/** The changes of a transaction lie in one entry. */
function has(entry: LogEntry | undefined, position: Position): entry is LogEntry {
  return entry !== undefined && position >= entry.first && position < entry.first + entry.heads.length
}

function sizeBytesOf({ rowStart, rowEnd, previousEnd = rowEnd }: RecordHead): number {
  return previousEnd - rowStart
}
