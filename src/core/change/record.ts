/**
 * A change as the log keeps it under its position. Lengths first, so that a reader can skip what it does not need.
 *
 *   format u8 · cause u8 (with the flag `alone`) · position u48 · group u48 · ordinal u48
 *   table length u8 · key length u16 · row length u32 · previous length + 1 u32 (0: none)
 *   table · key · row · previous
 */
import { assert } from '../assert.ts'
import { stampSizeBytes } from '../hybrid-logical-clock/stamp.ts'
import type { TableId } from '../table/table.ts'
import type { Cause, Change, Position } from './change.ts'

const formatVersion = 1
const headerSizeBytes = 31
const positionMax = 2 ** 48 - 1
const aloneFlag = 0x80
/** A row holds at least its format and its stamp. */
const rowSizeBytesMin = 1 + stampSizeBytes

/** Their places are their codes in the bytes: append, never reorder. */
const causes: readonly Cause[] = ['client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table']

/** A change that has no place in the log yet. */
export type Unplaced = {
  readonly cause: Cause
  readonly table: TableId
  readonly ordinal: number
  readonly key: Buffer
  readonly row: Buffer
  readonly alone?: boolean | undefined
  readonly previous?: Buffer | undefined
}

export function encodeChange(change: Unplaced, position: Position, group: Position): Buffer {
  const { cause, table, ordinal, key, row, alone, previous } = change
  checkPlace(position, group)
  checkSizes(change, key.length, row.length)
  const tableLength = Buffer.byteLength(table)
  assert(tableLength <= 0xff, 'change: a table id has 1 to 255 bytes')
  const keyStart = headerSizeBytes + tableLength
  const rowStart = keyStart + key.length
  const previousStart = rowStart + row.length
  const bytes = Buffer.allocUnsafe(previousStart + (previous?.length ?? 0))
  bytes[0] = formatVersion
  bytes[1] = causes.indexOf(cause) | (alone === true ? aloneFlag : 0)
  bytes.writeUIntBE(position, 2, 6)
  bytes.writeUIntBE(group, 8, 6)
  bytes.writeUIntBE(ordinal, 14, 6)
  bytes[20] = tableLength
  bytes.writeUInt16BE(key.length, 21)
  bytes.writeUInt32BE(row.length, 23)
  bytes.writeUInt32BE(previous === undefined ? 0 : previous.length + 1, 27)
  bytes.write(table, headerSizeBytes)
  bytes.set(key, keyStart)
  bytes.set(row, rowStart)
  if (previous !== undefined) bytes.set(previous, previousStart)
  return bytes
}

/** What a record says of its change, and where its key and row lie; for those who need no more of it. */
export type RecordHead = Pick<Change, 'position' | 'group' | 'cause' | 'table' | 'ordinal'> & {
  readonly alone: boolean
  readonly keyStart: number
  readonly rowStart: number
  readonly rowEnd: number
}

/** Throws RangeError on bytes that are no change: a broken disk. */
export function decodeRecordHead(bytes: Buffer): RecordHead {
  if (bytes.length < headerSizeBytes || bytes[0] !== formatVersion) throw new RangeError('not a change')
  const code = bytes[1] ?? 0
  const cause = causes[code & ~aloneFlag]
  if (cause === undefined) throw new RangeError('a change of no known cause')
  const keyStart = headerSizeBytes + (bytes[20] ?? 0)
  const rowStart = keyStart + bytes.readUInt16BE(21)
  const rowEnd = rowStart + bytes.readUInt32BE(23)
  if (rowEnd + Math.max(0, bytes.readUInt32BE(27) - 1) !== bytes.length)
    throw new RangeError('a change of another length than it says')
  const head = {
    position: bytes.readUIntBE(2, 6),
    group: bytes.readUIntBE(8, 6),
    cause,
    table: bytes.toString('utf8', headerSizeBytes, keyStart),
    ordinal: bytes.readUIntBE(14, 6),
    alone: (code & aloneFlag) !== 0,
    keyStart,
    rowStart,
    rowEnd,
  }
  checkPlace(head.position, head.group)
  checkSizes(head, rowStart - keyStart, rowEnd - rowStart)
  return head
}

/** Throws as `decodeRecordHead`. The parts are views of `bytes`. */
export function decodeChange(bytes: Buffer): Change {
  const head = decodeRecordHead(bytes)
  const { keyStart, rowStart, rowEnd } = head
  const change = changeOf(head, bytes.subarray(keyStart, rowStart), bytes.subarray(rowStart, rowEnd))
  return bytes.readUInt32BE(27) > 0 ? { ...change, previous: bytes.subarray(rowEnd) } : change
}

/** The change without the row before, of bytes that stay somebody else's: its parts are copies. */
export function copyChange(head: RecordHead, bytes: Buffer): Change {
  const { keyStart, rowStart, rowEnd } = head
  return changeOf(head, copyOf(bytes, keyStart, rowStart), copyOf(bytes, rowStart, rowEnd))
}

function changeOf({ position, group, cause, table, ordinal, alone }: RecordHead, key: Buffer, row: Buffer): Change {
  const change = { position, group, cause, table, ordinal, key, row }
  return alone ? { ...change, alone } : change
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}

/** At both doors: what is written and what is read. */
function checkPlace(position: Position, group: Position): void {
  assert(position >= 1 && position <= positionMax, 'change: positions begin with 1')
  assert(group >= 1 && group <= position, 'change: a group begins at or before its changes')
}

function checkSizes({ ordinal, table }: Pick<Change, 'ordinal' | 'table'>, keyLength: number, rowLength: number): void {
  assert(ordinal >= 0 && ordinal <= positionMax, 'change: an ordinal is a count')
  assert(table.length > 0, 'change: a table id has 1 to 255 bytes')
  assert(keyLength > 0 && keyLength <= 0xffff, 'change: a key has 1 to 65,535 bytes')
  assert(rowLength >= rowSizeBytesMin, 'change: a row has a stamp')
}
