/** What the parts of the engine share: the state as decided, and the way to the disk. */
import type { Backup } from '../core/archive/backup.ts'
import type { CopyJob } from '../core/copies/copy-job.ts'
import type { Stamp } from '../core/hybrid-logical-clock/stamp.ts'
import type { Topology } from '../core/topology.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Meter } from '../ports/meter.ts'
import type { Catalog } from './tables/catalog.ts'
import type { Counts } from './derived/counts.ts'
import type { LocalOnlyRuns } from './tables/local-only-runs.ts'
import type { Cursors } from './log/cursors.ts'
import type { DecisionTime } from './order/decision-time.ts'
import type { OrderBook } from './order/order-book.ts'
import type { Damage } from './store/damage.ts'
import type { Group, Groups } from './commands/flush-group.ts'
import type { Head } from './log/head.ts'
import type { Lineage } from './store/lineage.ts'
import { noteKey } from './store/keys.ts'
import type { LogWriter } from './log/log-writer.ts'
import type { Pace } from './pace.ts'
import type { Book } from './archive/book.ts'
import type { StreamBook } from './streams/stream-book.ts'
import type { SealedStore } from './store/sealed-store.ts'

export type State = {
  readonly topology: Topology
  readonly driftMsMax: number
  readonly itemCollectionSizeBytesMax: number
  readonly store: SealedStore
  readonly clock: Clock
  readonly pace: Pace
  /** What decisions take for now. */
  readonly time: DecisionTime
  readonly log: Log
  readonly meter: Meter
  readonly groups: Groups
  readonly head: Head
  readonly orderBook: OrderBook
  readonly counts: Counts
  readonly localOnly: LocalOnlyRuns
  readonly writer: LogWriter
  readonly damage: Damage
  readonly catalog: Catalog
  readonly streams: StreamBook
  readonly backups: Book<Backup>
  readonly copies: Book<CopyJob>
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

/** The stamp of a write of this region, now, or of the region that has appended what is decided in an order that several share. */
export function nextStamp(state: State): Stamp {
  return orderedStamp(state) ?? state.head.stamp(state.time.wallMs(), state.topology.self.number)
}

/** Undefined for what no other region decides. The clock of this region is never behind that of an order. */
export function orderedStamp({ orderBook, head }: State): Stamp | undefined {
  const stamp = orderBook.nextStamp()
  if (stamp !== undefined) head.reach(stamp)
  return stamp
}

/** Writes so many bytes, and takes them away again. */
export async function probeStore(state: State, sizeBytes: number): Promise<void> {
  const bytes = Buffer.alloc(sizeBytes)
  await inGroup(state, (group) => state.groups.put(group, noteKey('engine/probe'), bytes))
  await inGroup(state, (group) => putNotes(state, group, [['engine/probe', undefined]]))
}

/** Resolves when the edits are durable. */
export async function inGroup({ groups }: State, edit: (group: Group) => void): Promise<void> {
  const group = groups.open()
  edit(group)
  await group.durable
}
