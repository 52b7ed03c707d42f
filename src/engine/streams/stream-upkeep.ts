/** Removes what can no longer be read of change streams, in bounded steps. A crash between two steps leaves the rest to be done again. */
import type { ChangeStream } from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import { changeStreamsMax, streamRecordsRemovedAtOnceMax } from '../../core/limits/stream-limits.ts'
import type { Range } from '../../ports/store.ts'
import { streamRecordKey, streamRecordsOf } from '../store/keys.ts'
import type { State } from '../state.ts'

/** Nothing at or before the position can be read any more. */
export async function expireStreams(state: State, upTo: Position): Promise<void> {
  const streams = state.streams.durable
  const disabled = streams.filter(({ untilMs }) => untilMs !== undefined)
  const tooMany = new Set(disabled.slice(0, Math.max(0, streams.length - changeStreamsMax)))
  for (const stream of streams) {
    const bound = tooMany.has(stream) ? Infinity : upTo
    for (const range of expiredRanges(stream, bound)) await removeKeys(state, range)
    const isOver = (end: Position): boolean => end <= bound
    if (!stream.generations.some((each) => each.upTo !== undefined && isOver(each.upTo)) && !isEmpty(stream)) continue
    const group = state.groups.open()
    state.streams.expire(group, stream.number, (each) => each.upTo !== undefined && isOver(each.upTo))
    await state.groups.written(group)
  }
}

const isEmpty = ({ generations, untilMs }: ChangeStream): boolean => generations.length === 0 && untilMs !== undefined

/** Of generations that are forgotten already, of those that are over, and of the beginning of the others. */
function expiredRanges({ number, generations }: ChangeStream, upTo: Position): readonly Range[] {
  const all = streamRecordsOf(number)
  const kept = generations.filter((each) => each.upTo === undefined || each.upTo > upTo)
  const [first] = kept
  const shard = (generation: number, slice: number) => ({ generation, slice })
  const before = first === undefined ? all.to : streamRecordKey(number, shard(first.number, 0), 0)
  const beginnings = kept.flatMap((each) =>
    each.after >= upTo
      ? []
      : Array.from({ length: each.slices }, (_, slice) => ({
          from: streamRecordKey(number, shard(each.number, slice), 0),
          to: streamRecordKey(number, shard(each.number, slice), upTo + 1),
        })),
  )
  return [{ from: all.from, to: before }, ...beginnings]
}

async function removeKeys(state: State, range: Range): Promise<void> {
  for (;;) {
    const keys = [...state.store.keys({ ...range, limit: streamRecordsRemovedAtOnceMax })]
    if (keys.length === 0) return
    const group = state.groups.open()
    for (const key of keys) state.groups.put(group, key, undefined)
    await group.durable
    await state.clock.sleep(0)
    if (keys.length < streamRecordsRemovedAtOnceMax) return
  }
}
