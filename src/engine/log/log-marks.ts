/**
 * Marks of the log's size: one for about each MiB that is written to it, with the number of bytes up to there and the position that the log had come to. So the place
 * of its last so many bytes is found with one look-up. What a store of an earlier version holds of its log is not counted.
 */
import type { Position } from '../../core/change/change.ts'
import { stepRowsMax } from '../../core/limits/limits.ts'
import type { Group } from '../commands/flush-group.ts'
import { allLogMarks, logMarkKey, logMarkPosition } from '../store/keys.ts'
import type { State } from '../state.ts'

/** The last position before the log's last `bytes`; 0 where it has no more than these. */
export function beforeLastBytes({ store, head }: State, bytes: number): Position {
  if (head.logBytes <= bytes) return 0
  const from = logMarkKey(head.logBytes - bytes, 0)
  for (const key of store.keys({ ...allLogMarks, from, limit: 1 })) return logMarkPosition(key) - 1
  return head.position - 1
}

/** The entries up to the position are trimmed. */
export function removeMarks({ store, groups }: State, group: Group, upTo: Position): void {
  for (const key of store.keys({ ...allLogMarks, limit: stepRowsMax })) {
    if (logMarkPosition(key) > upTo) return
    groups.put(group, key, undefined)
  }
}
