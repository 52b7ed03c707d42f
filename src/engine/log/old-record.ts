/**
 * A change as stores of format 2 (version 0.1.0) keep it under its position: one record a change. Read once, by the upgrade.
 *
 *   format u8 (1) · cause u8 (with the flag `unshared`) · position u48 · group u48 · own number u48
 *   table length u8 · key length u16 · row length u32 · previous length + 1 u32 (0: none)
 *   table · key · row · previous
 */
import type { Cause, Position } from '../../core/change/change.ts'
import type { Unplaced } from '../../core/change/record.ts'

export type OldRecord = {
  readonly position: Position
  /** The first position of its transaction. */
  readonly group: Position
  readonly cause: Cause
  readonly change: Unplaced
}

const formatVersion = 1
const headerSizeBytes = 31
const unsharedFlag = 0x80
const causes: readonly Cause[] = ['client', 'ttl', 'replica', 'restore', 'import', 'table', 'replica-table']

export function isOldRecord(bytes: Buffer): boolean {
  return bytes[0] === formatVersion
}

/** Throws RangeError on bytes that are no such record. */
export function decodeOldRecord(bytes: Buffer): OldRecord {
  if (bytes.length < headerSizeBytes || !isOldRecord(bytes)) throw new RangeError('not a change')
  const code = bytes[1] as number
  const cause = causes[code & ~unsharedFlag]
  if (cause === undefined) throw new RangeError('a change of no known cause')
  const keyStart = headerSizeBytes + (bytes[20] as number)
  const rowStart = keyStart + bytes.readUInt16BE(21)
  const rowEnd = rowStart + bytes.readUInt32BE(23)
  const previousLength = bytes.readUInt32BE(27)
  if (rowEnd + Math.max(0, previousLength - 1) !== bytes.length)
    throw new RangeError('a change of another length than it says')
  const change = {
    table: bytes.toString('utf8', headerSizeBytes, keyStart),
    ownNumber: bytes.readUIntBE(14, 6),
    key: bytes.subarray(keyStart, rowStart),
    row: bytes.subarray(rowStart, rowEnd),
    unshared: (code & unsharedFlag) !== 0,
    previous: previousLength === 0 ? undefined : bytes.subarray(rowEnd),
  }
  return { position: bytes.readUIntBE(2, 6), group: bytes.readUIntBE(8, 6), cause, change }
}
