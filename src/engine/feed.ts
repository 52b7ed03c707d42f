/**
 * Bounded lists in the store, numbered, the oldest forgotten first: the conflict feed, and what could not be read of
 * others. Written in the batch of what they tell of.
 */
import {
  conflictAgeMsMax,
  conflictsBytesMax,
  conflictsMax,
  conflictsToldBytesMax,
  feedForgottenAtOnceMax,
  overruledBytesMax,
  overruledMax,
  setAsideBytesMax,
  setAsideMax,
} from '../core/limits/limits.ts'
import type { Row } from '../core/item/row.ts'
import { encodeRow } from '../core/item/row.ts'
import { registerValue } from '../core/table/registers.ts'
import type { Table } from '../core/table/table.ts'
import { DamagedRecord } from './store/damaged-record.ts'
import type { Conflict, FeedCount, OverruledSetting, SetAside } from './engine.ts'
import type { Group } from './commands/flush-group.ts'
import type { Feed } from './log/head.ts'
import { conflictKey, overruledKey, setAsideKey } from './store/keys.ts'
import type { State } from './state.ts'

export function addConflict(
  state: State,
  group: Group,
  table: Table,
  conflict: {
    readonly key: Buffer
    readonly local: Row
    readonly incoming: Row
    readonly winner: 'local' | 'incoming'
  },
): void {
  state.meter.count('longitude_conflicts_total', { table: table.name })
  const wallMs = state.time.wallMs()
  const record = encodeRecord({
    wallMs,
    table: table.id,
    tableName: table.name,
    key: conflict.key,
    keyNames: [...table.key.partition, ...table.key.sort].map(({ name }) => name),
    local: encodeRow(conflict.local),
    incoming: encodeRow(conflict.incoming),
    winner: conflict.winner,
  })
  const bounds = {
    countMax: conflictsMax,
    bytesMax: conflictsBytesMax,
    sinceMs: wallMs - conflictAgeMsMax,
    keyOf: conflictKey,
  }
  state.head.conflicts = append(state, group, state.head.conflicts, record, bounds)
}

export function addSetAside(state: State, group: Group, entry: Omit<SetAside, 'number' | 'wallMs'>): void {
  state.log.error('set a peer’s change aside', { peer: entry.origin, table: entry.table, reason: entry.reason })
  state.meter.count('longitude_replication_refused_total', { peer: entry.origin })
  const row = entry.row.subarray(0, setAsideBytesMax)
  const record = encodeRecord({ wallMs: state.time.wallMs(), ...entry, row })
  const bounds = { countMax: setAsideMax, bytesMax: setAsideMax * setAsideBytesMax * 2, sinceMs: 0, keyOf: setAsideKey }
  state.head.setAside = append(state, group, state.head.setAside, record, bounds)
}

export function addOverruled(
  state: State,
  group: Group,
  entry: Omit<OverruledSetting, 'number' | 'wallMs' | 'tableName'>,
): void {
  const { table, register, by, reason } = entry
  const tableName = registerValue(state.catalog.registers(table), 'definition')?.name ?? table
  state.log.warn('setting overruled by another region’s', { table: tableName, register, by, reason })
  state.meter.count('longitude_settings_overruled_total', { table: tableName })
  const record = encodeRecord({ wallMs: state.time.wallMs(), tableName, ...entry })
  const bounds = { countMax: overruledMax, bytesMax: overruledBytesMax, sinceMs: 0, keyOf: overruledKey }
  state.head.overruled = append(state, group, state.head.overruled, record, bounds)
}

/** The durable entries after `after`, oldest first; at least one if there is one, and no more than about `conflictsToldBytesMax`. */
export function readConflicts(state: State, after: number, countMax: number): readonly Conflict[] {
  const sinceMs = state.clock.wallMs() - conflictAgeMsMax
  for (let from = Math.max(after, lastBefore(state, sinceMs)); ;) {
    const found = readFeed<Conflict>(state, conflictKey, from, countMax)
    const kept = found.filter(({ wallMs }) => wallMs >= sinceMs)
    const last = found.at(-1)
    if (kept.length > 0 || last === undefined) return kept
    from = last.number
  }
}

