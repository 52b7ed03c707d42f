/** Items and bytes of a table (counts.ts). Those of an index change with its rows (index-rows.ts). */
import { isTombstone, itemSizeOf } from '../../core/item/row.ts'
import type { Auditing, Derived, RowChange } from './derived-entry.ts'
import type { Size } from './counts.ts'
import type { Group } from '../commands/flush-group.ts'
import type { State } from '../state.ts'

export const rowCounts: Derived = {
  name: 'counts',
  edit,
  fill: () => {},
  // They are one record with the table's own settings, and go with its registers.
  drop: () => [],
  rebuild: {
    row: ({ tally }, _, { row }) => {
      if (!row.tombstone) tally.count(row.itemSizeBytes)
    },
    end: (auditing, { table }) => setSize(auditing, auditing.state.counts.touch(table.number)),
    strays: () => [],
  },
}

function edit({ counts }: State, _: Group, { table, at, before, after }: RowChange): void {
  const was = before === undefined || isTombstone(before) ? undefined : itemSizeOf(before)
  const is = after === undefined || after.tombstone ? undefined : after.itemSizeBytes
  const items = (is === undefined ? 0 : 1) - (was === undefined ? 0 : 1)
  counts.add({ table: table.number, at, items, bytes: (is ?? 0) - (was ?? 0) })
}

/** The sum of what was walked takes the place of a count that is another. */
export function setSize({ tally, corrected }: Auditing, size: Size): void {
  const { items, bytes } = tally
  if (size.items === items && size.bytes === bytes) return
  Object.assign(size, { items, bytes })
  corrected()
}
