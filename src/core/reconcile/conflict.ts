/**
 * A conflict as it is told: which write lost last-writer-wins to which other one that had not seen it. "Lost" is said of a
 * write and of a region: the region showed it and replaced it by a write that knew nothing of it, or never showed it because
 * of such a one. What the regions say together leaves out no lost write; see src/ARCHITECTURE.md for what that means exactly.
 */
import { attribute, type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import type { Stamp } from '../hybrid-logical-clock/stamp.ts'
import { decodeItem } from '../item/item-bytes.ts'
import { decodeRow, type Row } from '../item/row.ts'

export type ConflictKind = 'insert' | 'update' | 'delete'

export type ConflictingWrite = {
  readonly stamp: Stamp
  readonly kind: ConflictKind
  /** The item that it left; none for a delete. */
  readonly item: Item | undefined
}

export type ToldConflict = {
  readonly key: Item
  readonly won: ConflictingWrite
  readonly lost: ConflictingWrite
}

export type MetRows = {
  readonly keyNames: readonly string[]
  readonly local: Buffer
  readonly incoming: Buffer
  readonly winner: 'local' | 'incoming'
}

export function tellConflict({ keyNames, local, incoming, winner }: MetRows): ToldConflict {
  const [here, there] = [decodeRow(local), decodeRow(incoming)]
  const [won, lost] = winner === 'local' ? [here, there] : [there, here]
  return { key: keyIn(lost, keyNames), won: toldWrite(won), lost: toldWrite(lost) }
}

function toldWrite(row: Row): ConflictingWrite {
  const kind = row.tombstone ? 'delete' : row.inserted === true ? 'insert' : 'update'
  return { stamp: row.stamp, kind, item: row.tombstone ? undefined : decodeItem(row.body) }
}

/** Both rows have it, a tombstone's body too. */
function keyIn(row: Row, keyNames: readonly string[]): Item {
  const item = decodeItem(row.body)
  const key: Record<string, AttributeValue> = {}
  for (const name of keyNames) {
    const value = attribute(item, name)
    if (value !== undefined) setAttribute(key, name, value)
  }
  return key
}
