/**
 * Rows as they were when a snapshot of their table began, of those that have changed since (archive/snapshot-rows.ts). The first change of a row
 * keeps it, in its own batch; so at every durable moment the table's rows and these are together the table of that position.
 */
import type { Derived, RowChange } from './derived-entry.ts'
import type { Group } from '../commands/flush-group.ts'
import { imageKey, tableImages } from '../store/keys.ts'
import type { State } from '../state.ts'

export const beforeImages: Derived = {
  name: 'rows of snapshots',
  edit,
  fill: () => {},
  drop: (table) => [tableImages(table)],
  rebuild: { row: () => {}, strays: () => [] },
}

function edit({ groups }: State, group: Group, { table, key, before }: RowChange): void {
  for (const { number, going } of table.snapshots ?? none) {
    if (going === true) continue
    const at = imageKey(table.number, number, key)
    if (groups.get(at) === undefined) groups.put(group, at, before ?? nothing)
  }
}

const none: NonNullable<RowChange['table']['snapshots']> = []
/** There was no row. */
const nothing = Buffer.alloc(0)
