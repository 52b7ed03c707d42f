/**
 * An entry of the log: the changes of one commit, or of several small commits of one moment, which have one position each, without holes.
 *
 *   format u8 · checksum u32 over what follows · flags u8 (1: origin, 2: each change is a commit) · cause u8 · position u48 of the first change · at u48
 *   tables u16 · changes u16
 *   [origin length u8 · origin · epoch length u8 · epoch]
 *   each table: id length u8 · id
 *   each change: flags u8 (1: unshared, 2: previous, 4 and 8: the event of a stream's record) · table u16, its place among the tables · own number u48
 *                key length u16 · row length u32 · previous length u32 · key · row · previous
 *
 * Nothing of an entry is believed before its checksum has been compared.
 */
import { assert } from '../assert.ts'
import { checksum } from '../checksum.ts'
import { stampSizeBytes } from '../hybrid-logical-clock/stamp.ts'
import type { TableId } from '../table/table.ts'
import type { Cause, Change, ChangeEvent, ChangeOrigin, Position } from './change.ts'

/** More changes of one commit, which no request makes, begin another entry. */
export const entryChangesMax = 1024
/** Of an entry with changes of several commits: what a flush group of some twenty small writes logs. Beyond half a page of the store it has pages of its own. */
export const sharedEntryBytesMax = 16_000

const formatVersion = 2
const checkedFrom = 5
const headerSizeBytes = checkedFrom + 18
const changeHeaderSizeBytes = 19
const originFlag = 1
const apartFlag = 2
const unsharedFlag = 1
const previousFlag = 2
const eventShift = 2
const eventMask = 3
const positionMax = 2 ** 48 - 1
/** A row holds at least its format and its stamp. */
const rowSizeBytesMin = 1 + stampSizeBytes

/** Their places are their codes in the bytes: append, never reorder. */
const causes: readonly Cause[] = ['client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table']

/** Their places are their codes in the bytes. */
const events: readonly (ChangeEvent | undefined)[] = [undefined, 'INSERT', 'MODIFY', 'REMOVE']

/** A change that has no place in the log yet. */
export type Unplaced = {
  readonly table: TableId
  readonly ownNumber: number
  readonly key: Buffer
  readonly row: Buffer
  readonly unshared?: boolean | undefined
  readonly previous?: Buffer | undefined
  readonly event?: ChangeEvent | undefined
}

/** What is said once of all changes of an entry. */
export type EntryHead = {
  /** The position of the first change. */
  readonly first: Position
  readonly cause: Cause
  /** When it was committed here: milliseconds of the hybrid clock, which never goes back. */
  readonly at: number
  readonly origin?: ChangeOrigin | undefined
  /** Each change is a commit of its own. */
  readonly apart?: boolean
}

export function encodeEntry(head: EntryHead, changes: readonly Unplaced[]): Buffer {
  const { first, cause, at, origin, apart } = head
  assert(changes.length > 0 && changes.length <= entryChangesMax, 'entry: it has changes, and not too many')
  assert(first >= 1 && first + changes.length - 1 <= positionMax, 'entry: positions begin with 1')
  const tables = tablesOf(changes)
  const bytes = Buffer.allocUnsafe(sizeOf(head, changes, tables))
  bytes[0] = formatVersion
  bytes[5] = (origin === undefined ? 0 : originFlag) | (apart === true ? apartFlag : 0)
  bytes[6] = causes.indexOf(cause)
  bytes.writeUIntBE(first, 7, 6)
  bytes.writeUIntBE(at, 13, 6)
  bytes.writeUInt16BE(tables.length, 19)
  bytes.writeUInt16BE(changes.length, 21)
  let offset = headerSizeBytes
  if (origin !== undefined) offset = writeText(bytes, writeText(bytes, offset, origin.region), origin.epoch)
  for (const table of tables) offset = writeText(bytes, offset, table)
  for (const change of changes) offset = writeChange(bytes, offset, change, tables.indexOf(change.table))
  assert(offset === bytes.length, 'entry: its size is what was counted')
  bytes.writeUInt32BE(checksum(bytes, checkedFrom, bytes.length), 1)
  return bytes
}

