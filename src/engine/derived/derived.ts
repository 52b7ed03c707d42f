/**
 * Everything that follows from a table's rows, as one list. Code that changes a row goes through it, so no record is left behind and none is
 * missing: commit, apply, merge, restore and mend by `editRow`, emptying a table and forgetting tombstones by `dropRow`. Filling an index,
 * removing a table and the audit go through the same entries. A record of another kind is one more entry here.
 */
import type { Range } from '../../ports/store.ts'
import type { TablePart } from '../../core/table/table.ts'
import { beforeImages } from './before-images.ts'
import { itemCollections } from './collections.ts'
import type { Derived, KeptRow, RowChange } from './derived-entry.ts'
import type { Group } from '../commands/flush-group.ts'
import { expiryRows } from './expiry-rows.ts'
import { indexRows } from './index-rows.ts'
import { rowCounts } from './row-counts.ts'
import type { State } from '../state.ts'
import { tombstonesByAge } from './tombstones-by-age.ts'

export const derived: readonly Derived[] = [
  tombstonesByAge,
  indexRows,
  expiryRows,
  itemCollections,
  rowCounts,
  beforeImages,
]

export function editDerived(state: State, group: Group, change: RowChange): void {
  for (const entry of derived) entry.edit(state, group, change)
}

export function fillDerived(state: State, group: Group, row: KeptRow, part: TablePart): void {
  for (const entry of derived) entry.fill(state, group, row, part)
}

export function derivedRanges(table: number): readonly Range[] {
  return derived.flatMap((entry) => entry.drop(table))
}
