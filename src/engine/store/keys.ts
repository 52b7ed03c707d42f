/**
 * The one key space of the store, by first byte. Tables and indexes are prefixes of it, so they cost nothing to make.
 *
 *   00 name                                  notes of the readers
 *   01 name                                  the engine's own: identity, lineage, region numbers, tables to be audited
 *   10 table u32 · primary key               rows
 *   20 table u32 · index u16 · index key     index rows
 *   21 table u32 · stamp · primary key       tombstones by age
 *   22 table u32 · region u16 · second u48 · primary key
 *                                            items by the second at which they expire, of each region that wrote them last
 *   23 table u32 · snapshot u32 · primary key
 *                                            rows as they were when a snapshot of the table began, of those that changed since
 *   30 position u64                          the log: an entry a commit, under the position of its first change
 *   31                                       its head, and
 *   32 table u32                             counts of a table and its indexes: beside the end of the log, as each commit writes
 *                                            all three, and every page of its own would cost a commit a tenth of its time
 *   33 stream u32                            change streams
 *   34 stream u32 · generation u32 · slice u16 · position u48   their records, by shard
 *   35 bytes u64 · position u48              where the log had come to when so many bytes had been written to it
 *   36 id                                    backups
 *   37 id                                    exports and imports
 *   40 table id · 00 · register              registers
 *   50 region                                cursors on the logs of others
 *   60 number u64                            the conflict feed
 *   61 number u64                            what could not be read of others
 *   62 number u64                            settings that were overruled
 *   71 table u32 · partition                 sizes of item collections
 *   80 minute u32 · token                    transactions by their tokens, forgotten by the minute
 *   90                                       what a node of a region of several keeps for itself (region/nodes/store/node-place.ts)
 *   92 group · number                        what groups of regions have there: whole key spaces like this one (region/nodes/store/store-part.ts)
 */
import type { Position } from '../../core/change/change.ts'
import { everyRegion, stampSizeBytes, type Stamp, writeStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Expires } from '../../core/item/item-expiry.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Range } from '../../ports/store.ts'

const notes = 0x00
const own = 0x01
const rows = 0x10
const indexRows = 0x20
const tombstones = 0x21
const expiries = 0x22
const images = 0x23
const log = 0x30
const head = 0x31
const counts = 0x32
const streams = 0x33
const streamRecords = 0x34
const logMarks = 0x35
const backups = 0x36
const copies = 0x37
const registers = 0x40
const cursors = 0x50
const conflicts = 0x60
const setAside = 0x61
const overruled = 0x62
const collections = 0x71
const tokens = 0x80

const setOf = (...kinds: readonly number[]): readonly boolean[] =>
  Array.from({ length: 256 }, (_, kind) => kinds.includes(kind))
const feeds = [conflicts, setAside, overruled]
/** Kinds of keys whose values get a checksum around them (sealed-store.ts). */
export const sealedKinds = setOf(
  ...feeds,
  notes,
  own,
  indexRows,
  head,
  counts,
  streams,
  backups,
  copies,
  cursors,
  collections,
  tokens,
)
/** Of those: there may be so many that an upgrade does not seal them. */
export const lazilySealedKinds = setOf(indexRows, collections)

export function isOfKind(key: Uint8Array, kinds: readonly boolean[]): boolean {
  return kinds[key[0] as number] === true
}

/** Rows and index rows: all that a read of items looks at. */
export const isFormerKind = (key: Uint8Array): boolean => key[0] === rows || key[0] === indexRows

export const rowPrefixBytes = 5
const indexPrefixBytes = 7
export const tombstonePrefixBytes = 5
const tokenPrefixBytes = 5

export const identityKey = named(own, 'identity')
export const headKey = Buffer.of(head)
export const lineageKey = named(own, 'lineage')
export const regionNumbersKey = named(own, 'region-numbers')
/** The place in an order that other regions share, with what follows from it alone (commands/order-book.ts). */
export const orderKey = named(own, 'order')
/** Changes with every change of a table: other processes that read the store look at it. */
export const catalogKey = named(own, 'catalog')

/** An entry of the log that was found damaged, by its key: the next start looks whether it still is. */
export const damagedLogKey = named(own, 'damaged-log')

