/**
 * A part of a snapshot: rows of a table, tombstones included, in key order, or the registers of a table. The rows carry
 * their own stamps, so merging them twice, or after newer changes, does nothing.
 *
 *   header · done u8 · rows u32, each: key length u16 · row length u32 · key · row
 */
import { assert } from '../assert.ts'
import { decodeRow } from '../item/row.ts'
import { messageSizeBytesMax, snapshotRowsMax } from '../limits.ts'
import { expectKind, headerSizeBytes, writeHeader } from './message.ts'
import { Reader } from './reader.ts'

export type KeyedRow = { readonly key: Buffer; readonly row: Buffer }

export type Rows = { readonly rows: readonly KeyedRow[]; /** Nothing follows. */ readonly done: boolean }

const rowHeaderSizeBytes = 6

export function encodeRows(chunk: Rows): Buffer {
  assert(chunk.rows.length <= snapshotRowsMax, 'rows: no more than a message may carry')
  const size = chunk.rows.reduce((sum, { key, row }) => sum + rowHeaderSizeBytes + key.length + row.length, 0)
  const target = Buffer.allocUnsafe(headerSizeBytes + 5 + size)
  assert(target.length <= messageSizeBytesMax, 'rows: no larger than a message may be')
  let offset = writeHeader(target, 'rows')
  offset = target.writeUInt8(chunk.done ? 1 : 0, offset)
  offset = target.writeUInt32BE(chunk.rows.length, offset)
  for (const { key, row } of chunk.rows) {
    offset = target.writeUInt16BE(key.length, offset)
    offset = target.writeUInt32BE(row.length, offset)
    offset += key.copy(target, offset)
    offset += row.copy(target, offset)
  }
  return target
}

/** Unless `asTheyAre`, each is a row by its form; whoever looks for damage wants to see what is none. */
export function decodeRows(payload: Buffer, asTheyAre = false): Rows {
  expectKind(payload, 'rows')
  const reader = new Reader(payload, headerSizeBytes)
  const done = reader.u8()
  const count = reader.u32()
  if (done > 1) throw new RangeError('neither done nor not done')
  if (count > snapshotRowsMax || count * rowHeaderSizeBytes > reader.left) throw new RangeError('too many rows')
  const rows: KeyedRow[] = []
  for (let n = 0; n < count; n++) rows.push(readRow(reader, asTheyAre))
  reader.end()
  return { rows, done: done === 1 }
}

function readRow(reader: Reader, asItIs: boolean): KeyedRow {
  const keyLength = reader.u16()
  const rowLength = reader.u32()
  const key = reader.bytes(keyLength)
  const row = reader.bytes(rowLength)
  if (!asItIs) decodeRow(row)
  return { key, row }
}
