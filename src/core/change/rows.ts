/**
 * A part of a snapshot: rows of a table, tombstones included, in key order, or the registers of a table. The rows carry
 * their own stamps, so merging them twice, or after newer changes, does nothing.
 *
 *   header · flags u8 · [key length u16 · key] · rows u32, each: key length u16 · row length u32 · key · row
 *
 * Flags: 1 when nothing follows; 2 with the key after which the part begins, empty for a table's start.
 */
import { assert } from '../assert.ts'
import { decodeRow, rowDamage, sealedRow, wireSizeBytes, writeWireRow } from '../item/row.ts'
import { messageSizeBytesMax, snapshotRowsMax } from '../limits/limits.ts'
import { bodyOf, expectKind, frameSizeBytes, writeHeader } from './message.ts'
import { Reader } from './reader.ts'

export type KeyedRow = { readonly key: Buffer; readonly row: Buffer }

export type Rows = {
  readonly rows: readonly KeyedRow[]
  /** Nothing follows. */
  readonly done: boolean
  /** The key after which the part begins, empty for the table's start. Only the answer to a question of a series says it. */
  readonly after?: Buffer
}

const rowHeaderSizeBytes = 6
const doneFlag = 1
const afterFlag = 2

export function encodeRows(chunk: Rows): Buffer {
  assert(chunk.rows.length <= snapshotRowsMax, 'rows: no more than a message may carry')
  const sizes = chunk.rows.map(({ row }) =>
    rowDamage(row) === undefined ? wireSizeBytes(row, 0, row.length) : undefined,
  )
  const size = chunk.rows.reduce(
    (sum, { key, row }, n) => sum + rowHeaderSizeBytes + key.length + (sizes[n] ?? row.length),
    0,
  )
  const { after } = chunk
  const target = Buffer.allocUnsafe(frameSizeBytes + 5 + (after === undefined ? 0 : 2 + after.length) + size)
  assert(target.length <= messageSizeBytesMax, 'rows: no larger than a message may be')
  let offset = writeHeader(target, 'rows')
  offset = target.writeUInt8((chunk.done ? doneFlag : 0) + (after === undefined ? 0 : afterFlag), offset)
  if (after !== undefined) {
    offset = target.writeUInt16BE(after.length, offset)
    offset += after.copy(target, offset)
  }
  offset = target.writeUInt32BE(chunk.rows.length, offset)
  for (const [n, { key, row }] of chunk.rows.entries()) {
    offset = target.writeUInt16BE(key.length, offset)
    offset = target.writeUInt32BE(sizes[n] ?? row.length, offset)
    offset += key.copy(target, offset)
    // A damaged row keeps its wrong checksum, so that no peer takes it for a sound one.
    offset = sizes[n] === undefined ? offset + row.copy(target, offset) : writeWireRow(target, offset, row)
  }
  return target
}

/** Unless `asTheyAre`, each is a row by its form; whoever looks for damage wants to see what is none. */
export function decodeRows(payload: Buffer, asTheyAre = false): Rows {
  expectKind(payload, 'rows')
  const reader = new Reader(bodyOf(payload))
  const flags = reader.u8()
  if (flags > doneFlag + afterFlag) throw new RangeError('neither done nor not done')
  const after = (flags & afterFlag) === 0 ? undefined : reader.bytes(reader.u16())
  const count = reader.u32()
  if (count > snapshotRowsMax || count * rowHeaderSizeBytes > reader.left) throw new RangeError('too many rows')
  const rows: KeyedRow[] = []
  for (let n = 0; n < count; n++) rows.push(readRow(reader, asTheyAre))
  reader.end()
  return { rows, done: (flags & doneFlag) !== 0, ...(after === undefined ? {} : { after }) }
}

function readRow(reader: Reader, asItIs: boolean): KeyedRow {
  const keyLength = reader.u16()
  const rowLength = reader.u32()
  const key = reader.bytes(keyLength)
  const row = reader.bytes(rowLength)
  if (!asItIs) decodeRow(row)
  return { key, row: sealedRow(row) }
}