/** A table whose index rows and counts may not follow from its rows: an audit is to go over them. */
export const auditKey = (table: number): Buffer => named(own, `audit/${table}`)
export const audits: Range = { from: named(own, 'audit/'), to: named(own, 'audit0') }
export const auditNumber = (key: Buffer): number => Number(key.toString('latin1', 'audit/'.length + 1))

/** Kinds that a region reads by itself, soon after its start. */
export const ownRecords: readonly Range[] = [notes, own, head, counts, streams, backups, copies, cursors].map(ofKind)
/** What an upgrade from format 2 seals, identity left out. */
export const sealedByUpgrade: readonly Range[] = [notes, own, head, counts, cursors, ...feeds, tokens].map(ofKind)

/** Where the head and the counts were until format 2. */
export const oldHeadKey = named(own, 'head')
export const oldCounts: Range = { from: Buffer.of(0x70), to: Buffer.of(0x71) }
export const countsKeyOfOld = (key: Buffer): Buffer => countsKey(key.readUInt32BE(1))

export const noteKey = (name: string): Buffer => named(notes, name)
export const cursorKey = (origin: string): Buffer => named(cursors, origin)
export const cursorRange: Range = { from: Buffer.of(cursors), to: Buffer.of(cursors + 1) }
export const cursorName = (key: Buffer): string => key.toString('utf8', 1)

export function rowKey(table: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(rowPrefixBytes + key.length)
  bytes[0] = rows
  bytes.writeUInt32BE(table, 1)
  key.copy(bytes, rowPrefixBytes)
  return bytes
}

export function indexRowKey(table: number, index: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(indexPrefixBytes + key.length)
  bytes[0] = indexRows
  bytes.writeUInt32BE(table, 1)
  bytes.writeUInt16BE(index, 5)
  key.copy(bytes, indexPrefixBytes)
  return bytes
}

export function tombstoneKey(table: number, stamp: Stamp, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(tombstonePrefixBytes + stampSizeBytes + key.length)
  bytes[0] = tombstones
  bytes.writeUInt32BE(table, 1)
  key.copy(bytes, writeStamp(bytes, tombstonePrefixBytes, stamp))
  return bytes
}

/** The primary key that a tombstone's own key ends in. */
export const tombstonePrimaryKey = (key: Buffer): Buffer => key.subarray(tombstonePrefixBytes + stampSizeBytes)

const expiryPrefixBytes = 13

/** `region` is that of the row's last write. */
export function expiryKey(table: number, expires: Expires, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(expiryPrefixBytes + key.length)
  bytes[0] = expiries
  bytes.writeUInt32BE(table, 1)
  bytes.writeUInt16BE(expires.region, 5)
  bytes.writeUIntBE(expires.second, 7, 6)
  key.copy(bytes, expiryPrefixBytes)
  return bytes
}

export const expiresIn = (key: Buffer): Expires => ({ region: key.readUInt16BE(5), second: key.readUIntBE(7, 6) })
export const expiringPrimaryKey = (key: Buffer): Buffer => key.subarray(expiryPrefixBytes)

export const tableRows = (table: number): Range => tablePart(rows, table)
export const tableIndexRows = (table: number): Range => tablePart(indexRows, table)
export const tableTombstones = (table: number): Range => tablePart(tombstones, table)
export const tableImages = (table: number): Range => tablePart(images, table)
export const tableExpiries = (table: number): Range => tablePart(expiries, table)
export const countsKey = (table: number): Buffer => tablePart(counts, table).from as Buffer

export const tableCollections = (table: number): Range => tablePart(collections, table)

/** Of the partition that the primary key begins with (core/key/primary-key.ts). */
export function collectionKey(table: number, key: Buffer): Buffer {
  const partition = key.subarray(0, partitionHeadBytes + key.readUInt16BE(partitionHeadBytes - 2))
  return Buffer.concat([tableCollections(table).from, partition])
}

/** Hash and length. */
const partitionHeadBytes = 10

export function rowsOfIndex(table: number, index: number): Range {
  return { from: indexRowKey(table, index, Buffer.alloc(0)), to: indexRowKey(table, index + 1, Buffer.alloc(0)) }
}

