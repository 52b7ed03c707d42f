/**
 * A row is what the store holds under a primary key: who wrote it and when, what that write had seen, and the item as the very bytes that a
 * reply needs. Nothing of the item is parsed to move it.
 *
 *   byte  0       format (2) and flags (tombstone; made where there was no item)
 *   bytes 1-10    stamp of the write that made it
 *   bytes 11-14   DynamoDB's size of the item in bytes (0 for a tombstone)
 *   byte  15      n: entries of the version vector beyond the stamp's own region
 *   bytes 16-19   checksum over all other bytes (core/checksum.ts)
 *   n × 10        one stamp per other region whose write this one has seen
 *   rest          the item as DynamoDB JSON, UTF-8; for a tombstone its key attributes only
 *
 * Format 1 is the same without the checksum. Version 0.1.0 wrote it, its stores may keep it, and rows travel in it: a message has checks of its
 * own, and a peer of any version reads it.
 */
import { assert } from '../assert.ts'
import { checksum } from '../checksum.ts'
import { type RegionNumber, readStamp, type Stamp, stampSizeBytes, writeStamp } from '../hybrid-logical-clock/stamp.ts'
import { regionsMax } from '../limits/limits.ts'

/** The latest stamp seen of each region, the row's own among them. */
export type VersionVector = readonly Stamp[]

export type Row = {
  readonly stamp: Stamp
  /** Other regions only; the stamp itself stands for its own region. */
  readonly seen: VersionVector
  readonly tombstone: boolean
  /** Its writer found no item: an insert. Otherwise an update, or with `tombstone` a delete. */
  readonly inserted?: true
  readonly itemSizeBytes: number
  readonly body: Buffer
}

const formatVersion = 2
const unsealedVersion = 1
const tombstoneFlag = 0x80
const insertedFlag = 0x40
const formatMask = 0x3f
/** Before the checksum; all of the header in format 1. */
const headSizeBytes = 16
const checksumSizeBytes = 4
const headerSizeBytes = headSizeBytes + checksumSizeBytes

export function encodeRow(row: Row): Buffer {
  const bytes = encodeHead(row, row.body.length)
  row.body.copy(bytes, bytes.length - row.body.length)
  return seal(bytes)
}

/** The body as text, written in its place at once: every own write comes through here. */
export function encodeRowOfText(row: Omit<Row, 'body'>, text: string): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = encodeHead(row, length)
  bytes.write(text, bytes.length - length)
  return seal(bytes)
}

function encodeHead(row: Omit<Row, 'body'>, bodyLength: number): Buffer {
  assert(row.seen.length < regionsMax, 'row: the version vector names fewer regions than a topology may have')
  const bodyStart = headerSizeBytes + row.seen.length * stampSizeBytes
  const bytes = Buffer.allocUnsafe(bodyStart + bodyLength)
  bytes[0] = formatVersion | (row.tombstone ? tombstoneFlag : 0) | (row.inserted === true ? insertedFlag : 0)
  writeStamp(bytes, 1, row.stamp)
  bytes.writeUInt32BE(row.itemSizeBytes, 11)
  bytes[15] = row.seen.length
  let offset = headerSizeBytes
  for (const stamp of row.seen) offset = writeStamp(bytes, offset, stamp)
  return bytes
}

function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(checksumOf(bytes), headSizeBytes)
  return bytes
}

function checksumOf(bytes: Buffer, body?: Buffer): number {
  const ofHead = checksum(bytes, 0, headSizeBytes)
  if (body?.byteOffset === bytes.byteOffset + headerSizeBytes) return checksum(body, 0, body.length, ofHead)
  return checksum(bytes, headerSizeBytes, bytes.length, ofHead)
}

/**
 * Returns what is wrong with bytes that are no row, or not the row that was written; undefined when nothing is. `body`, if the caller
 * has it, is the part from `bodyOffset` on.
 */
export function rowDamage(bytes: Buffer, body?: Buffer): string | undefined {
  const format = (bytes[0] ?? 0) & formatMask
  if (format !== formatVersion && format !== unsealedVersion) return 'not a row'
  if (bytes.length < headSizeOf(format)) return 'not a row'
  if ((bytes[15] as number) >= regionsMax || bodyOffset(bytes) > bytes.length) return 'not a row'
  if (format === unsealedVersion || bytes.readUInt32BE(headSizeBytes) === checksumOf(bytes, body)) return undefined
  return 'not the row that was written: its checksum is wrong'
}

