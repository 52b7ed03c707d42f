/** The region's log as its readers see it: durable changes, in order, without holes. */
import { assert } from '../core/assert.ts'
import { type Change, isForeign, type Position } from '../core/change/change.ts'
import { decodeChange } from '../core/change/record.ts'
import { stepRowsMax } from '../core/limits.ts'
import type { OwnChanges } from './engine.ts'
import { logKey, numberOf } from './keys.ts'
import type { State } from './state.ts'

type Bounds = {
  readonly after: Position
  readonly upTo: Position
  readonly changesMax: number
  readonly bytesMax: number
}

export function readLog(state: State, bounds: Bounds): readonly Change[] {
  const changes: Change[] = []
  readInto(state, bounds, changes, 0)
  return changes
}

/** Only what the region itself has written: stretches that are known to hold nothing that leaves it are not read. */
export function readOwnLog(state: State, { after, upTo, changesMax, bytesMax }: Bounds): OwnChanges {
  const changes: Change[] = []
  let bytes = 0
  let read = after
  while (read < upTo && changes.length < changesMax && bytes < bytesMax) {
    const run = state.staying.at(read + 1)
    if (run !== undefined && run.first <= read + 1) {
      read = Math.min(run.last, upTo)
      continue
    }
    const end = Math.min(upTo, (run?.first ?? Infinity) - 1)
    const part: Change[] = []
    bytes = readInto(state, { after: read, upTo: end, changesMax: changesMax - changes.length, bytesMax }, part, bytes)
    const last = part.at(-1)
    if (last === undefined) break
    read = last.position
    for (const change of part) if (!isForeign(change.cause)) changes.push(change)
  }
  return { changes, upTo: read }
}

/** Returns the bytes read so far, those of before among them. */
function readInto(state: State, bounds: Bounds, changes: Change[], bytesBefore: number): number {
  let bytes = bytesBefore
  const range = { from: logKey(bounds.after + 1), to: logKey(bounds.upTo + 1), limit: bounds.changesMax }
  for (const { key, value } of state.store.entries(range)) {
    bytes += value.length
    if (bytes > value.length && bytes > bounds.bytesMax) break
    const change = decodeChange(value)
    assert(change.position === numberOf(key), 'log: a change stands at its own position')
    const last = changes.at(-1)
    assert(last === undefined || change.position === last.position + 1, 'log: positions are contiguous')
    changes.push(change)
  }
  return bytes
}

/** In bounded steps, oldest first, so that the log has no holes whenever it stops. */
export async function trimLog(state: State, upTo: Position, flushed: () => Position): Promise<void> {
  while (state.head.oldest <= Math.min(upTo, flushed())) {
    const group = state.groups.open()
    const end = Math.min(upTo, flushed(), state.head.oldest + stepRowsMax - 1)
    for (let position = state.head.oldest; position <= end; position++)
      state.groups.put(group, logKey(position), undefined)
    state.head.oldest = end + 1
    await group.durable
  }
}
