/**
 * What a region tells the caches beside it: which keys changed in the part (after, upTo] of its log, all of it, so that a
 * cache sees by the positions alone whether it has missed anything. No values travel: a cache forgets and asks again.
 *
 *   header · epoch · after u48 · upTo u48 · tables u16, each its id
 *   changes u32, each: position u48 · table u16 · key length u16 · key (none: something of the table itself)
 */
import { assert } from '../assert.ts'
import { messageSizeBytesMax } from '../limits/limits.ts'
import type { TableId } from '../table/table.ts'
import type { Position } from './change.ts'
import { bodyOf, cacheHeaderSizeBytes, expectKind, writeCacheHeader } from './message.ts'
import { Reader } from './reader.ts'

export type InvalidatedKey = {
  readonly position: Position
  readonly table: TableId
  /** The primary key's bytes; undefined when a register of the table changed. */
  readonly key: Buffer | undefined
}

export type Invalidation = {
  /** The log's own name: a wiped disk begins another. */
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  readonly changes: readonly InvalidatedKey[]
}

const changeSizeBytes = 10
const positionSizeBytes = 6

export function encodeInvalidation({ epoch, after, upTo, changes }: Invalidation): Buffer {
  assert(after <= upTo, 'invalidation: it covers the log forwards')
  const places = new Map<TableId, number>()
  for (const { table } of changes) if (!places.has(table)) places.set(table, places.size)
  const texts = [epoch, ...places.keys()].map((text) => Buffer.from(text))
  const textBytes = texts.reduce((sum, text) => sum + 2 + text.length, 0)
  const keyBytes = changes.reduce((sum, { key }) => sum + changeSizeBytes + (key?.length ?? 0), 0)
  const target = Buffer.allocUnsafe(cacheHeaderSizeBytes + 2 * positionSizeBytes + 6 + textBytes + keyBytes)
  assert(target.length <= messageSizeBytesMax, 'invalidation: no larger than a message may be')
  let offset = writeText(target, writeCacheHeader(target), texts[0] ?? Buffer.alloc(0))
  offset = target.writeUIntBE(after, offset, positionSizeBytes)
  offset = target.writeUIntBE(upTo, offset, positionSizeBytes)
  offset = target.writeUInt16BE(places.size, offset)
  for (const text of texts.slice(1)) offset = writeText(target, offset, text)
  offset = target.writeUInt32BE(changes.length, offset)
  for (const { position, table, key } of changes) {
    offset = target.writeUIntBE(position, offset, positionSizeBytes)
    offset = target.writeUInt16BE(places.get(table) ?? 0, offset)
    offset = target.writeUInt16BE(key?.length ?? 0, offset)
    if (key !== undefined) offset += key.copy(target, offset)
  }
  return target
}

/** Throws RangeError on anything odd. The keys are views of the payload. */
export function decodeInvalidation(payload: Buffer): Invalidation {
  expectKind(payload, 'invalidation')
  const reader = new Reader(bodyOf(payload))
  const epoch = reader.text()
  const after = reader.u48()
  const upTo = reader.u48()
  if (after > upTo) throw new RangeError('a part of the log that ends before it begins')
  const tables = Array.from({ length: reader.u16() }, () => reader.text())
  const count = reader.u32()
  if (count * changeSizeBytes > reader.left) throw new RangeError('cut short')
  const changes: InvalidatedKey[] = []
  for (let n = 0; n < count; n++) changes.push(readChange(reader, tables))
  reader.end()
  return { epoch, after, upTo, changes }
}

function readChange(reader: Reader, tables: readonly TableId[]): InvalidatedKey {
  const position = reader.u48()
  const table = tables[reader.u16()]
  const key = reader.bytes(reader.u16())
  if (table === undefined) throw new RangeError('a change of a table that is not named')
  return { position, table, key: key.length === 0 ? undefined : key }
}

function writeText(target: Buffer, offset: number, text: Buffer): number {
  const start = target.writeUInt16BE(text.length, offset)
  return start + text.copy(target, start)
}
