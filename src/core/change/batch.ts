/**
 * A batch: the part (after, upTo] of one region's log, less the changes that concern nobody else. A receiver whose cursor
 * stands at `after` (or later) may apply it and stand at `upTo`; one whose cursor stands before has a hole to fill first.
 *
 *   header · origin number u16 · origin name · epoch · after u48 · upTo u48
 *   tables u16, each its id · changes u32, each:
 *     position u48 · group u48 · kind u8 · table u16 · ordinal u48 · key length u16 · row length u32 · key · row
 */
import { assert } from '../assert.ts'
import type { RegionNumber } from '../hybrid-logical-clock/stamp.ts'
import { readRowStamp } from '../item/row.ts'
import { messageChangesMax, messageSizeBytesMax } from '../limits.ts'
import type { TableId } from '../table/table.ts'
import type { Position } from './change.ts'
import { expectKind, headerSizeBytes, writeHeader } from './message.ts'
import { Reader } from './reader.ts'

export type Batch = {
  readonly origin: string
  readonly originNumber: RegionNumber
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  readonly changes: readonly BatchChange[]
}

export type BatchChange = {
  readonly position: Position
  readonly group: Position
  readonly kind: 'item' | 'register'
  readonly table: TableId
  readonly ordinal: number
  readonly key: Buffer
  readonly row: Buffer
}

const changeHeaderSizeBytes = 27

/** What a change adds to a batch, less its table's id. */
export function changeSizeBytes(change: { readonly key: Buffer; readonly row: Buffer }): number {
  return changeHeaderSizeBytes + change.key.length + change.row.length
}

export function encodeBatch(batch: Batch): Buffer {
  assert(batch.changes.length <= messageChangesMax, 'batch: no more changes than a message may carry')
  const tables = tablesOf(batch.changes)
  const target = Buffer.allocUnsafe(sizeOf(batch, tables))
  assert(target.length <= messageSizeBytesMax, 'batch: no larger than a message may be')
  let offset = writeHeader(target, 'batch')
  offset = target.writeUInt16BE(batch.originNumber, offset)
  offset = writeText(target, offset, batch.origin)
  offset = writeText(target, offset, batch.epoch)
  offset = target.writeUIntBE(batch.after, offset, 6)
  offset = target.writeUIntBE(batch.upTo, offset, 6)
  offset = target.writeUInt16BE(tables.size, offset)
  for (const id of tables.keys()) offset = writeText(target, offset, id)
  offset = target.writeUInt32BE(batch.changes.length, offset)
  for (const change of batch.changes) offset = writeChange(target, offset, change, tables.get(change.table) ?? 0)
  assert(offset === target.length, 'batch: its size is what was counted')
  return target
}

/** Throws RangeError on anything that no honest region of this version sends. */
export function decodeBatch(payload: Buffer): Batch {
  expectKind(payload, 'batch')
  const reader = new Reader(payload, headerSizeBytes)
  const originNumber = reader.u16()
  const origin = reader.text()
  const epoch = reader.text()
  const after = reader.u48()
  const upTo = reader.u48()
  if (upTo < after) throw new RangeError('a batch that ends before it begins')
  const tables = readTables(reader)
  const count = reader.u32()
  if (count > messageChangesMax || count * changeHeaderSizeBytes > reader.left) throw new RangeError('too many changes')
  const changes: BatchChange[] = []
  let last = after
  for (let n = 0; n < count; n++) {
    const change = readChange(reader, tables)
    if (change.position <= last || change.position > upTo) throw new RangeError('positions out of order')
    checkRow(change.row, originNumber)
    last = change.position
    changes.push(change)
  }
  reader.end()
  return { origin, originNumber, epoch, after, upTo, changes }
}

function tablesOf(changes: readonly BatchChange[]): Map<TableId, number> {
  const tables = new Map<TableId, number>()
  for (const change of changes) if (!tables.has(change.table)) tables.set(change.table, tables.size)
  return tables
}

function sizeOf(batch: Batch, tables: ReadonlyMap<TableId, number>): number {
  let size = headerSizeBytes + 2 + 2 + Buffer.byteLength(batch.origin) + 2 + Buffer.byteLength(batch.epoch) + 12 + 2 + 4
  for (const id of tables.keys()) size += 2 + Buffer.byteLength(id)
  for (const change of batch.changes) size += changeSizeBytes(change)
  return size
}

function writeText(target: Buffer, offset: number, text: string): number {
  const length = target.write(text, offset + 2, 'utf8')
  return target.writeUInt16BE(length, offset) + length
}

function writeChange(target: Buffer, start: number, change: BatchChange, table: number): number {
  let offset = target.writeUIntBE(change.position, start, 6)
  offset = target.writeUIntBE(change.group, offset, 6)
  offset = target.writeUInt8(change.kind === 'item' ? 0 : 1, offset)
  offset = target.writeUInt16BE(table, offset)
  offset = target.writeUIntBE(change.ordinal, offset, 6)
  offset = target.writeUInt16BE(change.key.length, offset)
  offset = target.writeUInt32BE(change.row.length, offset)
  offset += change.key.copy(target, offset)
  return offset + change.row.copy(target, offset)
}

function readTables(reader: Reader): TableId[] {
  const count = reader.u16()
  if (count > messageChangesMax) throw new RangeError('more tables than changes')
  const tables: TableId[] = []
  for (let n = 0; n < count; n++) tables.push(reader.text())
  return tables
}

function readChange(reader: Reader, tables: readonly TableId[]): BatchChange {
  const position = reader.u48()
  const group = reader.u48()
  const kind = reader.u8()
  const table = tables[reader.u16()]
  const ordinal = reader.u48()
  const keyLength = reader.u16()
  const rowLength = reader.u32()
  if (kind > 1) throw new RangeError('a change of no known kind')
  if (table === undefined) throw new RangeError('a change of a table that the batch does not name')
  if (group > position) throw new RangeError('a change before its group')
  const key = reader.bytes(keyLength)
  return { position, group, kind: kind === 0 ? 'item' : 'register', table, ordinal, key, row: reader.bytes(rowLength) }
}

/** A region signs only its own writes: a foreign stamp would let one region rewrite another's history. */
function checkRow(bytes: Buffer, origin: RegionNumber): void {
  if (readRowStamp(bytes).region !== origin) throw new RangeError('a change stamped by another region')
}
