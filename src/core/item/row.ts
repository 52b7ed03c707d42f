/**
 * A row is what the store holds under a primary key and what replication ships: who wrote it and when, what that
 * write had seen, and the item as the very bytes that a reply needs. Nothing of the item is parsed to move it.
 *
 *   byte  0       format version and flags (tombstone; made where there was no item)
 *   bytes 1-10    stamp of the write that made it
 *   bytes 11-14   DynamoDB's size of the item in bytes (0 for a tombstone)
 *   byte  15      n: entries of the version vector beyond the stamp's own region
 *   n × 10        one stamp per other region whose write this one has seen
 *   rest          the item as DynamoDB JSON, UTF-8; for a tombstone its key attributes only
 */
import { assert } from '../assert.ts'
import { type RegionNumber, readStamp, type Stamp, stampSizeBytes, writeStamp } from '../hybrid-logical-clock/stamp.ts'
import { regionsMax } from '../limits.ts'

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

const formatVersion = 1
const tombstoneFlag = 0x80
const insertedFlag = 0x40
const formatMask = 0x3f
const headerSizeBytes = 16

export function encodeRow(row: Row): Buffer {
  const bytes = encodeHead(row, row.body.length)
  row.body.copy(bytes, bytes.length - row.body.length)
  return bytes
}

/** The body as text, written in its place at once: every own write comes through here. */
export function encodeRowOfText(row: Omit<Row, 'body'>, text: string): Buffer {
  const length = Buffer.byteLength(text)
  const bytes = encodeHead(row, length)
  bytes.write(text, bytes.length - length)
  return bytes
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

/** Throws RangeError on bytes that are no row: the caller decides whether that is a broken disk or a broken peer. */
export function decodeRow(bytes: Buffer): Row {
  const flags = bytes[0]
  if (bytes.length < headerSizeBytes || flags === undefined || (flags & formatMask) !== formatVersion)
    throw new RangeError('not a row')
  const seenCount = bytes[15] ?? 0
  const bodyStart = bodyOffset(bytes)
  if (seenCount >= regionsMax || bodyStart > bytes.length) throw new RangeError('not a row')
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
  for (let n = 0; n < count; n++) seen.push(readStamp(bytes, headerSizeBytes + n * stampSizeBytes))
  return seen
}

/** Throws RangeError like `decodeRow`, for who needs no more than this. */
export function readRowStamp(bytes: Buffer): Stamp {
  if (bytes.length < headerSizeBytes || bodyOffset(bytes) > bytes.length) throw new RangeError('not a row')
  return readStamp(bytes, 1)
}

/** The everyday case, told without decoding: nobody but this region has ever written the row. */
export function isOnlyOf(bytes: Buffer, region: RegionNumber): boolean {
  return bytes[15] === 0 && bytes.readUInt16BE(9) === region
}

/** The hot path's way in: where the item's JSON starts, without decoding the rest. */
export function bodyOffset(bytes: Buffer): number {
  return headerSizeBytes + (bytes[15] ?? 0) * stampSizeBytes
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