/** Each once; most entries have one change, and so one table. */
function tablesOf(changes: readonly Unplaced[]): readonly TableId[] {
  const tables: TableId[] = []
  for (const { table } of changes) if (!tables.includes(table)) tables.push(table)
  return tables
}

function sizeOf({ origin }: EntryHead, changes: readonly Unplaced[], tables: readonly TableId[]): number {
  let size = headerSizeBytes
  if (origin !== undefined) size += 2 + Buffer.byteLength(origin.region) + Buffer.byteLength(origin.epoch)
  for (const table of tables) size += 1 + Buffer.byteLength(table)
  for (const change of changes) size += changeSizeBytes(change)
  return size
}

/** Of an entry with this change alone. */
export function entrySizeBytes(head: EntryHead, change: Unplaced): number {
  return sizeOf(head, [change], [change.table])
}

/** What a change takes in its entry, the name of its table left out. */
export function changeSizeBytes({ key, row, previous }: Unplaced): number {
  return changeHeaderSizeBytes + key.length + row.length + (previous?.length ?? 0)
}

function writeText(bytes: Buffer, offset: number, text: string): number {
  const length = bytes.write(text, offset + 1)
  assert(length > 0 && length <= 0xff, 'entry: a name has 1 to 255 bytes')
  bytes[offset] = length
  return offset + 1 + length
}

function writeChange(bytes: Buffer, start: number, change: Unplaced, table: number): number {
  const { ownNumber, key, row, unshared, previous, event } = change
  const problem = problemOf(ownNumber, key.length, row.length)
  assert(problem === undefined, problem ?? '')
  const flags = (unshared === true ? unsharedFlag : 0) | (previous === undefined ? 0 : previousFlag)
  bytes[start] = flags | (events.indexOf(event) << eventShift)
  bytes.writeUInt16BE(table, start + 1)
  bytes.writeUIntBE(ownNumber, start + 3, 6)
  bytes.writeUInt16BE(key.length, start + 9)
  bytes.writeUInt32BE(row.length, start + 11)
  bytes.writeUInt32BE(previous?.length ?? 0, start + 15)
  let offset = start + changeHeaderSizeBytes
  bytes.set(key, offset)
  offset += key.length
  bytes.set(row, offset)
  offset += row.length
  if (previous === undefined) return offset
  bytes.set(previous, offset)
  return offset + previous.length
}

/** What an entry says of one of its changes, and where in the entry key, row and the row before lie. */
export type RecordHead = Pick<
  Change,
  'position' | 'group' | 'cause' | 'at' | 'table' | 'ownNumber' | 'origin' | 'event'
> & {
  readonly unshared: boolean
  readonly keyStart: number
  readonly rowStart: number
  readonly rowEnd: number
  /** Undefined: the entry does not have the row before. */
  readonly previousEnd: number | undefined
}

/** The changes of an entry in their order, at least one. Throws RangeError on bytes that are not what was written: a broken disk. */
export function decodeEntry(bytes: Buffer): readonly RecordHead[] {
  if (bytes.length < headerSizeBytes || bytes[0] !== formatVersion) throw new RangeError('not an entry of the log')
  if (bytes.readUInt32BE(1) !== checksum(bytes, checkedFrom, bytes.length))
    throw new RangeError('not the entry that was written: its checksum is wrong')
  const flags = bytes.readUInt8(5)
  const cause = causes[bytes.readUInt8(6)]
  if (cause === undefined) throw new RangeError('an entry of no known cause')
  const first = bytes.readUIntBE(7, 6)
  const count = bytes.readUInt16BE(21)
  if (first < 1 || count < 1 || count > entryChangesMax) throw new RangeError('an entry without changes')
  const texts = new Texts(bytes, headerSizeBytes)
  const origin = (flags & originFlag) === 0 ? undefined : { region: texts.next(), epoch: texts.next() }
  const tables: TableId[] = []
  for (let n = bytes.readUInt16BE(19); n > 0; n--) tables.push(texts.next())
  const of = {
    group: (flags & apartFlag) === 0 ? first : undefined,
    cause,
    at: bytes.readUIntBE(13, 6),
    origin,
    tables,
  }
  const heads: RecordHead[] = []
  let offset = texts.offset
  for (let n = 0; n < count; n++) {
    const head = headAt(bytes, offset, first + n, of)
    offset = head.previousEnd ?? head.rowEnd
    heads.push(head)
  }
  if (offset !== bytes.length) throw new RangeError('an entry of another length than it says')
  return heads
}

