/**
 * The entries of a region's order (docs/design/nodes.md), and their bytes:
 *
 *   format u8 · kind u8 · …
 *   lead     term u48 · after u48 · run text · node text · address text
 *   batch    term u48 · n u48 · part u16 · of u16 · digest u32 · bytes: a part of the edits of one batch
 *   beat     term u48 · n u48 · digest u32
 *   resign   term u48 · run text
 *   note     node text · durable u48
 *
 * Edits: count u32 × {key under u16 · value under u32, or 2³² - 1 for none}.
 */
import { unreachable } from '../../core/assert.ts'
import { Reader } from '../../core/change/reader.ts'
import type { Edit } from '../../ports/store.ts'

export type NodeName = { readonly node: string; readonly address: string }

export type LeadEntry = NodeName & {
  readonly kind: 'lead'
  readonly term: number
  /** The last entry of the present leading node that the author has seen. */
  readonly after: number
  /** The author's process. */
  readonly run: string
}
export type BatchEntry = {
  readonly kind: 'batch'
  readonly term: number
  /** 1, 2, 3 … in each term, beats included. */
  readonly n: number
  readonly part: number
  readonly of: number
  /** Over all accepted edits up to this entry. */
  readonly digest: number
  readonly bytes: Buffer
}
export type BeatEntry = {
  readonly kind: 'beat'
  readonly term: number
  readonly n: number
  readonly digest: number
}
export type NodeEntry =
  | LeadEntry
  | BatchEntry
  | BeatEntry
  | { readonly kind: 'resign'; readonly term: number; readonly run: string }
  | { readonly kind: 'note'; readonly node: string; readonly durable: number }

const formatVersion = 1
const kinds = { lead: 1, batch: 2, beat: 3, resign: 4, note: 5 }
const none = 0xffff_ffff
/** Of a batch, without its bytes. */
const batchHeadBytes = 2 + 6 + 6 + 2 + 2 + 4

export function encodeNodeEntry(entry: NodeEntry): Buffer {
  switch (entry.kind) {
    case 'lead':
      return joined(kinds.lead, u48(entry.term), u48(entry.after), ...[entry.run, entry.node, entry.address].map(text))
    case 'batch':
      return batchBytes(entry)
    case 'beat':
      return joined(kinds.beat, u48(entry.term), u48(entry.n), u32(entry.digest))
    case 'resign':
      return joined(kinds.resign, u48(entry.term), text(entry.run))
    case 'note':
      return joined(kinds.note, text(entry.node), u48(entry.durable))
    default:
      return unreachable(entry)
  }
}

/** Undefined for bytes that are none. */
export function decodeNodeEntry(bytes: Buffer): NodeEntry | undefined {
  return readOrNone(bytes, (reader) => {
    if (reader.u8() !== formatVersion) throw new RangeError('it is of another version')
    return readEntry(reader.u8(), reader)
  })
}

function readEntry(kind: number, reader: Reader): NodeEntry {
  if (kind === kinds.batch) {
    const [term, n, part, of, digest] = [reader.u48(), reader.u48(), reader.u16(), reader.u16(), reader.u32()]
    if (part >= of) throw new RangeError('it is a part that there is not')
    return { kind: 'batch', term, n, part, of, digest, bytes: reader.bytes(reader.left) }
  }
  const entry = readSmall(kind, reader)
  reader.end()
  return entry
}

function readSmall(kind: number, reader: Reader): NodeEntry {
  switch (kind) {
    case kinds.lead: {
      const [term, after, run] = [reader.u48(), reader.u48(), reader.text()]
      return { kind: 'lead', term, after, run, node: reader.text(), address: reader.text() }
    }
    case kinds.beat:
      return { kind: 'beat', term: reader.u48(), n: reader.u48(), digest: reader.u32() }
    case kinds.resign:
      return { kind: 'resign', term: reader.u48(), run: reader.text() }
    case kinds.note:
      return { kind: 'note', node: reader.text(), durable: reader.u48() }
    default:
      throw new RangeError('it is of no kind')
  }
}

export function encodeEdits(edits: readonly Edit[]): Buffer {
  let size = 4
  for (const { key, value } of edits) size += 6 + key.length + (value?.length ?? 0)
  const bytes = Buffer.allocUnsafe(size)
  let at = bytes.writeUInt32BE(edits.length, 0)
  for (const { key, value } of edits) {
    at = bytes.writeUInt16BE(key.length, at)
    bytes.set(key, at)
    at = bytes.writeUInt32BE(value?.length ?? none, at + key.length)
    if (value !== undefined) bytes.set(value, at)
    at += value?.length ?? 0
  }
  return bytes
}

/** Views into the bytes. Undefined for bytes that are none. */
export function decodeEdits(bytes: Buffer): Edit[] | undefined {
  return readOrNone(bytes, (reader) => {
    const count = reader.u32()
    const edits: Edit[] = []
    for (let n = 0; n < count; n++) edits.push(readEdit(reader))
    reader.end()
    return edits
  })
}

function readEdit(reader: Reader): Edit {
  const key = reader.bytes(reader.u16())
  const length = reader.u32()
  return { key, value: length === none ? undefined : reader.bytes(length) }
}

/** Ranges of the bytes, in order, each of which goes into one entry. */
export function partsOf(bytes: Buffer, entryBytesMax: number): readonly Buffer[] {
  const partBytes = entryBytesMax - batchHeadBytes
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += partBytes) parts.push(bytes.subarray(at, at + partBytes))
  return parts
}

function batchBytes({ term, n, part, of, digest, bytes }: BatchEntry): Buffer {
  const entry = Buffer.allocUnsafe(batchHeadBytes + bytes.length)
  let at = entry.writeUInt8(formatVersion, 0)
  at = entry.writeUInt8(kinds.batch, at)
  at = entry.writeUIntBE(term, at, 6)
  at = entry.writeUIntBE(n, at, 6)
  at = entry.writeUInt16BE(part, at)
  at = entry.writeUInt16BE(of, at)
  at = entry.writeUInt32BE(digest, at)
  entry.set(bytes, at)
  return entry
}

const joined = (kind: number, ...fields: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(formatVersion, kind), ...fields])

function number(value: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  bytes.writeUIntBE(value, 0, sizeBytes)
  return bytes
}
const u48 = (value: number): Buffer => number(value, 6)
const u32 = (value: number): Buffer => number(value, 4)

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length, 2), bytes])
}

export function readOrNone<Read>(bytes: Buffer, read: (reader: Reader) => Read): Read | undefined {
  try {
    return read(new Reader(bytes))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
