/**
 * The region's log as its readers see it: durable changes, in order, without holes. An entry stands under the key of its first position: the
 * next entry is then where the last one ended, which is one exact look-up, and the entry around any position is one seek backwards.
 */
import { assert } from '../../core/assert.ts'
import { type Change, isForeign, type Position } from '../../core/change/change.ts'
import { changeIn, decodeEntry, type RecordHead } from '../../core/change/record.ts'
import type { Proof, Proven } from '../../core/change/proof.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { stepRowsMax } from '../../core/limits/limits.ts'
import { DamagedRecord } from '../store/damaged-record.ts'
import type { OwnBounds, VisitRecord } from '../engine.ts'
import { logKey, numberOf } from '../store/keys.ts'
import { removeMarks } from './log-marks.ts'
import type { State } from '../state.ts'

type Bounds = {
  readonly after: Position
  readonly upTo: Position
  readonly changesMax: number
  readonly bytesMax: number
}

export function readLog(state: State, { after, upTo, changesMax, bytesMax }: Bounds): readonly Change[] {
  const changes: Change[] = []
  let bytes = 0
  const from = logKey(entryAround(state, after + 1)?.first ?? after + 1)
  for (const { key, value } of state.store.entries({ from, to: logKey(upTo + 1) })) {
    const heads = headsIn(key, value)
    assert(changes.length === 0 || heads[0]?.position === changes.at(-1)!.position + 1, 'log: positions are contiguous')
    for (const head of heads) {
      if (head.position <= after) continue
      bytes += sizeBytesOf(head)
      if (changes.length >= changesMax || (changes.length > 0 && bytes > bytesMax)) return changes
      changes.push(changeIn(head, value))
    }
  }
  return changes
}

/**
 * Only what the region itself has written: stretches that are known to hold nothing that leaves it are not read. What a peer
 * that was away asks for is read like this, entry by entry where it lies, and no more copied of it than leaves.
 */
export function visitOwnLog(state: State, bounds: OwnBounds, flushed: Position, visit: VisitRecord): Position {
  const { after, bytesMax } = bounds
  const upTo = Math.min(bounds.upTo, flushed)
  let read = after
  let bytes = 0
  while (read < upTo) {
    const localOnly = state.localOnly.at(read + 1)
    if (localOnly !== undefined && localOnly.first <= read + 1) {
      read = Math.min(localOnly.last, upTo)
      continue
    }
    const entry = entryAround(state, read + 1)
    // Before the first there may be what was trimmed; after it there are no holes.
    assert(entry !== undefined || bytes === 0, 'log: positions are contiguous')
    if (entry === undefined) break
    let value: Buffer | undefined = entry.value
    for (const head of entry.heads) {
      if (head.position <= read) continue
      if (head.position > upTo) return read
      const size = sizeBytesOf(head)
      bytes += size
      if (bytes > size && bytes > bytesMax) return read
      if (!isForeign(head.cause)) {
        if (!visit(head, value ?? lent(state, entry.first))) return read
        // The visitor may have asked the store: what was lent is lent again for the next change.
        if (entry.isLent) value = undefined
      }
      read = head.position
    }
  }
  return read
}

export type LogEntry = {
  readonly first: Position
  readonly heads: readonly RecordHead[]
  readonly value: Buffer
  /** The value is gone once the store is asked for anything. */
  readonly isLent: boolean
}

/** The entry around the position; undefined where the log does not hold it. */
export function entryAround(state: State, position: Position): LogEntry | undefined {
  const key = logKey(position)
  const exact = state.store.look(key)
  if (exact !== undefined) return { first: position, heads: headsIn(key, exact), value: exact, isLent: true }
  const before = { from: logKey(0), to: key, reverse: true, limit: 1 }
  for (const { key: at, value } of state.store.entries(before)) {
    const heads = headsIn(at, value)
    const first = numberOf(at)
    return first + heads.length > position ? { first, heads, value, isLent: false } : undefined
  }
  return undefined
}

function lent(state: State, first: Position): Buffer {
  const bytes = state.store.look(logKey(first))
  assert(bytes !== undefined, 'log: an entry stays where it is')
  return bytes
}

function headsIn(key: Buffer, value: Buffer): readonly RecordHead[] {
  const heads = DamagedRecord.unless(key, () => decodeEntry(value))
  if (heads[0]?.position !== numberOf(key)) throw new DamagedRecord(key, 'it is of another position')
  return heads
}

function sizeBytesOf({ keyStart, rowEnd, previousEnd }: RecordHead): number {
  return (previousEnd ?? rowEnd) - keyStart
}

/** Whether the log has led to the place that a peer claims with this proof. */
export function proven(state: State, proof: Proof, flushed: Position): Proven {
  if (proof.of.startsWith('p')) return state.lineage.provesStart(proof, flushed)
  const entry = proof.of.startsWith('w') ? entryAround(state, proof.at) : undefined
  if (entry === undefined) return proof.of.startsWith('w') && proof.at > flushed ? 'other' : 'unknown'
  const head = entry.heads[proof.at - entry.first] as RecordHead
  const { wallMs, counter, region } = readStamp(entry.value, head.rowStart + 1)
  return region === state.topology.self.number && proof.of === `w${wallMs}.${counter}` ? 'same' : 'other'
}

type Ends = { readonly oldest: Position; readonly flushed: Position }

/** The last position that was committed before the time, found by halving: entries' times never go back. */
export function lastBefore(state: State, ms: number, { oldest, flushed }: Ends): Position {
  let low = oldest - 1
  let high = flushed
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const at = entryAround(state, middle)?.heads[0]?.at
    if (at !== undefined && at < ms) low = middle
    else high = middle - 1
  }
  return low
}

/** Whole entries, in bounded steps, oldest first, so that the log has no holes whenever it stops. None is read. */
export async function trimLog(state: State, upTo: Position, flushed: () => Position): Promise<void> {
  for (;;) {
    const ends = endsOf(state, Math.min(upTo, flushed()), flushed())
    const last = ends.at(-1)
    if (last === undefined) return
    const group = state.groups.open()
    for (const { key } of ends) state.groups.put(group, key, undefined)
    removeMarks(state, group, last.end)
    state.head.oldest = last.end + 1
    await group.durable
  }
}

type EntryEnd = { readonly key: Buffer; readonly end: Position }

/** The oldest entries that end at or before `upTo`: each ends where the next one begins, and the last of them where the log ends. */
function endsOf(state: State, upTo: Position, flushed: Position): readonly EntryEnd[] {
  const { oldest } = state.head
  if (oldest > upTo) return []
  const range = { from: logKey(oldest), to: logKey(upTo + 2), limit: stepRowsMax + 1 }
  const keys = [...state.store.keys(range)]
  const ends = keys.slice(0, stepRowsMax).map((key, n) => {
    const next = keys[n + 1]
    return { key, end: next === undefined ? flushed : numberOf(next) - 1 }
  })
  return ends.filter(({ end }) => end <= upTo)
}
