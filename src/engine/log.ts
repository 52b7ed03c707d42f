/** The region's log as its readers see it: durable changes, in order, without holes. */
import { assert } from '../core/assert.ts'
import { type Change, isForeign, type Position } from '../core/change/change.ts'
import { decodeChange, decodeRecordHead } from '../core/change/record.ts'
import type { Proof, Proven } from '../core/change/proof.ts'
import { readStamp } from '../core/hybrid-logical-clock/stamp.ts'
import { stepRowsMax } from '../core/limits.ts'
import type { OwnBounds, VisitRecord } from './engine.ts'
import { logKey, numberOf } from './keys.ts'
import type { State } from './state.ts'

type Bounds = {
  readonly after: Position
  readonly upTo: Position
  readonly changesMax: number
  readonly bytesMax: number
}

export function readLog(state: State, { after, upTo, changesMax, bytesMax }: Bounds): readonly Change[] {
  const changes: Change[] = []
  let bytes = 0
  const range = { from: logKey(after + 1), to: logKey(upTo + 1), limit: changesMax }
  for (const { key, value } of state.store.entries(range)) {
    bytes += value.length
    if (changes.length > 0 && bytes > bytesMax) break
    const change = decodeChange(value)
    assert(change.position === numberOf(key), 'log: a change stands at its own position')
    const last = changes.at(-1)
    assert(last === undefined || change.position === last.position + 1, 'log: positions are contiguous')
    changes.push(change)
  }
  return changes
}

/**
 * Only what the region itself has written: stretches that are known to hold nothing that leaves it are not read. What a peer
 * that was away asks for is read like this, record by record where it lies, and no more copied of it than leaves.
 */
export function visitOwnLog(state: State, { after, upTo, bytesMax }: OwnBounds, visit: VisitRecord): Position {
  let read = after
  let bytes = 0
  let staying = state.staying.at(read + 1)
  while (read < upTo) {
    if (staying !== undefined && staying.first <= read + 1) {
      read = Math.min(staying.last, upTo)
      staying = state.staying.at(read + 1)
      continue
    }
    const record = state.store.look(logKey(read + 1))
    // Before the first there may be what was trimmed; after it there are no holes.
    assert(record !== undefined || bytes === 0, 'log: positions are contiguous')
    if (record === undefined) break
    bytes += record.length
    if (bytes > record.length && bytes > bytesMax) break
    const head = decodeRecordHead(record)
    assert(head.position === read + 1, 'log: a change stands at its own position')
    if (!isForeign(head.cause) && !visit(head, record)) break
    read++
  }
  return read
}

/** Whether the log has led to the place that a peer claims with this proof. */
export function proven(state: State, proof: Proof, flushed: Position): Proven {
  if (proof.of.startsWith('p')) return state.lineage.provesStart(proof, flushed)
  const record = proof.of.startsWith('w') ? state.store.look(logKey(proof.at)) : undefined
  if (record === undefined) return proof.of.startsWith('w') && proof.at > flushed ? 'other' : 'unknown'
  const { wallMs, counter, region } = readStamp(record, decodeRecordHead(record).rowStart + 1)
  return region === state.topology.self.number && proof.of === `w${wallMs}.${counter}` ? 'same' : 'other'
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