/** The last conflict that is too old to be told: found by halving, since they stand in the order of their times. */
function lastBefore(state: State, sinceMs: number): number {
  let { first: low, last: high } = state.head.conflicts
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const record = state.damage.asFound(() => state.store.look(conflictKey(middle)))
    if (record !== undefined && record.length > 0 && metMs(record) < sinceMs) low = middle
    else high = middle - 1
  }
  return low
}

export function readSetAside(state: State, after: number, countMax: number): readonly SetAside[] {
  return readFeed(state, setAsideKey, after, countMax)
}

export function readOverruled(state: State, after: number, countMax: number): readonly OverruledSetting[] {
  return readFeed(state, overruledKey, after, countMax)
}

export const countOf = ({ first, last }: Feed): FeedCount => ({ count: last - first, last })

type Bounds = {
  readonly countMax: number
  readonly bytesMax: number
  /** What is older may go. */
  readonly sinceMs: number
  readonly keyOf: (number: number) => Buffer
}

function append(state: State, group: Group, feed: Feed, record: Buffer, bounds: Bounds): Feed {
  let { first, bytes } = feed
  const last = feed.last + 1
  bytes += record.length
  state.groups.put(group, bounds.keyOf(last), record)
  for (let gone = 0; first < last - 1 && (gone === 0 || mayForget(group)); gone++) {
    const oldest = bounds.keyOf(first + 1)
    const kept = state.damage.asFound(() => state.groups.get(oldest))
    const within = last - first <= bounds.countMax && bytes <= bounds.bytesMax
    if (within && kept !== undefined && metMs(kept) >= bounds.sinceMs) break
    first += 1
    bytes -= kept?.length ?? 0
    state.groups.put(group, oldest, undefined)
  }
  return { first, last, bytes }
}

/** A group forgets only so many: a feed that is all too old, or too large, comes within its bounds over several. */
function mayForget(group: Group): boolean {
  const count = (forgotten.get(group) ?? 0) + 1
  forgotten.set(group, count)
  return count <= feedForgottenAtOnceMax
}

const forgotten = new WeakMap<Group, number>()

function readFeed<Entry>(state: State, keyOf: (number: number) => Buffer, after: number, countMax: number): Entry[] {
  const found: Entry[] = []
  let bytes = 0
  const range = { from: keyOf(after + 1), to: keyOf(2 ** 48), limit: countMax }
  for (const { key, value } of state.store.entriesAsFound(range, none)) {
    if (value.length === 0) {
      state.damage.note(new DamagedRecord(key, 'its checksum is wrong'))
      continue
    }
    bytes += value.length
    if (found.length > 0 && bytes > conflictsToldBytesMax) break
    found.push({ number: Number(key.readBigUInt64BE(1)), ...decodeRecord(value) } as Entry)
  }
  return found
}

const none = Buffer.alloc(0)

/** Every record begins with it, so that it need not be parsed to be told old. */
function metMs(record: Buffer): number {
  return Number(/^\{"wallMs":(\d+)/.exec(record.toString('latin1', 0, 40))?.[1] ?? 0)
}

const binaryMembers = ['key', 'row', 'local', 'incoming']

function encodeRecord(record: Readonly<Record<string, unknown>>): Buffer {
  const text = Object.entries(record).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value.toString('base64') : value,
  ])
  return Buffer.from(JSON.stringify(Object.fromEntries(text)))
}

function decodeRecord(bytes: Buffer): Record<string, unknown> {
  const record = JSON.parse(bytes.toString()) as Record<string, unknown>
  for (const name of binaryMembers) {
    const value = record[name]
    if (typeof value === 'string') record[name] = Buffer.from(value, 'base64')
  }
  return record
}
