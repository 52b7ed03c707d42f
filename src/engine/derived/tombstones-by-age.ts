/** A table's tombstones by their stamps, so that those up to a moment are found without walking the table. */
import { compareStamps, readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { isTombstone } from '../../core/item/row.ts'
import type { Table } from '../../core/table/table.ts'
import { rowIn } from '../store/damaged-record.ts'
import type { Auditing, AuditedRow, Derived, FoundEntries, RowChange, Step } from './derived-entry.ts'
import type { Group } from '../commands/flush-group.ts'
import { rowKey, tableTombstones, tombstoneKey, tombstonePrefixBytes, tombstonePrimaryKey } from '../store/keys.ts'
import type { State } from '../state.ts'

export const tombstonesByAge: Derived = {
  name: 'tombstones by age',
  edit,
  fill: () => {},
  drop: (table) => [tableTombstones(table)],
  rebuild: {
    row: ensure,
    strays: ({ number }) => [{ range: tableTombstones(number), audit: removeStrays }],
  },
}

/** No other region could bring the item back, so nothing needs to be remembered. */
export function keepsTombstones(table: Table): boolean {
  return table.replicas.length > 1
}

function edit({ groups }: State, group: Group, { table, key, before, after }: RowChange): void {
  if (before !== undefined && isTombstone(before))
    groups.put(group, tombstoneKey(table.number, readStamp(before, 1), key), undefined)
  if (after?.tombstone === true) groups.put(group, tombstoneKey(table.number, after.stamp, key), none)
}

const none = Buffer.alloc(0)

function ensure({ state, corrected }: Auditing, { group, table }: Step, { key, row }: AuditedRow): void {
  if (!row.tombstone || !keepsTombstones(table)) return
  const age = tombstoneKey(table.number, row.stamp, key)
  if (state.groups.get(age) !== undefined) return
  state.groups.put(group, age, none)
  corrected()
}

function removeStrays({ state, corrected }: Auditing, { group, table }: Step, found: FoundEntries): void {
  for (const [age] of found) {
    const row = state.groups.get(rowKey(table.number, tombstonePrimaryKey(age)))
    const isOfRow =
      row !== undefined &&
      rowIn(row)?.tombstone === true &&
      compareStamps(readStamp(row, 1), readStamp(age, tombstonePrefixBytes)) === 0
    if (isOfRow) continue
    state.groups.put(group, age, undefined)
    corrected()
  }
}
