/** All rows of a table, tombstones included, as a snapshot would take them: in small chunks, so that chunks are tried too. */
import type { TableId } from '../../src/core/table/table.ts'
import type { Engine } from '../../src/engine/engine.ts'

export type KeyedRow = { readonly key: Buffer; readonly row: Buffer }

const chunkRows = 50
const chunkBytes = 64 * 1024

export function rowsOf(engine: Engine, table: TableId): readonly KeyedRow[] {
  const all: KeyedRow[] = []
  for (;;) {
    const chunk = engine.rows(table, all.at(-1)?.key, chunkRows, chunkBytes)
    if (chunk.length === 0) return all
    all.push(...chunk)
  }
}
