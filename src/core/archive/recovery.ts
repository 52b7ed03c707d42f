/** Point-in-time recovery: its window, what the archive remembers, and the bytes of an archived change. */
import { assert } from '../assert.ts'
import type { Change, Position } from '../change/change.ts'
import { bodyOffset, isTombstone } from '../item/row.ts'
import type { Recovery, SharedLog, TableId } from '../table/table.ts'

const dayMs = 24 * 60 * 60 * 1000

export type Window = { readonly earliestMs: number; readonly latestMs: number }

/** The times to which the table can be restored. `delayMs`: how far the latest is behind; at least a millisecond, so that its commits are over. */
export function windowOf({ days, sinceMs }: Recovery, nowMs: number, delayMs: number): Window {
  const earliestMs = Math.max(sinceMs, nowMs - days * dayMs)
  return { earliestMs, latestMs: Math.max(sinceMs, nowMs - Math.max(1, delayMs)) }
}

/** How far the log is archived. */
export type ArchiveCursor = {
  /** Names the archive; another store has another. */
  readonly archive: string
  /** Everything up to there is archived. */
  readonly position: Position
  /** The position after the last segment: what lies between is of no table of the archive. */
  readonly segmentsTo: Position
  /** Whatever was committed at or before this time is archived. */
  readonly coveredMs: number
  /** Names the log that is archived, where that is the log of a group of regions. */
  readonly log?: string
}

export const cursorNote = 'archive/cursor'

/** A copy of the table as it was at a position, and the time of that. */
export type Base = { readonly id: string; readonly position: Position; readonly atMs: number }

/** What the archive has of a table. The changes since the last base are counted in bytes. */
export type TableArchive = { readonly bases: readonly Base[]; readonly changesBytes: number }

/** A note about the history of a group's tables, as the region remembers it among its own. */
export const archiveNote = (note: string, group: string | undefined): string =>
  group === undefined ? note : `strong/archive/${group}/${note}`

/** A table's history that is read, up to a moment: by a restore, or by an export. */
export type PastSource = {
  readonly of: TableId
  readonly after: Position
  readonly atMs: number
  readonly shared?: SharedLog | undefined
}

export const tableNote = (table: TableId): string => `archive/table/${table}`
export const noArchive: TableArchive = { bases: [], changesBytes: 0 }

/** The last base that is not later than the time; the first where recovery began within its commit. */
export function baseFor(bases: readonly Base[], atMs: number): Base | undefined {
  return bases.findLast((base) => base.atMs <= atMs) ?? bases[0]
}

export type LogSegment = { readonly name: string; readonly first: Position; readonly last: Position }

const digits = (value: number): string => String(value).padStart(16, '0')
const segmentPattern = /\/(\d{16})-(\d{16})$/

export const logFolder = (archive: string): string => `log/${archive}/`

export function logSegmentName(archive: string, first: Position, last: Position): string {
  return `${logFolder(archive)}${digits(first)}-${digits(last)}`
}

/** Undefined for a name that is no segment's. */
export function logSegment(name: string): LogSegment | undefined {
  const [, first, last] = segmentPattern.exec(name) ?? []
  return first === undefined ? undefined : { name, first: Number(first), last: Number(last) }
}

/** A change of an item, as it is archived. `body`: the item, or the key attributes of one that is gone. */
export type ArchivedChange = {
  readonly atMs: number
  readonly table: TableId
  readonly isDelete: boolean
  readonly body: Buffer
}

const headSizeBytes = 8

/** at u48 · deleted u8 · length of the table's id u8 · id · body */
export function encodeArchived({ at, table, row }: Pick<Change, 'at' | 'table' | 'row'>): Buffer {
  const id = Buffer.from(table)
  assert(id.length <= 0xff, 'archive: the id of a table has at most 255 bytes')
  const head = Buffer.allocUnsafe(headSizeBytes)
  head.writeUIntBE(at, 0, 6)
  head[6] = isTombstone(row) ? 1 : 0
  head[7] = id.length
  return Buffer.concat([head, id, row.subarray(bodyOffset(row))])
}

/** Parts are views of the frame. */
export function decodeArchived(frame: Buffer): ArchivedChange {
  const bodyFrom = headSizeBytes + frame.readUInt8(7)
  if (frame.length < bodyFrom) throw new RangeError('an archived change is cut off')
  return {
    atMs: frame.readUIntBE(0, 6),
    table: frame.toString('utf8', headSizeBytes, bodyFrom),
    isDelete: frame[6] === 1,
    body: frame.subarray(bodyFrom),
  }
}
