/** What the parts of the engine share: the state as decided, and the way to the disk. */
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Topology } from '../core/topology.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Catalog } from './catalog.ts'
import type { Counts } from './counts.ts'
import type { StayingRuns } from './staying-runs.ts'
import type { Cursors } from './cursors.ts'
import type { DecisionTime } from './decision-time.ts'
import type { Damage } from './damage.ts'
import type { Group, Groups } from './group.ts'
import type { Head } from './head.ts'
import type { Lineage } from './lineage.ts'
import { noteKey } from './keys.ts'
import type { LogWriter } from './log-writer.ts'
import type { SealedStore } from './sealed-store.ts'

export type State = {
  readonly topology: Topology
  readonly driftMsMax: number
  readonly itemCollectionSizeBytesMax: number
  readonly store: SealedStore
  readonly clock: Clock
  /** What decisions take for now. */
  readonly time: DecisionTime
  readonly log: Log
  readonly meter: Meter
  readonly groups: Groups
  readonly head: Head
  readonly counts: Counts
  readonly staying: StayingRuns
  readonly writer: LogWriter
  readonly damage: Damage
  readonly catalog: Catalog
  readonly cursors: Cursors
  readonly lineage: Lineage
}

export function readNote(store: Pick<SealedStore, 'get'>, name: string): unknown {
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
  return state.head.stamp(state.time.wallMs(), state.topology.self.number)
}
