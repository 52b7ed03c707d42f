/** What the parts of a table's page are given. */
import type { ToldOf } from '../../console-calls.ts'
import type { Item } from '../../model/edited-values.ts'
import type { TableView } from '../../model/described-table.ts'

/** A table, and the region that has told it. */
export type Shown = { readonly view: TableView; readonly region: string; readonly look: () => void }

/** Items by their keys, as each region has them. */
export type Found = { readonly keys: readonly Item[]; readonly answers: ToldOf<'items'>['regions'] }