/** Tombstones with stamps up to that moment, in whatever region. */
export function tombstonesUpTo(table: number, upTo: Stamp): Range {
  const to = tombstoneKey(table, { ...upTo, region: everyRegion }, Buffer.alloc(0))
  return { from: tableTombstones(table).from, to }
}

export function tokenKey(minute: number, token: string): Buffer {
  const bytes = Buffer.allocUnsafe(tokenPrefixBytes + Buffer.byteLength(token))
  bytes[0] = tokens
  bytes.writeUInt32BE(minute, 1)
  bytes.write(token, tokenPrefixBytes)
  return bytes
}

export const tokensBefore = (minute: number): Range => ({ from: tokenKey(0, ''), to: tokenKey(minute, '') })

export const logKey = (position: Position): Buffer => numbered(log, position)
export const conflictKey = (number: number): Buffer => numbered(conflicts, number)
export const setAsideKey = (number: number): Buffer => numbered(setAside, number)
export const overruledKey = (number: number): Buffer => numbered(overruled, number)
export const numberOf = (key: Buffer): number => Number(key.readBigUInt64BE(1))

export const streamKey = (stream: number): Buffer => tablePart(streams, stream).from as Buffer
export const allStreams: Range = ofKind(streams)
export const streamRecordsOf = (stream: number): Range => tablePart(streamRecords, stream)

export const backupKey = (id: string): Buffer => named(backups, id)
export const allBackups: Range = ofKind(backups)

export const copyKey = (id: string): Buffer => named(copies, id)
export const allCopies: Range = ofKind(copies)

export const imagePrefixBytes = 9

export function imageKey(table: number, snapshot: number, key: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(imagePrefixBytes + key.length)
  bytes[0] = images
  bytes.writeUInt32BE(table, 1)
  bytes.writeUInt32BE(snapshot, 5)
  key.copy(bytes, imagePrefixBytes)
  return bytes
}

export const imagesOf = (table: number, snapshot: number): Range => ({
  from: imageKey(table, snapshot, Buffer.alloc(0)),
  to: imageKey(table, snapshot + 1, Buffer.alloc(0)),
})

const shardPrefixBytes = 11
const streamRecordSizeBytes = shardPrefixBytes + 6

/** A shard's records stand in the order of the log. */
export function streamRecordKey(
  stream: number,
  { generation, slice }: { readonly generation: number; readonly slice: number },
  position: Position,
): Buffer {
  const bytes = Buffer.allocUnsafe(streamRecordSizeBytes)
  bytes[0] = streamRecords
  bytes.writeUInt32BE(stream, 1)
  bytes.writeUInt32BE(generation, 5)
  bytes.writeUInt16BE(slice, 9)
  bytes.writeUIntBE(position, shardPrefixBytes, 6)
  return bytes
}

export const streamRecordPosition = (key: Buffer): Position => key.readUIntBE(shardPrefixBytes, 6)

export function logMarkKey(bytes: number, position: Position): Buffer {
  const key = Buffer.allocUnsafe(15)
  numbered(logMarks, bytes).copy(key)
  key.writeUIntBE(position, 9, 6)
  return key
}

export const logMarkPosition = (key: Buffer): Position => key.readUIntBE(9, 6)
export const allLogMarks: Range = ofKind(logMarks)

export const registerKey = (table: TableId, register: string): Buffer => named(registers, `${table}\u0000${register}`)
export const allRegisters: Range = { from: Buffer.of(registers), to: Buffer.of(registers + 1) }
export const allNotes: Range = { from: Buffer.of(notes), to: Buffer.of(notes + 1) }
export const allRows: Range = { from: Buffer.of(rows), to: Buffer.of(rows + 1) }
export const allLog: Range = { from: Buffer.of(log), to: Buffer.of(log + 1) }
export const registersOf = (table: TableId): Range => ({
  from: named(registers, `${table}\u0000`),
  to: named(registers, `${table}\u0001`),
})

export function registerOf(key: Buffer): { readonly table: TableId; readonly register: string } {
  const [table = '', register = ''] = key.toString('utf8', 1).split('\u0000', 2)
  return { table, register }
}

/** Walks keys under `prefix` only: `range` is relative to it. */
export function under(prefix: Buffer, range: { readonly from: Buffer; readonly to: Buffer }): Range {
  return { from: Buffer.concat([prefix, range.from]), to: Buffer.concat([prefix, range.to]) }
}

