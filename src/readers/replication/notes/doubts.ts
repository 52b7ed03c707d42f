/**
 * Tables whose rows here are in doubt, because the store was an older copy (renewing.ts). Each is served as it is until it has been filled again
 * from peers (refill.ts).
 */
import type { Position } from '../../../core/change/change.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'

type DoubtsEngine = Pick<Engine, 'flushed' | 'note' | 'setNote' | 'tables'>

/** `upTo`: the end of the log when the doubt came up. */
type Doubt = { readonly tables: readonly TableId[]; readonly upTo: Position }

const doubtNote = 'replication/doubt'

export function doubtedTables(engine: DoubtsEngine): readonly TableId[] {
  return doubtOf(engine)?.tables ?? []
}

/** The note that puts every table that others have, too, in doubt. */
export function doubtAll(engine: DoubtsEngine): readonly [string, unknown] {
  const shared = engine.tables().filter(({ replicas }) => replicas.length > 1)
  const doubt: Doubt = { tables: shared.map(({ id }) => id), upTo: engine.flushed() }
  return [doubtNote, doubt.tables.length === 0 ? undefined : doubt]
}

/** The end of the log when the doubt came up; 0 where there is none. */
export function doubtedUpTo(engine: DoubtsEngine): Position {
  return doubtOf(engine)?.upTo ?? 0
}

/** The table is in doubt no more. */
export async function settleDoubt(engine: DoubtsEngine, table: TableId): Promise<void> {
  const doubt = doubtOf(engine)
  if (doubt === undefined || !doubt.tables.includes(table)) return
  const tables = doubt.tables.filter((id) => id !== table)
  await engine.setNote(doubtNote, tables.length === 0 ? undefined : { ...doubt, tables })
}

function doubtOf(engine: DoubtsEngine): Doubt | undefined {
  return engine.note(doubtNote) as Doubt | undefined
}
