/**
 * A batch: the part (after, upTo] of one region's log, less the changes that concern nobody else. A receiver whose cursor
 * stands at `after` (or later) may apply it and stand at `upTo`; one whose cursor stands before has a hole to fill first.
 *
 *   origin number u16 · origin name · epoch · after u48 · upTo u48 · part u16 · parts u16
 *   tables u16, each its id · changes u32, each:
 *     position u48 · group u48 · kind u8 · table u16 · own number u48 · key length u16 · row length u32 · key · row
 *
 * Changes of the same group are one transaction. It lies in one batch as a whole. Only one that is larger than a message may be has parts, each
 * a batch of its own: part 1 of 3, 2 of 3, 3 of 3. Of format 1 (version 0.1.0) a batch has no parts, and may end within a transaction.
 */
import { assert } from '../assert.ts'
import type { RegionNumber } from '../hybrid-logical-clock/stamp.ts'
import { readRowStamp, sealedRow, wireSizeBytes, writeWireRow } from '../item/row.ts'
import { transactionPartsMax } from '../limits/line-limits.ts'
import { messageChangesMax, messageSizeBytesMax, messageTargetBytes } from '../limits/limits.ts'
import type { TableId } from '../table/table.ts'
import type { Position } from './change.ts'
import type { Proof } from './proof.ts'
import { bodyOf, expectKind, formatVersion, frameSizeBytes, tagSizeBytes, versionOf, writeHeader } from './message.ts'
import { Reader } from './reader.ts'
import type { RecordHead } from './record.ts'

export type Batch = {
  readonly origin: string
  readonly originNumber: RegionNumber
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /** Undefined: no transaction goes on beyond `upTo`. */
  readonly part?: Part | undefined
  readonly changes: readonly BatchChange[]
  /** Of the place `upTo`, as the receiver knows it; does not travel. */
  readonly proof?: Proof | undefined
}

/** Of one transaction that is larger than a message may be: `number` counts from 1. */
export type Part = { readonly number: number; readonly of: number }

/** Whether a transaction goes on beyond the end of the batch. */
export function endsWithin({ part }: Pick<Batch, 'part'>): boolean {
  return part !== undefined && part.number < part.of
}

export type BatchChange = {
  readonly position: Position
  readonly group: Position
  readonly kind: 'item' | 'register'
  readonly table: TableId
  readonly ownNumber: number
  readonly key: Buffer
  readonly row: Buffer
}

const changeHeaderSizeBytes = 27

/** What a change adds to a batch, less its table's id. */
export function changeSizeBytes(change: { readonly key: Buffer; readonly row: Buffer }): number {
  return changeHeaderSizeBytes + change.key.length + wireSizeBytes(change.row, 0, change.row.length)
}

/** The same of one that is still in the log, or a few bytes more. */
export function recordSizeBytes({ keyStart, rowEnd }: RecordHead): number {
  return changeHeaderSizeBytes + rowEnd - keyStart
}

type Totals = { readonly size: number; readonly count: number; readonly tables: number }
const beginning: Totals = { size: 0, count: 0, tables: 0 }

/** Makes batches of changes as the log keeps them, of which each is read once and copied once; one batch at a time, from `begin` on. */
export class BatchWriter {
  #changes = Buffer.allocUnsafeSlow(messageTargetBytes)
  #size = 0
  #count = 0
  readonly #tables = new Map<TableId, number>()
  #savepoint = beginning

  /** Whatever was added and never finished is gone. */
  begin(): void {
    this.#size = 0
    this.#count = 0
    this.#tables.clear()
    this.#savepoint = beginning
  }

  /** A transaction begins. */
  savepoint(): void {
    this.#savepoint = { size: this.#size, count: this.#count, tables: this.#tables.size }
  }