/** Throws RangeError on bytes that are no row: the caller decides whether that is a broken disk or a broken peer. */
export function decodeRow(bytes: Buffer): Row {
  const damage = rowDamage(bytes)
  if (damage !== undefined) throw new RangeError(damage)
  const flags = bytes[0] as number
  const seenCount = bytes[15] as number
  const bodyStart = bodyOffset(bytes)
  const seen = seenCount === 0 ? nothingSeen : readSeen(bytes, seenCount)
  const stamp = readStamp(bytes, 1)
  const tombstone = (flags & tombstoneFlag) !== 0
  const itemSizeBytes = bytes.readUInt32BE(11)
  const body = bytes.subarray(bodyStart)
  // Two literals rather than a spread: every row that is read comes through here.
  return (flags & insertedFlag) === 0
    ? { stamp, seen, tombstone, itemSizeBytes, body }
    : { stamp, seen, tombstone, inserted: true, itemSizeBytes, body }
}

const nothingSeen: VersionVector = []

function readSeen(bytes: Buffer, count: number): VersionVector {
  const seen: Stamp[] = []
  const start = headSizeOf(bytes[0] as number)
  for (let n = 0; n < count; n++) seen.push(readStamp(bytes, start + n * stampSizeBytes))
  return seen
}

/** Throws RangeError like `decodeRow`, for who needs no more than this. */
export function readRowStamp(bytes: Buffer): Stamp {
  if (bytes.length < headSizeOf(bytes[0] ?? 0) || bodyOffset(bytes) > bytes.length) throw new RangeError('not a row')
  return readStamp(bytes, 1)
}

/** The everyday case, told without decoding: nobody but this region has ever written the row. */
export function isOnlyOf(bytes: Buffer, region: RegionNumber): boolean {
  return bytes[15] === 0 && bytes.readUInt16BE(9) === region
}

/** The hot path's way in: where the item's JSON starts, without decoding the rest. */
export function bodyOffset(bytes: Buffer): number {
  return headSizeOf(bytes[0] ?? 0) + (bytes[15] ?? 0) * stampSizeBytes
}

function headSizeOf(flags: number): number {
  return (flags & formatMask) === unsealedVersion ? headSizeBytes : headerSizeBytes
}

export function isTombstone(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & tombstoneFlag) !== 0
}

export function itemSizeOf(bytes: Buffer): number {
  return bytes.readUInt32BE(11)
}

export function vectorOf(row: Row): VersionVector {
  return [row.stamp, ...row.seen]
}

export function seenOf(vector: VersionVector, region: RegionNumber): Stamp | undefined {
  return vector.find((stamp) => stamp.region === region)
}

/** The same write of the same item, whatever the two rows have seen and in whatever format they are kept. Both are rows. */
export function isSameWrite(a: Buffer, b: Buffer): boolean {
  return (
    flagsOf(a) === flagsOf(b) &&
    a.compare(b, 1, 15, 1, 15) === 0 &&
    a.compare(b, bodyOffset(b), b.length, bodyOffset(a), a.length) === 0
  )
}

function flagsOf(bytes: Buffer): number {
  return (bytes[0] as number) & ~formatMask
}

/** Bytes 0 to 14 as in format 1, by which regions of all versions compare rows. */
export function writeIdentity(target: Buffer, row: Buffer): void {
  row.copy(target, 0, 0, identitySizeBytes)
  target[0] = flagsOf(row) | unsealedVersion
}

export const identitySizeBytes = 15

/** The size of the row at [from, to) as it travels. */
export function wireSizeBytes(bytes: Buffer, from: number, to: number): number {
  return to - from - (isSealed(bytes, from, to) ? checksumSizeBytes : 0)
}

/** Writes the row at [from, to) as it travels, and returns where it ends. What is no row travels as it is. */
export function writeWireRow(target: Buffer, start: number, bytes: Buffer, from = 0, to = bytes.length): number {
  if (!isSealed(bytes, from, to)) return start + bytes.copy(target, start, from, to)
  const flags = (bytes[from] as number) & ~formatMask
  let offset = start + bytes.copy(target, start, from, from + headSizeBytes)
  target[start] = flags | unsealedVersion
  offset += bytes.copy(target, offset, from + headerSizeBytes, to)
  return offset
}

function isSealed(bytes: Buffer, from: number, to: number): boolean {
  return to - from >= headerSizeBytes && ((bytes[from] ?? 0) & formatMask) === formatVersion
}

/** A row of format 1, as it travels, and as version 0.1.0 stored it. */
export function isUnsealedRow(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0) & formatMask) === unsealedVersion
}

/** The row as the store keeps it: a copy with a checksum, of one that has none; what is no row of format 1 stays as it is. */
export function sealedRow(bytes: Buffer): Buffer {
  if (!isUnsealedRow(bytes) || bytes.length < headSizeBytes) return bytes
  const sealed = Buffer.allocUnsafe(bytes.length + checksumSizeBytes)
  bytes.copy(sealed, 0, 0, headSizeBytes)
  sealed[0] = flagsOf(bytes) | formatVersion
  bytes.copy(sealed, headerSizeBytes, headSizeBytes)
  return seal(sealed)
}
