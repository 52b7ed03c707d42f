/** The region's log as its readers see it: durable changes, in order, without holes. */
import { assert } from '../core/assert.ts'
import type { Change, Position } from '../core/change/change.ts'
import { decodeChange } from '../core/change/record.ts'
import { stepRowsMax } from '../core/limits.ts'
import { logKey, numberOf } from './keys.ts'
import type { State } from './state.ts'

export function readLog(
  state: State,
  bounds: { readonly after: Position; readonly upTo: Position; readonly changesMax: number; readonly bytesMax: number },
): readonly Change[] {
  const changes: Change[] = []
  let bytes = 0
  const range = { from: logKey(bounds.after + 1), to: logKey(bounds.upTo + 1), limit: bounds.changesMax }
  for (const { key, value } of state.store.entries(range)) {
    bytes += value.length
    if (changes.length > 0 && bytes > bounds.bytesMax) break
    const change = decodeChange(value)
    assert(change.position === numberOf(key), 'log: a change stands at its own position')
    const last = changes.at(-1)
    assert(last === undefined || change.position === last.position + 1, 'log: positions are contiguous')
    changes.push(change)
  }
  return changes
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