/** Texts one after another, each under its length. */
class Texts {
  offset: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes
    this.offset = offset
  }

  next(): string {
    const start = this.offset + 1
    this.offset = start + this.#bytes.readUInt8(start - 1)
    return this.#bytes.toString('utf8', start, this.offset)
  }
}

type Of = Pick<RecordHead, 'cause' | 'at' | 'origin'> & {
  /** Undefined: each change is a commit of its own. */
  readonly group: Position | undefined
  readonly tables: readonly TableId[]
}

function headAt(
  bytes: Buffer,
  start: number,
  position: Position,
  { group = position, cause, at, origin, tables }: Of,
): RecordHead {
  const flags = bytes.readUInt8(start)
  const table = tables[bytes.readUInt16BE(start + 1)]
  const ownNumber = bytes.readUIntBE(start + 3, 6)
  const keyStart = start + changeHeaderSizeBytes
  const rowStart = keyStart + bytes.readUInt16BE(start + 9)
  const rowEnd = rowStart + bytes.readUInt32BE(start + 11)
  if (table === undefined) throw new RangeError('a change of a table that its entry does not name')
  const problem = problemOf(ownNumber, rowStart - keyStart, rowEnd - rowStart)
  if (problem !== undefined) throw new RangeError(problem)
  const previousEnd = (flags & previousFlag) === 0 ? undefined : rowEnd + bytes.readUInt32BE(start + 15)
  const unshared = (flags & unsharedFlag) !== 0
  const event = events[(flags >> eventShift) & eventMask]
  return {
    position,
    group,
    cause,
    at,
    origin,
    table,
    ownNumber,
    unshared,
    event,
    keyStart,
    rowStart,
    rowEnd,
    previousEnd,
  }
}

function problemOf(ownNumber: number, keyLength: number, rowLength: number): string | undefined {
  if (ownNumber < 0 || ownNumber > positionMax) return 'entry: an own number is a count'
  if (keyLength < 1 || keyLength > 0xffff) return 'entry: a key has 1 to 65,535 bytes'
  return rowLength < rowSizeBytesMin ? 'entry: a row has a stamp' : undefined
}

/** The change whose parts are views of the entry. */
export function changeIn(head: RecordHead, entry: Buffer): Change {
  const { keyStart, rowStart, rowEnd, previousEnd, event } = head
  const change = changeOf(head, entry.subarray(keyStart, rowStart), entry.subarray(rowStart, rowEnd))
  if (event === undefined && previousEnd === undefined) return change
  const previous = previousEnd === undefined ? {} : { previous: entry.subarray(rowEnd, previousEnd) }
  return { ...change, ...(event === undefined ? {} : { event }), ...previous }
}

/** The change without the row before, of an entry that stays somebody else's: its parts are copies. */
export function copyChange(head: RecordHead, entry: Buffer): Change {
  const { keyStart, rowStart, rowEnd } = head
  return changeOf(head, copyOf(entry, keyStart, rowStart), copyOf(entry, rowStart, rowEnd))
}

function changeOf(
  { position, group, cause, at, origin, table, ownNumber, unshared }: RecordHead,
  key: Buffer,
  row: Buffer,
): Change {
  const change = { position, group, cause, at, table, ownNumber, key, row }
  if (origin !== undefined) return { ...change, origin }
  return unshared ? { ...change, unshared } : change
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