  /** Takes back what was added since the savepoint. */
  rollBack(): void {
    const { size, count, tables } = this.#savepoint
    this.#size = size
    this.#count = count
    for (const id of [...this.#tables.keys()].slice(tables)) this.#tables.delete(id)
  }

  add(head: RecordHead, record: Buffer): void {
    const { position, group, cause, table, ownNumber, keyStart, rowStart, rowEnd } = head
    const known = this.#tables.get(table)
    if (known === undefined) this.#tables.set(table, this.#tables.size)
    this.#grow(recordSizeBytes(head))
    const kind = cause === 'table' ? 'register' : 'item'
    const lengths = { keyLength: rowStart - keyStart, rowLength: wireSizeBytes(record, rowStart, rowEnd) }
    const start = writeChangeHead(
      this.#changes,
      this.#size,
      { position, group, kind, ownNumber, ...lengths },
      known ?? this.#tables.size - 1,
    )
    record.copy(this.#changes, start, keyStart, rowStart)
    this.#size = writeWireRow(this.#changes, start + lengths.keyLength, record, rowStart, rowEnd)
    this.#count++
  }

  finish(of: Omit<Batch, 'changes'>): Buffer {
    const size = this.#size
    const target = Buffer.allocUnsafeSlow(headSizeOf(of, this.#tables) + size)
    const start = writeHead(target, of, this.#tables, this.#count)
    this.#changes.copy(target, start, 0, size)
    assert(start + size === target.length - tagSizeBytes, 'batch: its size is what was counted')
    return target
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  #grow(bytes: number): void {
    if (this.#size + bytes <= this.#changes.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#size + bytes))
    this.#changes.copy(larger, 0, 0, this.#size)
    this.#changes = larger
  }
}

export function encodeBatch(batch: Batch): Buffer {
  const { changes } = batch
  const tables = tablesOf(changes)
  const size = changes.reduce((sum, change) => sum + changeSizeBytes(change), headSizeOf(batch, tables))
  const target = Buffer.allocUnsafe(size)
  let offset = writeHead(target, batch, tables, changes.length)
  for (const change of changes) offset = writeChange(target, offset, change, tables.get(change.table) ?? 0)
  assert(offset === target.length - tagSizeBytes, 'batch: its size is what was counted')
  return target
}

function writeHead(
  target: Buffer,
  batch: Omit<Batch, 'changes'>,
  tables: ReadonlyMap<TableId, number>,
  count: number,
): number {
  assert(count <= messageChangesMax, 'batch: no more changes than a message may carry')
  assert(target.length <= messageSizeBytesMax, 'batch: no larger than a message may be')
  let offset = writeHeader(target, 'batch')
  offset = target.writeUInt16BE(batch.originNumber, offset)
  offset = writeText(target, offset, batch.origin)
  offset = writeText(target, offset, batch.epoch)
  offset = target.writeUIntBE(batch.after, offset, 6)
  offset = target.writeUIntBE(batch.upTo, offset, 6)
  offset = target.writeUInt16BE(batch.part?.number ?? 1, offset)
  offset = target.writeUInt16BE(batch.part?.of ?? 1, offset)
  offset = target.writeUInt16BE(tables.size, offset)
  for (const id of tables.keys()) offset = writeText(target, offset, id)
  return target.writeUInt32BE(count, offset)
}

/** Where a batch ends, for a reader that takes it apart later. Throws RangeError on what is none. */
export function endOfBatch(payload: Buffer): Position {
  expectKind(payload, 'batch')
  const reader = new Reader(bodyOf(payload))
  reader.u16()
  reader.text()
  reader.text()
  reader.u48()
  return reader.u48()
}

/** Throws RangeError on anything that no honest region of this version sends. */
export function decodeBatch(payload: Buffer): Batch {
  expectKind(payload, 'batch')
  const reader = new Reader(bodyOf(payload))
  const originNumber = reader.u16()
  const origin = reader.text()
  const epoch = reader.text()
  const after = reader.u48()
  const upTo = reader.u48()
  if (upTo < after) throw new RangeError('a batch that ends before it begins')
  const part = versionOf(payload) === formatVersion ? readPart(reader) : undefined
  const tables = readTables(reader)
  const count = reader.u32()
  if (count > messageChangesMax || count * changeHeaderSizeBytes > reader.left) throw new RangeError('too many changes')
  const changes: BatchChange[] = []
  let last = after
  for (let n = 0; n < count; n++) {
    const change = readChange(reader, tables, originNumber)
    if (change.position <= last || change.position > upTo) throw new RangeError('positions out of order')
    last = change.position
    changes.push(change)
  }
  reader.end()
  const batch = { origin, originNumber, epoch, after, upTo, changes }
  if (part === undefined) return batch
  if (changes.some(({ group }) => group !== changes[0]?.group)) throw new RangeError('a part of several transactions')
  return { ...batch, part }
}

function readPart(reader: Reader): Part | undefined {
  const number = reader.u16()
  const of = reader.u16()
  if (number < 1 || number > of || of > transactionPartsMax) throw new RangeError(`part ${number} of ${of}`)
  return of === 1 ? undefined : { number, of }
}

function tablesOf(changes: readonly BatchChange[]): Map<TableId, number> {
  const tables = new Map<TableId, number>()
  for (const change of changes) if (!tables.has(change.table)) tables.set(change.table, tables.size)
  return tables
}

function headSizeOf({ origin, epoch }: Omit<Batch, 'changes'>, tables: ReadonlyMap<TableId, number>): number {
  let size = frameSizeBytes + 2 + 2 + Buffer.byteLength(origin) + 2 + Buffer.byteLength(epoch) + 12 + 4 + 2 + 4
  for (const id of tables.keys()) size += 2 + Buffer.byteLength(id)
  return size
}

function writeText(target: Buffer, offset: number, text: string): number {
  const length = target.write(text, offset + 2, 'utf8')
  return target.writeUInt16BE(length, offset) + length
}

function writeChange(target: Buffer, start: number, change: BatchChange, table: number): number {
  const { key, row } = change
  const lengths = { keyLength: key.length, rowLength: wireSizeBytes(row, 0, row.length) }
  const offset = writeChangeHead(target, start, { ...change, ...lengths }, table)
  return writeWireRow(target, offset + key.copy(target, offset), row)
}

type ChangeHead = Pick<BatchChange, 'position' | 'group' | 'kind' | 'ownNumber'> & {
  readonly keyLength: number
  readonly rowLength: number
}

function writeChangeHead(target: Buffer, start: number, change: ChangeHead, table: number): number {
  let offset = target.writeUIntBE(change.position, start, 6)
  offset = target.writeUIntBE(change.group, offset, 6)
  offset = target.writeUInt8(change.kind === 'item' ? 0 : 1, offset)
  offset = target.writeUInt16BE(table, offset)
  offset = target.writeUIntBE(change.ownNumber, offset, 6)
  offset = target.writeUInt16BE(change.keyLength, offset)
  return target.writeUInt32BE(change.rowLength, offset)
}

function readTables(reader: Reader): TableId[] {
  const count = reader.u16()
  if (count > messageChangesMax) throw new RangeError('more tables than changes')
  const tables: TableId[] = []
  for (let n = 0; n < count; n++) tables.push(reader.text())
  return tables
}

function readChange(reader: Reader, tables: readonly TableId[], origin: RegionNumber): BatchChange {
  const position = reader.u48()
  const group = reader.u48()
  const kind = reader.u8()
  const table = tables[reader.u16()]
  const ownNumber = reader.u48()
  const keyLength = reader.u16()
  const rowLength = reader.u32()
  if (kind > 1) throw new RangeError('a change of no known kind')
  if (table === undefined) throw new RangeError('a change of a table that the batch does not name')
  if (group > position) throw new RangeError('a change before its group')
  const key = reader.bytes(keyLength)
  const row = reader.bytes(rowLength)
  checkRow(row, origin)
  return { position, group, kind: kind === 0 ? 'item' : 'register', table, ownNumber, key, row: sealedRow(row) }
}

/** A region signs only its own writes: a foreign stamp would let one region rewrite another's history. */
function checkRow(bytes: Buffer, origin: RegionNumber): void {
  if (readRowStamp(bytes).region !== origin) throw new RangeError('a change stamped by another region')
}