function ofKind(kind: number): Range {
  return { from: Buffer.of(kind), to: Buffer.of(kind + 1) }
}

/** The table whose data key encrypts the value: that of rows, of what they were, and of index rows; undefined for all else. */
export function tableOfValue(key: Uint8Array): number | undefined {
  const kind = key[0]
  if (kind !== rows && kind !== indexRows && kind !== images) return undefined
  return (key[1] as number) * 2 ** 24 + (((key[2] as number) << 16) | ((key[3] as number) << 8) | (key[4] as number))
}

/** All that its data key encrypts. */
export const valuesOfTable = (table: number): readonly Range[] => [
  tableRows(table),
  tableIndexRows(table),
  tableImages(table),
]

/** Of a row, an index row, or anything else that is a table's by its number. */
export function tableNumberOf(key: Buffer): number {
  return key.readUInt32BE(1)
}

/** What a record is, for people. */
export function nameOfRecord(key: Buffer): string {
  const kind = names.get(key[0] ?? -1)
  return kind === undefined ? `the record ${key.toString('hex')}` : kind(key)
}

const text = (key: Buffer): string => key.toString('utf8', 1)
const ofTable = (key: Buffer): string => (key.length < rowPrefixBytes ? '' : ` of table number ${tableNumberOf(key)}`)
const at = (key: Buffer): string => (key.length < 9 ? key.toString('hex') : String(numberOf(key)))
const rest = (key: Buffer, from: number): string => key.subarray(from).toString('base64')

const names: ReadonlyMap<number, (key: Buffer) => string> = new Map([
  [notes, (key: Buffer) => `the note ${text(key)}`],
  [own, (key: Buffer) => `the region’s record ${text(key)}`],
  [rows, (key: Buffer) => `the row ${rest(key, rowPrefixBytes)}${ofTable(key)}`],
  [indexRows, (key: Buffer) => `the index row ${rest(key, rowPrefixBytes)}${ofTable(key)}`],
  [expiries, (key: Buffer) => `the time of expiry ${rest(key, rowPrefixBytes)}${ofTable(key)}`],
  [images, (key: Buffer) => `the former row ${rest(key, imagePrefixBytes)}${ofTable(key)}`],
  [log, (key: Buffer) => `position ${at(key)} of the log`],
  [head, () => 'the head of the log'],
  [counts, (key: Buffer) => `the counts${ofTable(key)}`],
  [streams, (key: Buffer) => `the change stream ${key.toString('hex')}`],
  [streamRecords, (key: Buffer) => `the record ${key.toString('hex')} of a change stream`],
  [logMarks, (key: Buffer) => `the mark ${key.toString('hex')} of the log`],
  [backups, (key: Buffer) => `the backup ${text(key)}`],
  [copies, (key: Buffer) => `the export or import ${text(key)}`],
  [registers, (key: Buffer) => `the register ${registerOf(key).register} of table ${registerOf(key).table}`],
  [cursors, (key: Buffer) => `the place in the log of ${text(key)}`],
  [conflicts, (key: Buffer) => `conflict ${at(key)}`],
  [setAside, (key: Buffer) => `quarantined change ${at(key)}`],
  [overruled, (key: Buffer) => `overruled setting ${at(key)}`],
  [collections, (key: Buffer) => `the size of an item collection${ofTable(key)}`],
  [tokens, (key: Buffer) => `the token ${rest(key, tokenPrefixBytes)} of a transaction`],
])

function named(kind: number, name: string): Buffer {
  return Buffer.concat([Buffer.of(kind), Buffer.from(name)])
}

function numbered(kind: number, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  bytes[0] = kind
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), 1)
  bytes.writeUInt32BE(number >>> 0, 5)
  return bytes
}

function tablePart(kind: number, table: number): Range {
  const bounds = [Buffer.alloc(rowPrefixBytes), Buffer.alloc(rowPrefixBytes)] as const
  for (const bound of bounds) bound[0] = kind
  bounds[0].writeUInt32BE(table, 1)
  bounds[1].writeUInt32BE(table + 1, 1)
  return { from: bounds[0], to: bounds[1] }
}
