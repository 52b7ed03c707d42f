/** What the parts of the engine share: the state as decided, and the way to the disk. */
import { isForeign, type Position } from '../core/change/change.ts'
import { encodeChange, type Unplaced } from '../core/change/record.ts'
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Topology } from '../core/topology.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Store } from '../ports/store.ts'
import type { Catalog } from './catalog.ts'
import type { Counts } from './counts.ts'
import type { StayingRuns } from './staying-runs.ts'
import type { Cursors } from './cursors.ts'
import type { Group, Groups } from './group.ts'
import type { Head } from './head.ts'
import type { Lineage } from './lineage.ts'
import { logKey, noteKey } from './keys.ts'

export type State = {
  readonly topology: Topology
  readonly driftMsMax: number
  readonly itemCollectionSizeBytesMax: number
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly groups: Groups
  readonly head: Head
  readonly counts: Counts
  readonly staying: StayingRuns
  readonly catalog: Catalog
  readonly cursors: Cursors
  readonly lineage: Lineage
}

/**
 * Adds a change to the log; `first` is the position of the first change of its transaction, if that is another. An ordinal
 * of 0: not to be counted among the table's own changes, nor to leave the region.
 */
export function logChange(state: State, group: Group, change: Unplaced, first?: Position): Position {
  const position = state.head.position + 1
  state.groups.append(group, logKey(position), encodeChange(change, position, first ?? position))
  if (isForeign(change.cause) || change.alone === true) state.staying.add(position)
  state.head.position = position
  return position
}

export function readNote(store: Store, name: string): unknown {
  const bytes = store.get(noteKey(name))
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as unknown)
}

/** As JSON; undefined removes one. */
export function putNotes({ groups }: State, group: Group, notes: readonly (readonly [string, unknown])[]): void {
  for (const [name, value] of notes)
    groups.put(group, noteKey(name), value === undefined ? undefined : Buffer.from(JSON.stringify(value)))
}

/** The stamp of a write of this region, now. */
export function nextStamp(state: State): Stamp {
  return state.head.stamp(state.clock.wallMs(), state.topology.self.number)
}
