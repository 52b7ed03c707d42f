/** Goes through the rows of one table of a peer, part after part in key order, until the peer says that there are no more. */
import type { KeyedRow, Rows } from '../../../core/change/rows.ts'

/** `last` is the key of its last row. `done`: no part follows. */
export type RowPart = { readonly rows: readonly KeyedRow[]; readonly last: Buffer; readonly done: boolean }

/**
 * Yields parts that have rows; the next one is asked for only when the one before has been dealt with. `next` asks for the part after a key, or
 * after undefined for the table's start; it rejects when the peer does not answer, and so does the walk: the end of a walk is the end of the table.
 */
export async function* walkRows(
  next: (after: Buffer | undefined) => Promise<Rows>,
  start?: Buffer,
): AsyncGenerator<RowPart> {
  for (let after = start; ;) {
    const { rows, done } = await next(after)
    const end = rows.at(-1)
    if (end === undefined) return
    // A copy: the part that it lies in is larger.
    after = Buffer.from(end.key)
    yield { rows, last: after, done }
    if (done) return
  }
}
