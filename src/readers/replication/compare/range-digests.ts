/** Rows of a part of a table by its keys, (after, upTo], and the digest of those that every replica should have. */
import type { KeyedRow } from '../../../core/change/rows.ts'
import type { ClockState } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import {
  snapshotTargetBytes,
  verifyPeerRowsMax,
  verifyRangeBytesMax,
  verifyRangeRowsMax,
} from '../../../core/limits/limits.ts'
import { countsUpTo, Digest, type RangeDigest } from '../../../core/reconcile/digest.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'

type KeyRangeEngine = Pick<Engine, 'rows'>

const partRowsMax = 256

/** Undefined: from the table's start, or to its end. */
export type KeyRange = { readonly after: Buffer | undefined; readonly upTo: Buffer | undefined }

export function digestOfRange(
  engine: KeyRangeEngine,
  table: TableId,
  range: KeyRange,
  watermark: ClockState,
): RangeDigest {
  const digest = new Digest()
  for (const { key, row } of rowsOfRange(engine, table, range)) if (countsUpTo(row, watermark)) digest.add(key, row)
  return digest.result()
}

/**
 * For a peer, whose range holds up to `verifyRangeRowsMax` rows and `verifyRangeBytesMax` bytes. What is here of more than twice that
 * is not looked at to its end, and counts a row more: the ranges differ, and are compared row by row.
 */
export function digestForPeer(
  engine: KeyRangeEngine,
  table: TableId,
  range: KeyRange,
  watermark: ClockState,
): RangeDigest {
  const digest = new Digest()
  let [rows, bytes] = [0, 0]
  for (const { key, row } of rowsOfRange(engine, table, range)) {
    if (rows > 0 && (rows >= 2 * verifyRangeRowsMax || bytes + row.length > 2 * verifyRangeBytesMax)) {
      const { rows: counted, ...rest } = digest.result()
      return { ...rest, rows: counted + 1 }
    }
    rows++
    bytes += row.length
    if (countsUpTo(row, watermark)) digest.add(key, row)
  }
  return digest.result()
}

/** At most so many that the event loop is not held up. */
export function* rowsOfRange(engine: KeyRangeEngine, table: TableId, { after, upTo }: KeyRange): Iterable<KeyedRow> {
  let from = after
  for (let rows = 0; rows < verifyPeerRowsMax;) {
    const part = engine.rows(table, from, partRowsMax, snapshotTargetBytes)
    if (part.length === 0) return
    for (const each of part) {
      if (upTo !== undefined && each.key.compare(upTo) > 0) return
      yield each
    }
    rows += part.length
    from = part.at(-1)?.key
  }
}
